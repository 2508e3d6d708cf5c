import { data, Generator, nn, noGrad, optim, type Tensor } from "gradtape";

/** The two ways in which a weight may decay. */
export const ways = ["L2", "decoupled"] as const;
export type Way = (typeof ways)[number];

/** What is trained. */
export interface Settings {
  readonly steps: number;
  /** Training digits; few, so that there is something to overfit. */
  readonly examples: number;
  readonly lr: number;
}

/** One training. */
export interface Run {
  readonly way: Way;
  readonly decay: number;
  /** Factor of the loss, and so of every gradient. */
  readonly scale: number;
  /** Loss of each batch, without the factor. */
  readonly losses: readonly number[];
  /** Euclidean norm of each layer's weights, before every step and after the last. */
  readonly norms: Readonly<Record<string, readonly number[]>>;
  readonly testLoss: number;
  readonly accuracy: number;
  /** Why one weight of the first layer moved as it did in the last step, as text. */
  readonly explanation: string;
}

const batch = 64;

/** Digits to train and to test on, drawn once. */
export class Lesson {
  readonly settings: Settings;
  readonly #batches: readonly (readonly [Tensor, Tensor])[];
  readonly #test: readonly [Tensor, Tensor];

  constructor(settings: Settings) {
    this.settings = settings;
    const load = (count: number, split: "train" | "test", batchSize: number): [Tensor, Tensor][] => {
      const set = data.digits({ count, split }).normalize(data.digitsNormalization);
      const loader = new data.DataLoader(set, { batchSize, shuffle: split === "train", seed: 0, dropLast: split === "train" });
      return [...loader].map(([images, labels]) => [images.flatten({ startDim: 1 }), labels]);
    };
    this.#batches = load(settings.examples, "train", batch);
    this.#test = load(500, "test", 500)[0];
  }

  /** Trains from the same first weights and on the same batches, whatever the decay is. */
  run(way: Way, decay: number, scale = 1): Run {
    const generator = new Generator(1);
    const model = new nn.Sequential(new nn.Linear(784, 32, { generator }), new nn.ReLU(), new nn.Linear(32, 10, { generator }));
    const Optimizer = way === "L2" ? optim.Adam : optim.AdamW;
    const optimizer = new Optimizer(model.namedParameters(), { lr: this.settings.lr, weightDecay: decay });
    const weights = model.namedParameters().filter(([name]) => name.endsWith("weight"));
    const norms: Record<string, number[]> = Object.fromEntries(weights.map(([name]) => [name, []]));
    const measure = (): void => noGrad(() => weights.forEach(([name, weight]) => void norms[name].push(weight.square().sum().sqrt().item())));
    const losses: number[] = [];
    for (let step = 0; step < this.settings.steps; step++) {
      measure();
      const [images, labels] = this.#batches[step % this.#batches.length];
      const loss = model.forward(images).crossEntropy(labels);
      optimizer.zeroGrad();
      loss.mul(scale).backward();
      optimizer.step();
      losses.push(loss.item());
    }
    measure();
    const [images, labels] = this.#test;
    const logits = noGrad(() => model.forward(images));
    const [[, first]] = weights;
    // A pixel in the middle, where digits differ.
    const explanation = String(optimizer.explain(first, [0, 14 * 28 + 14]));
    const accuracy = logits.argmax(1).eq(labels).to("float32").mean().item();
    return { way, decay, scale, losses, norms, testLoss: noGrad(() => logits.crossEntropy(labels).item()), accuracy, explanation };
  }
}

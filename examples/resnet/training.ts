import { crossEntropy, data, Generator, nn, noGrad, optim } from "gradtape";
import { augment, type Images } from "./images.ts";

/** What both runs have in common. */
export interface Setup {
  /** Channels of the first stage; 64 in the paper of ResNet-18. */
  readonly width: number;
  readonly steps: number;
  readonly batch: number;
  readonly seed: number;
}

/** An optimizer with the settings that are usual for ResNet on CIFAR-10. */
export interface Contender {
  readonly name: string;
  readonly about: string;
  make(model: nn.Module): optim.SGD | optim.Adam;
}

/** SGD with momentum as in the paper, and Adam with its defaults. */
export const contenders: readonly Contender[] = [
  {
    name: "SGD with momentum",
    about: "rate 0.1, momentum 0.9, weight decay 5e-4",
    make: (model) => new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9, weightDecay: 5e-4 }),
  },
  { name: "Adam", about: "rate 1e-3, betas 0.9 and 0.999", make: (model) => new optim.Adam(model.parameters(), { lr: 1e-3 }) },
];

/** The network on the test images. */
export interface Evaluation {
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** What became of one contender. */
export interface Run {
  readonly contender: Contender;
  /** Of every batch. */
  readonly losses: readonly number[];
  readonly evaluations: readonly Evaluation[];
  readonly msPerStep: number;
  /** Numbers kept per number that is trained. */
  readonly statePerParameter: number;
}

/** Runs the network over the test images, in evaluation mode and without recording. */
function evaluate(model: nn.models.ResNet, test: data.ImageDataset, step: number): Evaluation {
  let [loss, right] = [0, 0];
  model.eval();
  noGrad(() => {
    for (const [images, labels] of new data.DataLoader(test, { batchSize: 100 })) {
      const logits = model.forward(images);
      loss += crossEntropy(logits, labels, { reduction: "sum" }).item();
      right += logits.argmax(1).eq(labels).sum().item();
    }
  });
  model.train();
  return { step, loss: loss / test.length, accuracy: right / test.length };
}

/** Trains a ResNet-18 from the same start on the same batches, whoever the contender; the rate falls to 0 along a cosine. `tick` is called after every step. */
export function train(contender: Contender, { train: images, test }: Images, setup: Setup, tick: () => void): Run {
  const { width, steps, batch, seed } = setup;
  if (batch > images.length) throw new RangeError(`--batch: ${batch} images per step, but there are only ${images.length} in all`);
  const model = nn.models.resnet18({ width, generator: new Generator(seed) });
  const optimizer = contender.make(model);
  const scheduler = new optim.CosineAnnealingLR(optimizer, { tMax: steps });
  const loader = new data.DataLoader(images, { batchSize: batch, shuffle: true, seed, dropLast: true });
  const generator = new Generator(seed + 1);
  const losses: number[] = [];
  const evaluations = [evaluate(model, test, 0)];
  const pause = Math.max(1, Math.ceil(steps / 6));
  let spent = 0;
  while (losses.length < steps)
    for (const [x, y] of loader) {
      const begin = performance.now();
      const loss = crossEntropy(model.forward(augment(x, generator)), y);
      losses.push(loss.item());
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      scheduler.step();
      spent += performance.now() - begin;
      tick();
      if (losses.length % pause === 0 || losses.length === steps) evaluations.push(evaluate(model, test, losses.length));
      if (losses.length === steps) break;
    }
  return { contender, losses, evaluations, msPerStep: spent / steps, statePerParameter: kept(model, optimizer) };
}

/** Numbers that the optimizer keeps, by number that it trains. */
function kept(model: nn.Module, optimizer: optim.SGD | optim.Adam): number {
  const parameters = model.parameters();
  const size = (state: Readonly<Record<string, unknown>>): number =>
    Object.values(state).reduce(
      (sum: number, value) => sum + (typeof value === "object" && value !== null && "size" in value ? Number(value.size) : 0),
      0,
    );
  const states = parameters.reduce((sum, parameter) => sum + size(optimizer.stateOf(parameter)), 0);
  return states / parameters.reduce((sum, parameter) => sum + parameter.size, 0);
}

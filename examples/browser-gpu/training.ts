import { crossEntropy, type Device, data, Generator, nn, noGrad, optim, scope } from "gradtape";

/** What a step leaves to look at. */
export interface Progress {
  readonly step: number;
  readonly loss: number;
  /** Milliseconds that the step took, with the reading of its loss. */
  readonly milliseconds: number;
}

const generator = new Generator(0);

/** The lesson's network and its loop, on a device that may change between two steps. */
export class Training {
  readonly #model = new nn.Sequential(
    new nn.Linear(784, 256, { generator }),
    new nn.ReLU(),
    new nn.Linear(256, 128, { generator }),
    new nn.ReLU(),
    new nn.Linear(128, 10, { generator }),
  );
  readonly #loader = new data.DataLoader(data.digits({ count: 6000 }).normalize(data.digitsNormalization), {
    batchSize: 32,
    shuffle: true,
    dropLast: true,
    generator,
  });
  readonly #unseen = data.digits({ count: 500, split: "test" }).normalize(data.digitsNormalization);
  #device: Device;
  #optimizer: optim.AdamW;
  #batches = this.#loader[Symbol.iterator]();
  #step = 0;

  constructor(device: Device) {
    this.#device = device;
    this.#model.to(device);
    this.#optimizer = this.#makeOptimizer();
  }

  #makeOptimizer(): optim.AdamW {
    return new optim.AdamW(this.#model.parameters(), { lr: 1e-3, weightDecay: 0.01 });
  }

  /** Where it trains. */
  get device(): Device {
    return this.#device;
  }

  /** Moves the parameters and the optimizer's state; the next step goes on from there. */
  move(device: Device): void {
    scope(() => {
      const state = this.#optimizer.stateDict();
      this.#model.to(device);
      this.#optimizer = this.#makeOptimizer();
      this.#optimizer.loadStateDict(state);
    });
    this.#device = device;
  }

  /** One batch. */
  async step(): Promise<Progress> {
    let next = this.#batches.next();
    if (next.done === true) {
      this.#batches = this.#loader[Symbol.iterator]();
      next = this.#batches.next();
    }
    const [images, labels] = next.value;
    const start = performance.now();
    const x = images.reshape([-1, 784]).to(this.#device);
    const y = labels.to(this.#device);
    const loss = crossEntropy(this.#model.forward(x), y);
    this.#optimizer.zeroGrad();
    loss.backward();
    this.#optimizer.step();
    const [value] = await loss.read();
    return { step: ++this.#step, loss: value, milliseconds: performance.now() - start };
  }

  /** The share of unseen images that it reads right. */
  async accuracy(): Promise<number> {
    const [images, labels] = new data.DataLoader(this.#unseen, { batchSize: 500 })[Symbol.iterator]().next().value;
    const right = noGrad(() => {
      const scores = this.#model.forward(images.reshape([-1, 784]).to(this.#device));
      return scores.argmax(1).eq(labels.to(this.#device)).to("float32").mean();
    });
    return (await right.read())[0];
  }
}

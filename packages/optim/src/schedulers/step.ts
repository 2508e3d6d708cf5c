import { type AnyOptimizer, LRScheduler, schedulerOptions } from "./scheduler.ts";

/** Options of `StepLR`. */
export interface StepLROptions {
  /** Steps between decays, a positive integer. */
  readonly stepSize: number;
  /** Factor of a decay. Default 0.1. */
  readonly gamma?: number;
}

/** Multiplies the rate by `gamma` every `stepSize` steps: `lr = base * gamma ** floor(step / stepSize)`. */
export class StepLR extends LRScheduler {
  readonly #options: Required<StepLROptions>;

  constructor(optimizer: AnyOptimizer, options: StepLROptions) {
    super(optimizer);
    this.#options = schedulerOptions("StepLR", { stepSize: Number.NaN, gamma: 0.1 }, options);
    const { stepSize } = this.#options;
    if (!(Number.isInteger(stepSize) && stepSize >= 1)) throw new RangeError(`StepLR: stepSize is an integer of at least 1, got ${stepSize}`);
    this.setRates();
  }

  override lrAt(step: number, baseLr: number = this.baseLrs[0]): number {
    return baseLr * this.#options.gamma ** Math.floor(step / this.#options.stepSize);
  }
}

import { type AnyOptimizer, LRScheduler, schedulerOptions } from "./scheduler.ts";

/** Options of `LinearLR`. */
export interface LinearLROptions {
  /** Factor at step 0, above 0 and at most 1. Default 1/3. */
  readonly startFactor?: number;
  /** Factor from `totalIters` on, from 0 to 1. Default 1. */
  readonly endFactor?: number;
  /** Steps between the two. Default 5. */
  readonly totalIters?: number;
}

/** Moves the rate's factor linearly from `startFactor` to `endFactor` over `totalIters` steps: a warm-up. Goyal et al. 2017, arXiv:1706.02677, section 2.2. */
export class LinearLR extends LRScheduler {
  readonly #options: Required<LinearLROptions>;

  constructor(optimizer: AnyOptimizer, options: LinearLROptions = {}) {
    super(optimizer);
    this.#options = schedulerOptions("LinearLR", { startFactor: 1 / 3, endFactor: 1, totalIters: 5 }, options);
    const { startFactor, endFactor, totalIters } = this.#options;
    if (!(startFactor > 0 && startFactor <= 1)) throw new RangeError(`LinearLR: startFactor is above 0 and at most 1, got ${startFactor}`);
    if (!(endFactor >= 0 && endFactor <= 1)) throw new RangeError(`LinearLR: endFactor lies between 0 and 1, got ${endFactor}`);
    if (!(Number.isInteger(totalIters) && totalIters >= 1))
      throw new RangeError(`LinearLR: totalIters is an integer of at least 1, got ${totalIters}`);
    this.setRates();
  }

  override lrAt(step: number, baseLr: number = this.baseLrs[0]): number {
    const { startFactor, endFactor, totalIters } = this.#options;
    return baseLr * (startFactor + ((endFactor - startFactor) * Math.min(step, totalIters)) / totalIters);
  }
}

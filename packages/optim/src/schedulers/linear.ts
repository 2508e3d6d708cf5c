import { positiveInteger, positiveShare, settings, share } from "../setting.ts";
import { type Schedule, scaling } from "./schedule.ts";
import { type AnyOptimizer, LRScheduler } from "./scheduler.ts";

/** Options of `LinearLR`. */
export interface LinearLROptions {
  /** Factor at step 0, above 0 and at most 1. Default 1/3. */
  readonly startFactor?: number;
  /** Factor from `totalIters` on, from 0 to 1. Default 1. */
  readonly endFactor?: number;
  /** Steps between the two. Default 5. */
  readonly totalIters?: number;
}

/** A straight line from `base * startFactor` to `base * endFactor` over `totalIters` steps, then flat. */
export function linear(options: LinearLROptions = {}): Schedule {
  const { startFactor, endFactor, totalIters } = settings<LinearLROptions>("LinearLR", options, {
    startFactor: [1 / 3, positiveShare],
    endFactor: [1, share],
    totalIters: [5, positiveInteger],
  });
  return scaling((step) => (step >= totalIters ? endFactor : startFactor + ((endFactor - startFactor) * step) / totalIters));
}

/** Moves the rate's factor linearly from `startFactor` to `endFactor` over `totalIters` steps: a warm-up. Goyal et al. 2017, arXiv:1706.02677, section 2.2. */
export class LinearLR extends LRScheduler {
  constructor(optimizer: AnyOptimizer, options?: LinearLROptions) {
    super(optimizer, linear(options), { name: "LinearLR" });
  }
}

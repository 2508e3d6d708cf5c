import { nonNegative, required, settings } from "../setting.ts";
import { type Schedule, scaling } from "./schedule.ts";
import { type AnyOptimizer, LRScheduler } from "./scheduler.ts";

/** Options of `ExponentialLR`. */
export interface ExponentialLROptions {
  /** Factor of each step. */
  readonly gamma: number;
}

/** A geometric decay: `base * gamma ** step`. */
export function exponential(options: ExponentialLROptions): Schedule {
  const { gamma } = settings<ExponentialLROptions>("ExponentialLR", options, { gamma: [required, nonNegative] });
  return scaling((step) => gamma ** step);
}

/** Multiplies the rate by `gamma` every step: `lr = base * gamma ** step`. */
export class ExponentialLR extends LRScheduler {
  constructor(optimizer: AnyOptimizer, options: ExponentialLROptions) {
    super(optimizer, exponential(options), { name: "ExponentialLR" });
  }
}

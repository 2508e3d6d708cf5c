import { count, settings, share } from "../setting.ts";
import { type Schedule, scaling } from "./schedule.ts";
import { type AnyOptimizer, LRScheduler } from "./scheduler.ts";

/** Options of `ConstantLR`. */
export interface ConstantLROptions {
  /** Factor before step `totalIters`, from 0 to 1. Default 1/3. */
  readonly factor?: number;
  /** Step at which the factor ends. Default 5. */
  readonly totalIters?: number;
}

/** `base * factor` before step `totalIters`, then `base`. */
export function constant(options: ConstantLROptions = {}): Schedule {
  const { factor, totalIters } = settings<ConstantLROptions>("ConstantLR", options, { factor: [1 / 3, share], totalIters: [5, count] });
  return scaling((step) => (step < totalIters ? factor : 1));
}

/** Holds the rate at `base * factor` before step `totalIters`, then at the base rate. */
export class ConstantLR extends LRScheduler {
  constructor(optimizer: AnyOptimizer, options?: ConstantLROptions) {
    super(optimizer, constant(options), { name: "ConstantLR" });
  }
}

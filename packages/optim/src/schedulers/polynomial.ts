import { nonNegative, positiveInteger, settings } from "../setting.ts";
import { type Schedule, scaling } from "./schedule.ts";
import { type AnyOptimizer, LRScheduler } from "./scheduler.ts";

/** Options of `PolynomialLR`. */
export interface PolynomialLROptions {
  /** Step at which the rate is 0. Default 5. */
  readonly totalIters?: number;
  /** Exponent; 1 (default) is a straight line. */
  readonly power?: number;
}

/** A decay to 0: `base * (1 - min(step, totalIters) / totalIters) ** power`. */
export function polynomial(options: PolynomialLROptions = {}): Schedule {
  const { totalIters, power } = settings<PolynomialLROptions>("PolynomialLR", options, { totalIters: [5, positiveInteger], power: [1, nonNegative] });
  return scaling((step) => (1 - Math.min(step, totalIters) / totalIters) ** power);
}

/** Decays the rate to 0 at step `totalIters` as a power of the steps left: `lr = base * (1 - step / totalIters) ** power`. */
export class PolynomialLR extends LRScheduler {
  constructor(optimizer: AnyOptimizer, options?: PolynomialLROptions) {
    super(optimizer, polynomial(options), { name: "PolynomialLR" });
  }
}

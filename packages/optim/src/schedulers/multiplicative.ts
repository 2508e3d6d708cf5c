import { fold } from "./fold.ts";
import { type LambdaLROptions, lambdasOf, type StepFunction } from "./lambda.ts";
import { type Schedule, scaling } from "./schedule.ts";
import { type AnyOptimizer, LRScheduler } from "./scheduler.ts";

/** The base value times the product of a function at the steps 1 … step; in a sequence it goes on from the value that it finds. */
export function multiplicative(factor: StepFunction): Schedule {
  const change = (step: number): { factor: number; shift: number } => ({ factor: step === 0 ? 1 : factor(step), shift: 0 });
  const product = fold(() => 1, change);
  return Object.assign(
    scaling((step) => product(step, 1)),
    { change, carries: true },
  );
}

/**
 * Multiplies the rate by a function of the step, at every step: `lr = base * lrLambda(1) * … * lrLambda(step)`. In a `SequentialLR` it goes on from the
 * rate that the scheduler before it left, as PyTorch's does.
 */
export class MultiplicativeLR extends LRScheduler {
  constructor(optimizer: AnyOptimizer, options: LambdaLROptions) {
    super(optimizer, lambdasOf("MultiplicativeLR", optimizer, options).map(multiplicative), { name: "MultiplicativeLR" });
  }
}

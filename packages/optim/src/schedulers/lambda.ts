import { callable, perGroup, required, settings, spread } from "../setting.ts";
import type { Schedule } from "./schedule.ts";
import { type AnyOptimizer, groupCount, LRScheduler } from "./scheduler.ts";

/** A factor by step. */
export type StepFunction = (step: number) => number;

/** Options of `LambdaLR` and `MultiplicativeLR`. */
export interface LambdaLROptions {
  /** The factor at a step, for all groups or one function for each; the same step must always give the same factor. */
  readonly lrLambda: StepFunction | readonly StepFunction[];
}

/** The functions of `lrLambda`, checked, one for each group. */
export function lambdasOf(owner: string, optimizer: AnyOptimizer, options: LambdaLROptions): readonly StepFunction[] {
  const { lrLambda } = settings<LambdaLROptions>(owner, options, { lrLambda: [required, perGroup(callable)] });
  return spread<StepFunction>(owner, "lrLambda", lrLambda, groupCount(owner, optimizer));
}

/** The base value times a function of the step. */
export const lambda =
  (factor: StepFunction): Schedule =>
  (step, base) =>
    base * factor(step);

/**
 * The base rate times a function of the step: `lr = base * lrLambda(step)`. In a chain it sets this rate outright, whatever the schedulers before it
 * did, as PyTorch's does.
 */
export class LambdaLR extends LRScheduler {
  constructor(optimizer: AnyOptimizer, options: LambdaLROptions) {
    super(optimizer, lambdasOf("LambdaLR", optimizer, options).map(lambda), { name: "LambdaLR" });
  }
}

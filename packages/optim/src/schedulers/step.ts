import { nonNegative, positiveInteger, required, risingSteps, settings } from "../setting.ts";
import { type Schedule, scaling } from "./schedule.ts";
import { type AnyOptimizer, LRScheduler } from "./scheduler.ts";

/** Options of `StepLR`. */
export interface StepLROptions {
  /** Steps between decays, a positive integer. */
  readonly stepSize: number;
  /** Factor of a decay. Default 0.1. */
  readonly gamma?: number;
}

/** A decay by `gamma` every `stepSize` steps: `base * gamma ** floor(step / stepSize)`. */
export function stepDecay(options: StepLROptions): Schedule {
  const { stepSize, gamma } = settings<StepLROptions>("StepLR", options, { stepSize: [required, positiveInteger], gamma: [0.1, nonNegative] });
  return scaling((step) => gamma ** Math.floor(step / stepSize));
}

/** Multiplies the rate by `gamma` every `stepSize` steps: `lr = base * gamma ** floor(step / stepSize)`. */
export class StepLR extends LRScheduler {
  constructor(optimizer: AnyOptimizer, options: StepLROptions) {
    super(optimizer, stepDecay(options), { name: "StepLR" });
  }
}

/** Options of `MultiStepLR`. */
export interface MultiStepLROptions {
  /** Steps at which the rate decays, none below the one before; a step listed twice decays it twice. */
  readonly milestones: readonly number[];
  /** Factor of a decay. Default 0.1. */
  readonly gamma?: number;
}

/** A decay by `gamma` at each milestone: `base * gamma ** (milestones passed)`. */
export function multiStep(options: MultiStepLROptions): Schedule {
  const { milestones, gamma } = settings<MultiStepLROptions>("MultiStepLR", options, {
    milestones: [required, risingSteps("repeats allowed")],
    gamma: [0.1, nonNegative],
  });
  const at = [...milestones];
  return scaling((step) => gamma ** at.filter((milestone) => milestone <= step).length);
}

/** Multiplies the rate by `gamma` at each milestone: `lr = base * gamma ** (milestones passed)`. */
export class MultiStepLR extends LRScheduler {
  constructor(optimizer: AnyOptimizer, options: MultiStepLROptions) {
    super(optimizer, multiStep(options), { name: "MultiStepLR" });
  }
}

import { callable, flag, nonNegative, oneOf, optional, perGroup, positive, required, settings, share, spread } from "../setting.ts";
import type { Schedule } from "./schedule.ts";
import { type AnyOptimizer, groupCount, hasMomentum, LRScheduler } from "./scheduler.ts";

/** How the height of the cycles changes. */
export type CyclicMode = "triangular" | "triangular2" | "expRange" | "exp_range";

/** The course of cycles, whatever moves. */
export interface CyclicOptions {
  /** Steps up. Default 2000. */
  readonly stepSizeUp?: number;
  /** Steps down; `stepSizeUp` when null. Default null. */
  readonly stepSizeDown?: number | null;
  /** "triangular" (default): all cycles alike; "triangular2": each half as high as the one before; "expRange": height times gamma ** step. PyTorch's spelling "exp_range" is taken too. */
  readonly mode?: CyclicMode;
  /** Base of "expRange". Default 1. */
  readonly gamma?: number;
  /** The height's factor, instead of a mode. Default null. */
  readonly scaleFn?: ((x: number) => number) | null;
  /** What `scaleFn` is given: the number of the cycle (1, 2, …) or the step. Default "cycle". */
  readonly scaleMode?: "cycle" | "iterations";
}

/** Options of `CyclicLR`. */
export interface CyclicLROptions extends CyclicOptions {
  /** Lowest rate, for all groups or one for each. It replaces the optimizer's rate. */
  readonly baseLr: number | readonly number[];
  /** Highest rate, for all groups or one for each. */
  readonly maxLr: number | readonly number[];
  /** Whether the momentum (beta1 where the optimizer has betas) moves against the rate. Default true. */
  readonly cycleMomentum?: boolean;
  /** Momentum at the highest rate. Default 0.8. */
  readonly baseMomentum?: number | readonly number[];
  /** Momentum at the lowest rate. Default 0.9. */
  readonly maxMomentum?: number | readonly number[];
}

const course = {
  stepSizeUp: [2000, positive],
  stepSizeDown: [null, optional(positive)],
  mode: ["triangular", oneOf("triangular", "triangular2", "expRange", "exp_range")],
  gamma: [1, nonNegative],
  scaleFn: [null, optional(callable)],
  scaleMode: ["cycle", oneOf("cycle", "iterations")],
} as const;

/** The height at a step, from 0 to 1. */
function heights({ stepSizeUp, stepSizeDown, mode, gamma, scaleFn, scaleMode }: Required<CyclicOptions>): (step: number) => number {
  const period = stepSizeUp + (stepSizeDown ?? stepSizeUp);
  const factor = (step: number, cycle: number): number => {
    if (scaleFn !== null) return scaleFn(scaleMode === "cycle" ? cycle : step);
    if (mode === "triangular2") return 0.5 ** (cycle - 1);
    return mode === "triangular" ? 1 : gamma ** step;
  };
  return (step) => {
    const inCycle = step % period;
    const height = inCycle <= stepSizeUp ? inCycle / stepSizeUp : (period - inCycle) / (period - stepSizeUp);
    return height * factor(step, 1 + Math.floor(step / period));
  };
}

/** Cycles between `from` (at step 0) and `to`; the base value does not matter. */
export function cyclic(options: CyclicOptions & { readonly from: number; readonly to: number }): Schedule {
  const { from, to, ...rest } = settings<typeof options>("cyclic", options, {
    from: [required, nonNegative],
    to: [required, nonNegative],
    ...course,
  });
  const height = heights(rest);
  return (step) => from + (to - from) * height(step);
}

/**
 * Cycles the rate between two bounds, and the momentum against it. Smith 2017, arXiv:1506.01186, section 3. PyTorch 1.13 cycles `momentum` alone; here
 * beta1 cycles too, as in PyTorch 2. Other schedulers of the optimizer keep its own rate as their base; PyTorch gives them `baseLr`.
 */
export class CyclicLR extends LRScheduler {
  constructor(optimizer: AnyOptimizer, options: CyclicLROptions) {
    const name = "CyclicLR";
    const { baseLr, maxLr, cycleMomentum, baseMomentum, maxMomentum, ...rest } = settings<CyclicLROptions>(name, options, {
      baseLr: [required, perGroup(nonNegative)],
      maxLr: [required, perGroup(nonNegative)],
      cycleMomentum: [true, flag],
      baseMomentum: [0.8, perGroup(share)],
      maxMomentum: [0.9, perGroup(share)],
      ...course,
    });
    const groups = groupCount(name, optimizer);
    if (cycleMomentum && !hasMomentum(optimizer))
      throw new Error(`${name}: ${optimizer.name} has neither momentum nor betas to cycle; pass { cycleMomentum: false }`);
    const between = (low: string, from: number | readonly number[], high: string, to: number | readonly number[]): Schedule[] => {
      const tops = spread(name, high, to, groups);
      return spread(name, low, from, groups).map((bottom, k) => cyclic({ from: bottom, to: tops[k], ...rest }));
    };
    const rates = between("baseLr", baseLr, "maxLr", maxLr);
    const momenta = between("maxMomentum", maxMomentum, "baseMomentum", baseMomentum);
    super(optimizer, rates, { name, momentum: cycleMomentum ? (step, group) => momenta[group](step, 0) : undefined });
  }
}

import { flag, oneOf, optional, perGroup, positive, positiveInteger, required, settings, share, spread } from "../setting.ts";
import type { Schedule } from "./schedule.ts";
import { type AnyOptimizer, groupCount, hasMomentum, LRScheduler } from "./scheduler.ts";

/** The course of the one cycle, whatever moves. */
export interface OneCycleOptions {
  /** How many values there are: steps 0 … totalSteps - 1. */
  readonly totalSteps: number;
  /** Share of the steps spent going up. Default 0.3. */
  readonly pctStart?: number;
  /** Half cosines (default) or straight lines between the corners. */
  readonly annealStrategy?: "cos" | "linear";
  /** Go down as long as up and then anneal, instead of annealing all the way down. Default false. */
  readonly threePhase?: boolean;
}

/** Options of `OneCycleLR`. */
export interface OneCycleLROptions extends Omit<OneCycleOptions, "totalSteps"> {
  /** Highest rate, for all groups or one for each. */
  readonly maxLr: number | readonly number[];
  /** How many values there are; `epochs * stepsPerEpoch` when null. */
  readonly totalSteps?: number | null;
  readonly epochs?: number | null;
  readonly stepsPerEpoch?: number | null;
  /** Whether the momentum (beta1 where the optimizer has betas) moves against the rate. Default true. */
  readonly cycleMomentum?: boolean;
  /** Momentum at the highest rate. Default 0.85. */
  readonly baseMomentum?: number | readonly number[];
  /** Momentum at both ends. Default 0.95. */
  readonly maxMomentum?: number | readonly number[];
  /** The first rate is `maxLr / divFactor`. Default 25. */
  readonly divFactor?: number;
  /** The last rate is the first one divided by this. Default 1e4. */
  readonly finalDivFactor?: number;
}

const course = { pctStart: [0.3, share], annealStrategy: ["cos", oneOf("cos", "linear")], threePhase: [false, flag] } as const;

const mixed = (strategy: "cos" | "linear", from: number, to: number, t: number): number =>
  strategy === "cos" ? to + ((from - to) * (1 + Math.cos(Math.PI * t))) / 2 : from + (to - from) * t;

/** From `from` up (or down) to `peak` and on to `end`, over steps 0 … totalSteps - 1; the base value does not matter. */
export function oneCycle(options: OneCycleOptions & { readonly from: number; readonly peak: number; readonly end: number }): Schedule {
  const number = [required, { text: "a finite number", holds: Number.isFinite }] as const;
  const { from, peak, end, totalSteps, pctStart, annealStrategy, threePhase } = settings<typeof options>("OneCycleLR", options, {
    from: number,
    peak: number,
    end: number,
    totalSteps: [required, positiveInteger],
    ...course,
  });
  const up = pctStart * totalSteps - 1;
  const corners = [
    { at: 0, value: from },
    { at: up, value: peak },
    ...(threePhase ? [{ at: 2 * pctStart * totalSteps - 2, value: from }] : []),
    { at: totalSteps - 1, value: end },
  ];
  return (step) => {
    if (step > totalSteps)
      throw new RangeError(`OneCycleLR: step ${step} of a cycle of ${totalSteps} steps; make totalSteps as large as the number of step() calls`);
    const next = corners.findIndex(({ at }, k) => k > 0 && (step <= at || k === corners.length - 1));
    const [a, b] = [corners[next - 1], corners[next]];
    // A training loop calls step() once more after the last update: that one stays at the end.
    const t = b.at === a.at ? 1 : Math.min(1, (step - a.at) / (b.at - a.at));
    return mixed(annealStrategy, a.value, b.value, t);
  };
}

/**
 * One cycle: the rate rises from `maxLr / divFactor` to `maxLr` and falls far below where it began, the momentum moves against it. Smith & Topin 2017,
 * arXiv:1708.07120, section 3; by default in two phases, as PyTorch and fastai have it. The call of `step()` after the last of the `totalSteps` values keeps
 * the last one (PyTorch extrapolates there), the next is an error. Other schedulers of the optimizer keep its own rate as their base; PyTorch gives those
 * made later the first rate of the cycle.
 */
export class OneCycleLR extends LRScheduler {
  constructor(optimizer: AnyOptimizer, options: OneCycleLROptions) {
    const name = "OneCycleLR";
    const o = settings<OneCycleLROptions>(name, options, {
      maxLr: [required, perGroup(positive)],
      totalSteps: [null, optional(positiveInteger)],
      epochs: [null, optional(positiveInteger)],
      stepsPerEpoch: [null, optional(positiveInteger)],
      cycleMomentum: [true, flag],
      baseMomentum: [0.85, perGroup(share)],
      maxMomentum: [0.95, perGroup(share)],
      divFactor: [25, positive],
      finalDivFactor: [1e4, positive],
      ...course,
    });
    const totalSteps = o.totalSteps ?? (o.epochs === null || o.stepsPerEpoch === null ? null : o.epochs * o.stepsPerEpoch);
    if (totalSteps === null) throw new TypeError(`${name}: pass totalSteps, or epochs and stepsPerEpoch`);
    const groups = groupCount(name, optimizer);
    if (o.cycleMomentum && !hasMomentum(optimizer))
      throw new Error(`${name}: ${optimizer.name} has neither momentum nor betas to cycle; pass { cycleMomentum: false }`);
    const { pctStart, annealStrategy, threePhase } = o;
    const along = { totalSteps, pctStart, annealStrategy, threePhase };
    const rates = spread(name, "maxLr", o.maxLr, groups).map((peak) =>
      oneCycle({ from: peak / o.divFactor, peak, end: peak / o.divFactor / o.finalDivFactor, ...along }),
    );
    const high = spread(name, "maxMomentum", o.maxMomentum, groups);
    const momenta = spread(name, "baseMomentum", o.baseMomentum, groups).map((low, k) =>
      oneCycle({ from: high[k], peak: low, end: high[k], ...along }),
    );
    super(optimizer, rates, { name, momentum: o.cycleMomentum ? (step, group) => momenta[group](step, 0) : undefined });
  }
}

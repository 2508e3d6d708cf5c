import { count, nonNegative, positiveInteger, positiveShare, required, settings } from "../setting.ts";
import { cosine } from "./cosine.ts";
import { linear } from "./linear.ts";
import { type Schedule, settingTo } from "./schedule.ts";
import { type AnyOptimizer, LRScheduler } from "./scheduler.ts";
import { sequence } from "./sequential.ts";

/** Options of `warmupCosine`. */
export interface WarmupCosineOptions {
  /** Steps up from `base * startFactor` to the base rate; 0 for none. */
  readonly warmupSteps: number;
  /** Step at which the rate reaches `etaMin`, where it stays. */
  readonly totalSteps: number;
  /** Factor at step 0. Default 0.01. */
  readonly startFactor?: number;
  /** Last rate. Default 0. */
  readonly etaMin?: number;
}

/** A linear warm-up, half a cosine down to `etaMin`, then flat. */
export function warmupCosineSchedule(options: WarmupCosineOptions): Schedule {
  const { warmupSteps, totalSteps, startFactor, etaMin } = settings<WarmupCosineOptions>("warmupCosine", options, {
    warmupSteps: [required, count],
    totalSteps: [required, positiveInteger],
    startFactor: [0.01, positiveShare],
    etaMin: [0, nonNegative],
  });
  if (totalSteps <= warmupSteps) throw new RangeError(`warmupCosine: totalSteps (${totalSteps}) must be above warmupSteps (${warmupSteps})`);
  const down = cosine({ tMax: totalSteps - warmupSteps, etaMin });
  const floor: Schedule = Object.assign(() => etaMin, { change: (step: number) => (step === 0 ? settingTo(etaMin) : { factor: 1, shift: 0 }) });
  return warmupSteps === 0
    ? sequence([down, floor], [totalSteps])
    : sequence([linear({ startFactor, totalIters: warmupSteps }), down, floor], [warmupSteps, totalSteps]);
}

/**
 * The usual schedule of transformers in one call: the rate rises linearly over `warmupSteps`, then falls along half a cosine to `etaMin` at `totalSteps`.
 * The same as `SequentialLR` of `LinearLR` and `CosineAnnealingLR` up to there; afterwards it stays at `etaMin`.
 */
export const warmupCosine = (optimizer: AnyOptimizer, options: WarmupCosineOptions): LRScheduler =>
  new LRScheduler(optimizer, warmupCosineSchedule(options), { name: "warmupCosine" });

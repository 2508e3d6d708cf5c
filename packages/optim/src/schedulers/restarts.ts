import { nonNegative, positiveInteger, required, settings } from "../setting.ts";
import type { Schedule } from "./schedule.ts";
import { type AnyOptimizer, LRScheduler } from "./scheduler.ts";

/** Options of `CosineAnnealingWarmRestarts`. */
export interface CosineAnnealingWarmRestartsOptions {
  /** Steps of the first cycle, a positive integer. */
  readonly t0: number;
  /** How many times as long each next cycle is, a positive integer. Default 1. */
  readonly tMult?: number;
  /** Lowest rate. Default 0. */
  readonly etaMin?: number;
}

/** Half cosines from `base` to `etaMin`, each `tMult` times as long as the one before; fractional steps count. */
export function warmRestarts(options: CosineAnnealingWarmRestartsOptions): Schedule {
  const { t0, tMult, etaMin } = settings<CosineAnnealingWarmRestartsOptions>("CosineAnnealingWarmRestarts", options, {
    t0: [required, positiveInteger],
    tMult: [1, positiveInteger],
    etaMin: [0, nonNegative],
  });
  const place = (step: number): number => {
    if (tMult === 1) return (step % t0) / t0;
    let [inCycle, length] = [step, t0];
    for (; inCycle >= length; length *= tMult) inCycle -= length;
    return inCycle / length;
  };
  return (step, base) => etaMin + ((base - etaMin) * (1 + Math.cos(Math.PI * place(step)))) / 2;
}

/**
 * Cosine annealing with warm restarts: the rate falls from the base rate to `etaMin` over `t0` steps, jumps back, and falls again over `tMult` times as
 * many. Loshchilov & Hutter 2017, arXiv:1608.03983, equation 5.
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  constructor(optimizer: AnyOptimizer, options: CosineAnnealingWarmRestartsOptions) {
    super(optimizer, warmRestarts(options), { name: "CosineAnnealingWarmRestarts" });
  }

  /** Goes on by one step, or to `epoch`, which may be fractional: `step(epoch + batch / batches)`. */
  override step(epoch: number = this.lastStep + 1): void {
    if (!(epoch >= 0 && epoch < Infinity)) throw new RangeError(`${this.name}: an epoch is a number of at least 0, got ${epoch}`);
    this.moveTo(epoch);
  }
}

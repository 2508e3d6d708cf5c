import { nonNegative, positiveInteger, required, settings } from "../setting.ts";
import type { Change, Schedule } from "./schedule.ts";
import { type AnyOptimizer, LRScheduler } from "./scheduler.ts";

/** Options of `CosineAnnealingLR`. */
export interface CosineAnnealingLROptions {
  /** Steps from the base rate down to `etaMin`, a positive integer. */
  readonly tMax: number;
  /** Lowest rate. Default 0. */
  readonly etaMin?: number;
}

/** Half a cosine from `base` down to `etaMin`: `etaMin + (base - etaMin) * (1 + cos(π step / tMax)) / 2`; past `tMax` it runs back up. */
export function cosine(options: CosineAnnealingLROptions): Schedule {
  const { tMax, etaMin } = settings<CosineAnnealingLROptions>("CosineAnnealingLR", options, {
    tMax: [required, positiveInteger],
    etaMin: [0, nonNegative],
  });
  const height = (step: number): number => 1 + Math.cos((Math.PI * step) / tMax);
  const change = (step: number, base: number): Change => {
    if (step === 0) return { factor: 1, shift: 0 };
    // Out of a trough no factor leads: there the first step up is added, as in PyTorch.
    if ((step - 1) % (2 * tMax) === tMax) return { factor: 1, shift: ((base - etaMin) * (1 - Math.cos(Math.PI / tMax))) / 2 };
    const factor = height(step) / height(step - 1);
    return { factor, shift: etaMin * (1 - factor) };
  };
  return Object.assign((step: number, base: number): number => etaMin + ((base - etaMin) * height(step)) / 2, { change });
}

/**
 * Half a cosine from the base rate to `etaMin`: `lr = etaMin + (base - etaMin) * (1 + cos(π step / tMax)) / 2`; past `tMax` it runs back up.
 * Loshchilov & Hutter 2017, arXiv:1608.03983, equation 5, without restarts.
 */
export class CosineAnnealingLR extends LRScheduler {
  constructor(optimizer: AnyOptimizer, options: CosineAnnealingLROptions) {
    super(optimizer, cosine(options), { name: "CosineAnnealingLR" });
  }
}

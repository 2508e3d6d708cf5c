import { type AnyOptimizer, LRScheduler, schedulerOptions } from "./scheduler.ts";

/** Options of `CosineAnnealingLR`. */
export interface CosineAnnealingLROptions {
  /** Steps from the base rate down to `etaMin`, a positive integer. */
  readonly tMax: number;
  /** Lowest rate. Default 0. */
  readonly etaMin?: number;
}

/**
 * Half a cosine from the base rate to `etaMin`: `lr = etaMin + (base - etaMin) * (1 + cos(π step / tMax)) / 2`; past `tMax` it runs back up.
 * Loshchilov & Hutter 2017, arXiv:1608.03983, equation 5, without restarts.
 */
export class CosineAnnealingLR extends LRScheduler {
  readonly #options: Required<CosineAnnealingLROptions>;

  constructor(optimizer: AnyOptimizer, options: CosineAnnealingLROptions) {
    super(optimizer);
    this.#options = schedulerOptions("CosineAnnealingLR", { tMax: Number.NaN, etaMin: 0 }, options);
    const { tMax } = this.#options;
    if (!(Number.isInteger(tMax) && tMax >= 1)) throw new RangeError(`CosineAnnealingLR: tMax is an integer of at least 1, got ${tMax}`);
    this.setRates();
  }

  override lrAt(step: number, baseLr: number = this.baseLrs[0]): number {
    const { tMax, etaMin } = this.#options;
    return etaMin + ((baseLr - etaMin) * (1 + Math.cos((Math.PI * step) / tMax))) / 2;
  }
}

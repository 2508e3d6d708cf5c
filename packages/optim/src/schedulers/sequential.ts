import { type AnyOptimizer, LRScheduler, schedulerOptions } from "./scheduler.ts";

/** Options of `SequentialLR`. */
export interface SequentialLROptions {
  /** Schedulers of the same optimizer, one after the other. */
  readonly schedulers: readonly LRScheduler[];
  /** Steps at which the next one takes over, rising, one fewer than the schedulers. */
  readonly milestones: readonly number[];
}

/**
 * One schedule after the other; each starts at its own step 0 when its milestone comes. Because every rate is a closed form of the step, resuming is exact
 * (PyTorch's is not: its issues 67586 and 162591).
 */
export class SequentialLR extends LRScheduler {
  readonly #options: Required<SequentialLROptions>;

  constructor(optimizer: AnyOptimizer, options: SequentialLROptions) {
    super(optimizer);
    this.#options = schedulerOptions("SequentialLR", { schedulers: [], milestones: [] } as Required<SequentialLROptions>, options);
    const { schedulers, milestones } = this.#options;
    if (schedulers.length === 0) throw new RangeError("SequentialLR: needs at least one scheduler");
    if (milestones.length !== schedulers.length - 1)
      throw new RangeError(`SequentialLR: ${schedulers.length} schedulers need ${schedulers.length - 1} milestones, got ${milestones.length}`);
    if (milestones.some((at, k) => !Number.isInteger(at) || at <= (milestones[k - 1] ?? 0)))
      throw new RangeError(`SequentialLR: milestones are rising positive integers, got [${milestones.join(", ")}]`);
    schedulers.forEach((scheduler, k) => {
      if (scheduler.optimizer !== optimizer) throw new Error(`SequentialLR: scheduler ${k} (${scheduler.name}) is on another optimizer`);
    });
    this.setRates();
  }

  override lrAt(step: number, baseLr: number = this.baseLrs[0], group = 0): number {
    const { schedulers, milestones } = this.#options;
    const passed = milestones.filter((at) => at <= step).length;
    return schedulers[passed].lrAt(step - (milestones[passed - 1] ?? 0), baseLr, group);
  }
}

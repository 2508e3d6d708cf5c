import type { Optimizer } from "../optimizer.ts";

/** An optimizer of any rule that has a learning rate. */
// biome-ignore lint/suspicious/noExplicitAny: schedulers drive optimizers of every option type
export type AnyOptimizer = Optimizer<any>;

/** Where a scheduler stands: plain numbers. */
export interface SchedulerStateDict {
  readonly scheduler: string;
  readonly step: number;
  readonly baseLrs: readonly number[];
}

/**
 * A learning-rate schedule on an optimizer. Time is an argument: a subclass gives the rate of any step in closed form; stepping, resuming and
 * composition follow from that.
 */
export abstract class LRScheduler {
  readonly optimizer: AnyOptimizer;
  /** Rates of the groups when the first scheduler was put on the optimizer. */
  baseLrs: readonly number[];
  #step = 0;

  constructor(optimizer: AnyOptimizer) {
    this.optimizer = optimizer;
    for (const group of optimizer.paramGroups) group.initialLr ??= group.lr as number;
    this.baseLrs = optimizer.paramGroups.map((group) => group.initialLr as number);
  }

  /** Class name. */
  get name(): string {
    return this.constructor.name;
  }

  /** Steps so far. */
  get lastStep(): number {
    return this.#step;
  }

  /**
   * The rate at a step, in closed form: any step, in any order.
   * @param step whole steps since the start, from 0.
   * @param baseLr the rate that the schedule scales; that of the first group by default.
   * @param group which parameter group, where they differ. Default 0.
   */
  abstract lrAt(step: number, baseLr?: number, group?: number): number;

  /** Goes on by one step and sets the groups' rates. */
  step(): void {
    this.#step++;
    this.setRates();
  }

  /** Sets the groups' rates to those of the current step. */
  protected setRates(): void {
    this.optimizer.paramGroups.forEach((group, k) => {
      group.lr = this.lrAt(this.#step, this.baseLrs[k], k);
    });
  }

  /** The rates that the groups have now. */
  getLastLr(): number[] {
    return this.optimizer.paramGroups.map((group) => group.lr as number);
  }

  /** Where it stands, to be saved. */
  stateDict(): SchedulerStateDict {
    return { scheduler: this.name, step: this.#step, baseLrs: [...this.baseLrs] };
  }

  /** Continues from a saved state, with the rates that this step has; an error when it is another scheduler's. */
  loadStateDict(state: SchedulerStateDict): void {
    if (state?.scheduler !== this.name) throw new Error(`${this.name}: this is the state of ${String(state?.scheduler ?? "no scheduler")}`);
    if (!(Number.isInteger(state.step) && state.step >= 0 && state.baseLrs.length === this.optimizer.paramGroups.length))
      throw new RangeError(
        `${this.name}: the saved state has step ${state.step} and ${state.baseLrs?.length} base rates for ${this.optimizer.paramGroups.length} groups`,
      );
    this.#step = state.step;
    this.baseLrs = [...state.baseLrs];
    this.setRates();
  }
}

/** Checks the options of a scheduler: names by the defaults, finite numbers. Returns the options with the defaults filled in. */
export function schedulerOptions<O extends object>(name: string, defaults: Required<O>, given: O): Required<O> {
  for (const [option, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, option)) throw new TypeError(`${name}: unknown option "${option}"; it knows ${Object.keys(defaults).join(", ")}`);
    if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError(`${name}: ${option} must be a finite number, got ${value}`);
  }
  const options = { ...defaults, ...given };
  for (const [option, value] of Object.entries(options))
    if (value === undefined || Number.isNaN(value)) throw new TypeError(`${name}: ${option} is required`);
  return options;
}

import type { Optimizer } from "../optimizer.ts";
import { spread } from "../setting.ts";
import { changed, changeOf, type Schedule } from "./schedule.ts";

/** An optimizer of any rule that has a learning rate. */
// biome-ignore lint/suspicious/noExplicitAny: schedulers drive optimizers of every option type
export type AnyOptimizer = Optimizer<any>;

type Group = AnyOptimizer["paramGroups"][number];

/** Where a scheduler stands: plain numbers. */
export interface SchedulerStateDict {
  /** Its class, with those of its parts. */
  readonly scheduler: string;
  readonly step: number;
  readonly baseLrs: readonly number[];
  /** Rates of the groups. */
  readonly lrs: readonly number[];
  /** Momenta (or beta1) of the groups where the scheduler cycles them. */
  readonly momenta: readonly (number | null)[];
}

/** What an `LRScheduler` is given beside its schedule. */
export interface LRSchedulerOptions {
  /** Name in errors and checkpoints. Default "LRScheduler". */
  readonly name?: string;
  /** The momentum (beta1 where the optimizer has betas) of a group at a step; `undefined` leaves it alone. */
  readonly momentum?: ((step: number, group: number) => number | undefined) | undefined;
  /** Schedulers that this one is made of. */
  readonly parts?: readonly LRScheduler[];
}

/** What the groups had before a scheduler was put on them. */
interface Before {
  readonly order: number;
  readonly lrs: readonly number[];
  readonly momenta: readonly (number | undefined)[];
}

let made = 0;

const momentumOf = (group: Group): number | undefined =>
  (group.betas as readonly number[] | undefined)?.[0] ?? (group.momentum as number | undefined);

function setMomentum(group: Group, value: number): void {
  if (group.betas === undefined) group.momentum = value;
  else group.betas = [value, ...(group.betas as readonly number[]).slice(1)];
}

/** Whether an optimizer has a momentum that can be cycled: `momentum`, or the first of `betas`. */
export const hasMomentum = (optimizer: AnyOptimizer): boolean => "momentum" in optimizer.defaults || "betas" in optimizer.defaults;

/** How many groups an optimizer has; an error when it is none. */
export function groupCount(owner: string, optimizer: AnyOptimizer): number {
  if (!Array.isArray(optimizer?.paramGroups)) throw new TypeError(`${owner}: the first argument is the optimizer whose rate it drives`);
  return optimizer.paramGroups.length;
}

/**
 * Drives the learning rate of an optimizer by a schedule. Time is an argument: the schedule gives the rate of any step in closed form; stepping, resuming
 * and composition follow from that, and are written here once. Where it finds another rate than its own (another scheduler's, or one set by hand), it
 * goes on from that as PyTorch's schedulers do: by the change that this step makes.
 */
export class LRScheduler {
  readonly optimizer: AnyOptimizer;
  /** Name in errors and checkpoints. */
  readonly name: string;
  /** Rates of the groups when the first scheduler was put on the optimizer. */
  baseLrs: readonly number[];
  readonly #schedules: readonly Schedule[];
  readonly #momentum: (step: number, group: number) => number | undefined;
  readonly #parts: readonly LRScheduler[];
  readonly #before: Before;
  #owner: string | null = null;
  #step = 0;

  /**
   * @param schedule one for all groups, or one for each.
   * Errors: no optimizer, too few schedules, a part of another optimizer, or one that was stepped or belongs to another composition.
   */
  constructor(optimizer: AnyOptimizer, schedule: Schedule | readonly Schedule[], options: LRSchedulerOptions = {}) {
    const { name = "LRScheduler", momentum = () => undefined, parts = [] } = options;
    const groups = optimizer.paramGroups;
    spread(name, "schedule", schedule, groupCount(name, optimizer));
    for (const { lr } of groups)
      if (typeof lr !== "number") throw new TypeError(`${name}: the learning rate of a group must be a number to be scheduled`);
    this.optimizer = optimizer;
    this.name = name;
    this.#schedules = Array.isArray(schedule) ? schedule : [schedule as Schedule];
    this.#momentum = momentum;
    this.#parts = parts;
    const earliest = this.#checkedParts().sort((a, b) => a.order - b.order)[0];
    this.#before = earliest ?? { order: made++, lrs: this.getLastLr(), momenta: groups.map(momentumOf) };
    this.baseLrs = groups.map((group) => (group.initialLr as number | undefined) ?? (group.lr as number));
    const lrs = this.baseLrs.map((base, k) => this.#following(this.#before.lrs[k], base, 0, base, k));
    const momenta = groups.map((_, k) => momentum(0, k));
    for (const part of parts) part.#owner = name;
    groups.forEach((group, k) => {
      group.initialLr = this.baseLrs[k];
      const before = this.#before.momenta[k];
      if (earliest !== undefined && before !== undefined) setMomentum(group, before);
    });
    this.#set(lrs, momenta);
  }

  #checkedParts(): Before[] {
    return this.#parts.map((part, k) => {
      const fail = (what: string): never => {
        throw new Error(`${this.name}: scheduler ${k} (${part.name}) ${what}`);
      };
      if (part.optimizer !== this.optimizer) fail("is on another optimizer");
      if (this.#parts.indexOf(part) !== k) fail("occurs twice; make two");
      if (part.#owner !== null) fail(`already belongs to a ${part.#owner}`);
      if (part.#step !== 0) fail(`was stepped before, to ${part.#step}; compose first, then step`);
      return part.#before;
    });
  }

  /** Steps so far. */
  get lastStep(): number {
    return this.#step;
  }

  /** The schedule of a group, without the optimizer. */
  schedule(group = 0): Schedule {
    const found = this.#schedules[this.#schedules.length === 1 ? 0 : group];
    if (found === undefined) throw new RangeError(`${this.name}: there are schedules for ${this.#schedules.length} groups, none for group ${group}`);
    return found;
  }

  /**
   * The rate at a step, in closed form: any step, in any order.
   * @param step whole steps since the start, from 0.
   * @param baseLr the rate that the schedule scales; that of the group by default.
   * @param group which parameter group, where they differ. Default 0.
   */
  lrAt(step: number, baseLr?: number, group = 0): number {
    if (!(step >= 0 && step < Infinity)) throw new RangeError(`${this.name}: a step is at least 0, got ${step}`);
    return this.#checked(this.schedule(group)(step, baseLr ?? this.baseLrs[group]), step, group);
  }

  #checked(rate: number, step: number, group: number): number {
    if (rate >= 0 && rate < Infinity) return rate;
    throw new RangeError(`${this.name}: the rate of group ${group} at step ${step} would be ${rate}; a rate is a finite number of at least 0`);
  }

  /** The momentum (beta1 where the optimizer has betas) of a group at a step; `undefined` where the scheduler leaves it alone. */
  momentumAt(step: number, group = 0): number | undefined {
    return this.#momentum(step, group);
  }

  /** Goes on by one step and sets the groups' rates; on an error nothing has changed. */
  step(): void {
    this.moveTo(this.#step + 1);
  }

  /** Goes to a step and sets the groups' rates. */
  protected moveTo(step: number): void {
    if (this.#owner !== null) throw new Error(`${this.name}: belongs to a ${this.#owner}; step that instead`);
    const { paramGroups } = this.optimizer;
    const bases = paramGroups.map((group, k) => this.baseLrs[k] ?? group.initialLr ?? (group.lr as number));
    const lrs = paramGroups.map((group, k) => {
      const joined = this.baseLrs[k] === undefined;
      const known = joined ? bases[k] : this.lrAt(this.#step, bases[k], k);
      return joined ? this.lrAt(step, bases[k], k) : this.#following(group.lr as number, known, step, bases[k], k);
    });
    const momenta = paramGroups.map((_, k) => this.momentumAt(step, k));
    paramGroups.forEach((group, k) => void (group.initialLr ??= bases[k]));
    this.baseLrs = bases;
    this.#step = step;
    this.#set(lrs, momenta);
  }

  /** The rate after `step`: the closed form, where the rate is the one expected before it; else what this step makes of the rate found. */
  #following(found: number, expected: number, step: number, base: number, group: number): number {
    if (found === expected) return this.lrAt(step, base, group);
    return this.#checked(changed(found, changeOf(this.schedule(group), step, base)), step, group);
  }

  #set(lrs: readonly number[], momenta: readonly (number | null | undefined)[]): void {
    this.optimizer.paramGroups.forEach((group, k) => {
      group.lr = lrs[k];
      const momentum = momenta[k];
      if (momentum !== undefined && momentum !== null) setMomentum(group, momentum);
    });
  }

  /** The rates that the groups have now. */
  getLastLr(): number[] {
    return this.optimizer.paramGroups.map((group) => group.lr as number);
  }

  #signature(): string {
    return this.#parts.length === 0 ? this.name : `${this.name}(${this.#parts.map((part) => part.#signature()).join(", ")})`;
  }

  /** Where it stands, to be saved. */
  stateDict(): SchedulerStateDict {
    const { paramGroups } = this.optimizer;
    return {
      scheduler: this.#signature(),
      step: this.#step,
      baseLrs: [...this.baseLrs],
      lrs: this.getLastLr(),
      momenta: paramGroups.map((group, k) => (this.momentumAt(this.#step, k) === undefined ? null : (momentumOf(group) ?? null))),
    };
  }

  /** Continues from a saved state, with the rates that the groups had then. Errors, before anything changes: another scheduler's state, other groups. */
  loadStateDict(state: SchedulerStateDict): void {
    if (this.#owner !== null) throw new Error(`${this.name}: belongs to a ${this.#owner}; load the state of that instead`);
    if (state?.scheduler !== this.#signature())
      throw new Error(`${this.#signature()}: this is the state of ${String(state?.scheduler ?? "no scheduler")}`);
    const groups = this.optimizer.paramGroups.length;
    const fits = (list: unknown): boolean => Array.isArray(list) && list.length === groups;
    if (!(state.step >= 0 && state.step < Infinity && fits(state.baseLrs) && fits(state.lrs) && fits(state.momenta)))
      throw new RangeError(
        `${this.name}: the saved state has step ${state.step} and ${state.baseLrs?.length} base rates for ${groups} groups; make the groups first`,
      );
    this.#step = state.step;
    this.baseLrs = [...state.baseLrs];
    this.#set(state.lrs, state.momenta);
  }
}

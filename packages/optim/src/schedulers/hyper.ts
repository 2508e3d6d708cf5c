import { nearest } from "@gradtape/core";
import { type Options, scalarsOf } from "../options.ts";
import { spread } from "../setting.ts";
import type { Schedule } from "./schedule.ts";
import { type AnyOptimizer, groupCount } from "./scheduler.ts";

/** Schedules by hyper-parameter, for all groups or one for each; the parts of `betas` are `beta1` and `beta2`. */
export type HyperSchedules = Readonly<Record<string, Schedule | readonly Schedule[]>>;

/** Where a `HyperScheduler` stands: plain numbers. */
export interface HyperStateDict {
  readonly scheduler: "HyperScheduler";
  readonly step: number;
  /** What the schedules start from, by hyper-parameter and group. */
  readonly bases: Readonly<Record<string, readonly number[]>>;
}

type Group = AnyOptimizer["paramGroups"][number];

/** `beta2` is the second of `betas`. */
function partOf(group: Group, name: string): { readonly list: string; readonly index: number } | undefined {
  const [, stem, digits] = /^(.*?)(\d+)$/.exec(name) ?? [];
  const list = `${stem}s`;
  return name in group || !Array.isArray(group[list]) ? undefined : { list, index: Number(digits) - 1 };
}

function read(group: Group, name: string): number {
  const part = partOf(group, name);
  return (part === undefined ? group[name] : (group[part.list] as readonly number[])[part.index]) as number;
}

function write(group: Group, name: string, value: number): void {
  const part = partOf(group, name);
  if (part === undefined) Object.assign(group, { [name]: value });
  else Object.assign(group, { [part.list]: (group[part.list] as readonly number[]).map((old, k) => (k === part.index ? value : old)) });
}

/**
 * Drives any hyper-parameters by schedules: `new HyperScheduler(optimizer, { weightDecay: cosine({ tMax: 100 }), beta2: linear() })`. The base of a
 * schedule is the value that the group has when the scheduler is made.
 */
export class HyperScheduler {
  readonly optimizer: AnyOptimizer;
  /** Name in errors and checkpoints. */
  readonly name = "HyperScheduler";
  readonly #schedules: Readonly<Record<string, readonly Schedule[]>>;
  #bases: Readonly<Record<string, readonly number[]>>;
  #step = 0;

  /** Errors: a hyper-parameter that the optimizer does not have (the nearest is suggested) or that is no number, too few schedules. */
  constructor(optimizer: AnyOptimizer, schedules: HyperSchedules) {
    const groups = groupCount(this.name, optimizer);
    const known = Object.keys(scalarsOf(optimizer.defaults as Options)).filter((name) => typeof optimizer.defaults[name] !== "boolean");
    for (const name of Object.keys(schedules))
      if (!known.includes(name)) {
        const close = nearest(name, known);
        throw new TypeError(
          `${this.name}: ${optimizer.name} has no hyper-parameter "${name}"${close === undefined ? "" : `; did you mean "${close}"?`} It has ${known.join(", ")}`,
        );
      }
    this.optimizer = optimizer;
    this.#schedules = Object.fromEntries(
      Object.entries(schedules).map(([name, schedule]) => [name, spread<Schedule>(this.name, name, schedule, groups)]),
    );
    this.#bases = Object.fromEntries(Object.keys(schedules).map((name) => [name, optimizer.paramGroups.map((group) => read(group, name))]));
    this.#set(0, this.#bases);
  }

  /** Steps so far. */
  get lastStep(): number {
    return this.#step;
  }

  /** The value of a hyper-parameter at a step, in closed form: any step, in any order. */
  valueAt(name: string, step: number, group = 0): number {
    return this.#value(name, step, group, this.#bases);
  }

  #value(name: string, step: number, group: number, bases: HyperStateDict["bases"]): number {
    const schedule = this.#schedules[name]?.[group];
    if (schedule === undefined)
      throw new RangeError(`${this.name}: no schedule for ${name} of group ${group}; there are ${Object.keys(this.#schedules).join(", ")}`);
    const value = schedule(step, bases[name][group]);
    if (!Number.isFinite(value)) throw new RangeError(`${this.name}: ${name} of group ${group} at step ${step} is ${value}`);
    return value;
  }

  /** Goes on by one step and sets the hyper-parameters; on an error nothing has changed. */
  step(): void {
    this.#set(this.#step + 1, this.#bases);
  }

  #set(step: number, bases: HyperStateDict["bases"]): void {
    const groups = this.optimizer.paramGroups.slice(0, Object.values(bases)[0]?.length ?? 0);
    const values = Object.keys(this.#schedules).flatMap((name) =>
      groups.map((group, k) => ({ group, name, value: this.#value(name, step, k, bases) })),
    );
    for (const { group, name, value } of values) write(group, name, value);
    this.#step = step;
    this.#bases = bases;
  }

  /** Where it stands, to be saved. */
  stateDict(): HyperStateDict {
    return { scheduler: "HyperScheduler", step: this.#step, bases: Object.fromEntries(Object.entries(this.#bases).map(([k, v]) => [k, [...v]])) };
  }

  /** Continues from a saved state, with the values of that step. Errors, before anything changes: another scheduler's state, other hyper-parameters. */
  loadStateDict(state: HyperStateDict): void {
    if (state?.scheduler !== this.name) throw new Error(`${this.name}: this is the state of ${String(state?.scheduler ?? "no scheduler")}`);
    const names = (of: object): string => Object.keys(of).sort().join(", ");
    if (names(state.bases) !== names(this.#bases))
      throw new Error(`${this.name}: the saved state is of ${names(state.bases)}, this scheduler drives ${names(this.#bases)}`);
    const sizes = Object.values(state.bases).map((list) => list.length);
    if (sizes.some((size) => size !== this.optimizer.paramGroups.length))
      throw new RangeError(`${this.name}: the saved state has ${sizes.join(", ")} groups, the optimizer ${this.optimizer.paramGroups.length}`);
    this.#set(state.step, state.bases);
  }
}

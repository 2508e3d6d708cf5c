import { Tensor } from "@gradtape/core";
import { optionsOf, type ParamGroup } from "./group.ts";
import type { Options } from "./options.ts";
import type { Plan } from "./plan.ts";
import type { Rule } from "./rule.ts";

/** Whether an option's value is as it was; tensors, which are learnt, change without being replaced. */
function isSame(before: unknown, now: unknown): boolean {
  if (Array.isArray(before) && Array.isArray(now)) return before.length === now.length && before.every((part, k) => isSame(part, now[k]));
  return Object.is(before, now) && !(now instanceof Tensor);
}

/** Whether a rule makes the same plan of both values: numbers that are not 0 are all alike. */
function isAlike(before: unknown, now: unknown): boolean {
  if (Array.isArray(before) && Array.isArray(now)) return before.length === now.length && before.every((part, k) => isAlike(part, now[k]));
  if (typeof before === "number" && typeof now === "number") return before !== 0 && now !== 0 && !Number.isNaN(before + now);
  return isSame(before, now);
}

/** The options that a group has now, in lists of their own: somebody may change one number of `betas`. */
const copied = <O extends Options>(group: ParamGroup<O>): O =>
  Object.fromEntries(Object.entries(optionsOf(group)).map(([name, value]) => [name, Array.isArray(value) ? [...value] : value])) as O;

/** The numbers of a kernel's formula at one step. */
interface Uniforms {
  readonly step: number;
  readonly values: readonly number[];
}

/**
 * A rule with the options of one group: what follows from them for all its parameters is worked out when an option has changed, not at every step, because a
 * small network has many small parameters.
 */
export class BoundRule<O extends Options> {
  readonly rule: Rule<O>;
  options: O;
  /** The options as scalars of the formula. */
  scalars: Readonly<Record<string, number>>;
  /** By the number of dimensions of a parameter. */
  #plans: (Plan | undefined)[] = [];
  #uniforms = new Map<Plan, Uniforms>();
  readonly #check: (options: O) => void;

  /** `check` refuses options; it is asked again whenever they changed. */
  constructor(rule: Rule<O>, group: ParamGroup<O>, check: (options: O) => void) {
    this.rule = rule;
    this.#check = check;
    this.options = copied(group);
    check(this.options);
    this.scalars = rule.scalars(this.options);
  }

  /** Takes over the options that the group has now. Error, before anything changes: what `check` refuses. */
  renew(group: ParamGroup<O>): void {
    const options = optionsOf(group);
    const names = Object.keys(options);
    const before = this.options;
    const same = (test: (before: unknown, now: unknown) => boolean): boolean =>
      names.length === Object.keys(before).length && names.every((name) => test(before[name], options[name]));
    if (same(isSame)) return;
    this.#check(options);
    if (!same(isAlike)) this.#plans = [];
    this.options = copied(group);
    this.scalars = this.rule.scalars(this.options);
    this.#uniforms.clear();
  }

  /** The plan for parameters of this many dimensions. */
  plan(rank: number): Plan {
    return (this.#plans[rank] ??= this.rule.plan(this.options, rank));
  }

  /** The numbers that the only kernel of a plan takes at step `step`, the same for all parameters. */
  uniforms(plan: Plan, step: number): readonly number[] {
    let known = this.#uniforms.get(plan);
    if (known?.step !== step) {
      const kernel = plan.single;
      if (kernel === undefined) throw new Error(`${this.rule.name}: the numbers of this rule differ from parameter to parameter`);
      this.#uniforms.set(plan, (known = { step, values: kernel.uniformValues({ ...this.scalars, t: step }) }));
    }
    return known.values;
  }
}

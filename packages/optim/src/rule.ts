import { type Expression, Formula, formula, type Shape } from "@gradtape/core";
import { circumstances } from "./circumstances.ts";
import type { Measure } from "./measure.ts";
import { type Options, scalarsOf } from "./options.ts";
import { Plan } from "./plan.ts";

/** What a rule needs beside its formula. */
export interface RuleSpec<O extends Options> {
  /** Hyper-parameters and their defaults. */
  readonly options: O;
  /** The words that an option may be; each is a switch in the formula (`variantMae`). */
  readonly choices?: Readonly<Record<string, readonly string[]>>;
  /** Tensors kept per parameter, with what they start from: a number or the name of an option. */
  readonly state?: Readonly<Record<string, number | string>>;
  /** Numbers kept per parameter, with what they start from: a number or the name of an option. */
  readonly scalars?: Readonly<Record<string, number | string>>;
  /** Quantities that are not elementwise, by the names that the formula reads. */
  readonly measures?: Readonly<Record<string, Measure>>;
  /** Shapes of state that has not the parameter's. */
  readonly shapes?: Readonly<Record<string, (shape: Shape) => Shape>>;
  /** State that is kept for its own sake, although the parameter does not depend on it. */
  readonly results?: readonly string[];
  /** What explanations call the share of a state or measure in the change; by default its name. */
  readonly causes?: Readonly<Record<string, string>>;
  /** Why a parameter of this shape cannot be updated; `undefined` where it can. */
  readonly refuses?: (shape: Shape) => string | undefined;
  /** Checks that concern several options; throws. */
  readonly check?: (options: O) => void;
}

/**
 * An update rule: how one parameter `p` with gradient `g` moves at its step `t` (1, 2, …). The formula is written once; the fused loop of every backend,
 * the options' checks, the state, the explanation and the derivative come from it.
 */
export class Rule<O extends Options = Options> {
  readonly formula: Formula;
  readonly #plans = new Map<string, Plan>();
  /** Switches that stand for the words of options. */
  readonly #words: ReadonlySet<string>;
  /** Names that the formula compares with 0. */
  readonly #tested: ReadonlySet<string>;

  constructor(
    readonly name: string,
    readonly spec: RuleSpec<O>,
    text: string,
  ) {
    this.formula = text === "" ? new Formula([]) : formula(text);
    this.#checkNames(Object.keys(this.scalars(spec.options)));
    const worded = Object.entries(spec.options).filter(([option]) => Object.hasOwn(spec.choices ?? {}, option));
    this.#words = new Set(Object.keys(this.scalars(Object.fromEntries(worded))));
    this.#tested = new Set(this.formula.lines.flatMap(({ expression }) => testedForZero(expression)));
  }

  #checkNames(scalars: readonly string[]): void {
    const { name, spec, formula } = this;
    const fail = (problem: string): never => {
      throw new Error(`rule ${name}: ${problem}`);
    };
    const kept = [...this.stateNames, ...this.scalarNames];
    const known = new Set(["p", "g", ...circumstances]);
    for (const given of [...scalars, ...kept]) {
      if (known.has(given)) fail(`the name ${given} is given twice; p, g, ${circumstances.join(", ")}, options and state each have their own`);
      known.add(given);
    }
    for (const measure of this.measureNames) known.add(measure);
    for (const input of formula.inputs) if (!known.has(input)) fail(`${input} is neither p, g, t, a state, a measure nor an option`);
    for (const { of, numbers } of Object.values(spec.measures ?? {}))
      for (const operand of [...of, ...numbers])
        if (!known.has(operand) && !formula.assigned.includes(operand)) fail(`a measure reads ${operand}, which nothing gives`);
    for (const start of Object.values({ ...spec.state, ...spec.scalars }))
      if (typeof start === "string" && typeof spec.options[start] !== "number")
        fail(`state starts from ${start}, which is no option that is a number`);
    for (const result of spec.results ?? []) if (!kept.includes(result)) fail(`${result} is listed in results but is no state`);
    if (formula.lines.length > 0 && !formula.assigned.includes("p")) fail("no line assigns p, so that no parameter would move");
  }

  /** Names of the tensors kept per parameter. */
  get stateNames(): readonly string[] {
    return Object.keys(this.spec.state ?? {});
  }

  /** Names of the numbers kept per parameter. */
  get scalarNames(): readonly string[] {
    return Object.keys(this.spec.scalars ?? {});
  }

  /** Names of the quantities that are not elementwise. */
  get measureNames(): readonly string[] {
    return Object.keys(this.spec.measures ?? {});
  }

  /** Options as the scalars of the formula. */
  scalars(options: Options): Record<string, number> {
    return scalarsOf(options, this.spec.choices);
  }

  /**
   * The rule for these options and this number of dimensions. Switches are folded in, and options that are null, or 0 where the formula compares them with
   * 0, count as switches: they decide which state there is. Other zeros (but that of `lr`, which schedules pass through) are only folded into the
   * arithmetic.
   */
  plan(options: Options, rank: number): Plan {
    const switches: Record<string, number> = this.formula.inputs.includes("rank") ? { rank } : {};
    const zeros: Record<string, number> = {};
    for (const [name, value] of Object.entries(this.scalars(options))) {
      if (typeof value !== "number") continue;
      if (typeof options[name] === "boolean" || this.#words.has(name) || Number.isNaN(value)) switches[name] = value;
      else if (value === 0 && this.#tested.has(name)) switches[name] = 0;
      else if (value === 0 && name !== "lr") zeros[name] = 0;
    }
    const key = JSON.stringify([switches, zeros]);
    let plan = this.#plans.get(key);
    if (plan === undefined) this.#plans.set(key, (plan = new Plan(this, switches, zeros)));
    return plan;
  }
}

/** Names that an expression compares with 0. */
function testedForZero(expression: Expression): string[] {
  if (expression.kind !== "call") return [];
  const [a, b] = expression.args;
  const tests = ["eq", "ne", "gt"].includes(expression.fn) && a.kind === "name" && b.kind === "number" && b.value === 0;
  return [...(tests ? [a.name] : []), ...expression.args.flatMap(testedForZero)];
}

/**
 * Defines an update rule from the paper's lines. The formula reads `p`, `g`, `t`, the options, the state and the measures, and assigns `p` and the state.
 * Errors: a name that nothing gives; a formula that cannot be read.
 */
export const rule = <O extends Options>(name: string, spec: RuleSpec<O>, text: string): Rule<O> => new Rule(name, spec, text);

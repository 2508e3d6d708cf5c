import { type Expression, Formula, formula, freeNames, Kernel, parseExpression } from "@gradtape/core";
import { type Options, scalarsOf } from "./options.ts";

/** What a rule needs beside its formula. */
export interface RuleSpec<O extends Options> {
  /** Hyper-parameters and their defaults. */
  readonly options: O;
  /** Tensors kept per parameter, with what they start from: a number or the name of an option. */
  readonly state?: Readonly<Record<string, number | string>>;
  /** Numbers kept per parameter, with what they start from. */
  readonly scalars?: Readonly<Record<string, number>>;
  /** Checks that concern several options; throws. */
  readonly check?: (options: O) => void;
}

/**
 * An update rule: how one parameter `p` with gradient `g` moves at its step `t` (1, 2, …). The formula is written once; the fused loop of every backend,
 * the options' checks, the state, and the explanation come from it.
 */
export class Rule<O extends Options = Options> {
  readonly formula: Formula;
  readonly #plans = new Map<string, Plan>();

  constructor(
    readonly name: string,
    readonly spec: RuleSpec<O>,
    text: string,
  ) {
    this.formula = formula(text);
    const known = new Set([...Object.keys(scalarsOf(spec.options)), ...this.stateNames, ...this.scalarNames, "p", "g", "t"]);
    for (const input of this.formula.inputs)
      if (!known.has(input)) throw new Error(`rule ${name}: ${input} is neither p, g, t, a state nor an option`);
  }

  /** Names of the tensors kept per parameter. */
  get stateNames(): readonly string[] {
    return Object.keys(this.spec.state ?? {});
  }

  /** Names of the numbers kept per parameter. */
  get scalarNames(): readonly string[] {
    return Object.keys(this.spec.scalars ?? {});
  }

  /** The rule for these options: switches and zeros folded in, what then does not matter left out. */
  plan(options: Options): Plan {
    const fixed: Record<string, number> = {};
    for (const [name, value] of Object.entries(scalarsOf(options))) if (value === 0 || typeof options[name] === "boolean") fixed[name] = value;
    const key = JSON.stringify(fixed);
    let plan = this.#plans.get(key);
    if (plan === undefined) this.#plans.set(key, (plan = new Plan(this, this.formula.bind(fixed))));
    return plan;
  }
}

/** One rule with its switches set: the kernel, and the state that it really needs. */
export class Plan {
  /** The lines that remain, for explanations. */
  readonly formula: Formula;
  /** Tensors of state that influence the parameter. */
  readonly state: readonly string[];
  /** Numbers of state that influence the parameter, with the expression of their next value. */
  readonly scalars: readonly { readonly name: string; readonly next: Expression }[];
  /** Writes the parameter and the state in one pass. */
  readonly kernel: Kernel;

  constructor(rule: Pick<Rule, "stateNames" | "scalarNames">, bound: Formula) {
    const resolved = bound.resolve();
    const live = new Set<string>(["p"]);
    const queue = ["p"];
    for (let next = queue.pop(); next !== undefined; next = queue.pop())
      for (const name of freeNames(resolved.get(next) ?? parseExpression(next)))
        if (!live.has(name) && (rule.stateNames.includes(name) || rule.scalarNames.includes(name))) {
          live.add(name);
          queue.push(name);
        }
    this.state = rule.stateNames.filter((name) => live.has(name));
    this.scalars = rule.scalarNames.filter((name) => live.has(name)).map((name) => ({ name, next: resolved.get(name) ?? parseExpression(name) }));
    const dead = (name: string): boolean => (rule.stateNames.includes(name) || rule.scalarNames.includes(name)) && !live.has(name);
    this.formula = new Formula(bound.lines.filter((line) => !dead(line.name)));
    const outputs = ["p", ...this.state].filter((name) => resolved.has(name));
    const tensors = ["p", "g", ...this.state];
    const expressions = Object.fromEntries(outputs.map((name) => [name, resolved.get(name) as Expression]));
    const used = new Set(Object.values(expressions).flatMap(freeNames));
    this.kernel = new Kernel(
      expressions,
      tensors.filter((name) => used.has(name)),
      [...used].filter((name) => !tensors.includes(name)),
    );
  }
}

/** Defines an update rule from the paper's lines. The formula reads `p`, `g`, `t`, the options and the state, and assigns `p` and the state. */
export const rule = <O extends Options>(name: string, spec: RuleSpec<O>, text: string): Rule<O> => new Rule(name, spec, text);

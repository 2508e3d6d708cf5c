import { type Expression, evaluate, Formula, freeNames, Kernel, type Line, parseExpression } from "@gradtape/core";
import { ownCircumstances } from "./circumstances.ts";
import type { Measure } from "./measure.ts";
import type { Options } from "./options.ts";
import type { Rule, RuleSpec } from "./rule.ts";

/** A measure that a stage computes first, with where its operands come from: a stored tensor, or an expression of numbers. */
export interface StagedMeasure {
  readonly name: string;
  readonly measure: Measure;
  readonly operands: Readonly<Record<string, Expression>>;
}

/** Measures, then one fused pass over the parameter; a rule without measures has one stage. */
export interface Stage {
  readonly measures: readonly StagedMeasure[];
  readonly kernel: Kernel | undefined;
}

type AnyRule = Pick<Rule, "name" | "stateNames" | "scalarNames" | "measureNames" | "formula"> & { readonly spec: Omit<RuleSpec<Options>, "check"> };

/** Lines between two places where measures are taken. */
interface Draft {
  readonly measures: readonly StagedMeasure[];
  /** What the lines leave in memory, over what was in memory before. */
  readonly stored: ReadonlyMap<string, Expression>;
}

/** One rule with its switches set: the stages, and the state that it really needs. */
export class Plan {
  /** The lines that remain, for explanations and for recording. */
  readonly formula: Formula;
  /** Tensors of state that influence the parameter, or are kept for their own sake. */
  readonly state: readonly string[];
  /** Numbers of state that do, with the expression of their next value. */
  readonly scalars: readonly { readonly name: string; readonly next: Expression }[];
  /** Write the parameter and the state, in place. */
  readonly stages: readonly Stage[];
  /** The kernel of a rule that is one pass, with the same numbers for all parameters of a group at one step. */
  readonly single: Kernel | undefined;

  constructor(
    readonly rule: AnyRule,
    switches: Readonly<Record<string, number>>,
    zeros: Readonly<Record<string, number>>,
  ) {
    const live = liveNames(rule, new Cuts(rule, rule.formula.bind(switches)));
    const bound = rule.formula.bind({ ...switches, ...zeros });
    const cuts = new Cuts(rule, bound);
    this.state = rule.stateNames.filter((name) => live.has(name));
    this.scalars = rule.scalarNames.filter((name) => live.has(name)).map((name) => ({ name, next: cuts.numbers.get(name) ?? parseExpression(name) }));
    const dead = (name: string): boolean => (rule.stateNames.includes(name) || rule.scalarNames.includes(name)) && !live.has(name);
    this.formula = new Formula(bound.lines.filter(({ name }) => !dead(name)));
    const needed = new Set(["p", ...this.state]);
    this.stages = cuts.drafts
      .toReversed()
      .map((draft) => stageOf(draft, cuts, needed))
      .toReversed();
    const [{ kernel, measures }] = this.stages;
    const own = this.scalars.length > 0 || this.formula.inputs.some((name) => ownCircumstances.includes(name));
    this.single = this.stages.length === 1 && measures.length === 0 && !own ? kernel : undefined;
  }
}

/** Takes from `needed` what the stage makes, and adds what it reads. */
function stageOf({ measures, stored }: Draft, cuts: Cuts, needed: Set<string>): Stage {
  const outputs = Object.fromEntries([...stored].filter(([name]) => needed.has(name)));
  const read = [...new Set(Object.values(outputs).flatMap(freeNames))];
  for (const name of Object.keys(outputs)) needed.delete(name);
  for (const name of read) needed.add(name);
  const inputs = [...cuts.tensors].filter((name) => read.includes(name));
  const scalars = read.filter((name) => !cuts.tensors.has(name));
  for (const { name, operands } of measures.toReversed()) {
    needed.delete(name);
    for (const operand of Object.values(operands).flatMap(freeNames)) needed.add(operand);
  }
  return { measures, kernel: Object.keys(outputs).length === 0 ? undefined : new Kernel(outputs, inputs, scalars) };
}

/** The state, tensors and numbers, on which the parameter and the results depend, over any number of steps. */
function liveNames(rule: AnyRule, cuts: Cuts): ReadonlySet<string> {
  const kept = [...rule.stateNames, ...rule.scalarNames];
  const live = new Set(rule.spec.results ?? []);
  for (;;) {
    const needed = new Set(["p", ...live]);
    for (const draft of cuts.drafts.toReversed()) stageOf(draft, cuts, needed);
    const numbers = [...live].flatMap((name) => freeNames(cuts.numbers.get(name) ?? parseExpression(name)));
    const found = kept.filter((name) => (needed.has(name) || numbers.includes(name)) && !live.has(name));
    if (found.length === 0) return live;
    for (const name of found) live.add(name);
  }
}

/** The lines of a rule, cut where measures must be taken. */
class Cuts {
  /** Names that are tensors in memory. */
  readonly tensors: Set<string>;
  /** Names that lines assign and that are numbers, over the numbers before the step. */
  readonly numbers = new Map<string, Expression>();
  readonly drafts: Draft[] = [];
  readonly #rule: AnyRule;
  readonly #measured = new Set<string>();
  #measures: StagedMeasure[] = [];
  #numberLines: Line[] = [];
  #open: Line[] = [];

  constructor(rule: AnyRule, formula: Formula) {
    this.#rule = rule;
    this.tensors = new Set(["p", "g", ...rule.stateNames]);
    for (const line of formula.lines) {
      for (const name of freeNames(line.expression)) this.#measure(name);
      this.#open.push(line);
    }
    this.#cut();
  }

  /** Computes a measure, and before it those that it reads, at the end of the lines so far. */
  #measure(name: string): void {
    const measure = this.#rule.spec.measures?.[name];
    if (measure === undefined || this.#measured.has(name)) return;
    this.#measured.add(name);
    for (const operand of measure.of) this.#measure(operand);
    if (this.#open.length > 0) this.#cut();
    const operands = Object.fromEntries(
      [...measure.of, ...measure.numbers].map((operand) => [
        operand,
        (this.tensors.has(operand) ? undefined : this.numbers.get(operand)) ?? parseExpression(operand),
      ]),
    );
    this.#measures.push({ name, measure, operands });
    this.tensors.add(name);
  }

  #cut(): void {
    const resolved = new Formula([...this.#numberLines, ...this.#open]).resolve();
    const isTensor = (expression: Expression): boolean => freeNames(expression).some((name) => this.tensors.has(name));
    const stored = new Map<string, Expression>();
    for (const [name, expression] of resolved) {
      if (isTensor(expression) && this.#rule.scalarNames.includes(name))
        throw new Error(`rule ${this.#rule.name}: ${name} is kept as a number but follows from tensors; list it under state, not scalars`);
      if (isTensor(expression) || this.tensors.has(name)) stored.set(name, expression);
      else this.numbers.set(name, expression);
    }
    this.#numberLines.push(...this.#open.filter(({ name }) => this.numbers.has(name)));
    for (const name of stored.keys()) this.tensors.add(name);
    this.drafts.push({ measures: this.#measures, stored });
    this.#measures = [];
    this.#open = [];
  }
}

/** The numbers that the next step starts from. */
export const nextNumbers = (plan: Plan, scalars: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(plan.scalars.map(({ name, next }) => [name, evaluate(next, scalars)]));

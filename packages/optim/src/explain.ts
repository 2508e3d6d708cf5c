import { evaluate, type Formula, freeNames, type Operand, type Shape, showShape, Tensor, toLatex, toText } from "@gradtape/core";
import { attribute, DECAY, directions, REST, type Share, UNTOUCHED } from "./attribution.ts";
import { follow } from "./execution.ts";
import type { Plan } from "./plan.ts";

/** One line of a rule with its numbers. */
export interface ExplainedLine {
  /** What the line assigns. */
  readonly name: string;
  /** The line as formula text. */
  readonly text: string;
  /** The line as LaTeX. */
  readonly latex: string;
  /** What it gives for this element, in float64. */
  readonly value: number;
  /** The names that the line reads, with their values before it. */
  readonly reads: Readonly<Record<string, number>>;
}

/** What one cause adds to a change. */
export interface ExplainedTerm {
  /** The cause: "gradient", "weight decay", "momentum", or the name of the state or direction that acts. */
  readonly name: string;
  readonly value: number;
}

/** How one element of a parameter is about to change. */
export interface Explanation {
  /** The parameter's name, where the optimizer was given named parameters. */
  readonly parameter: string | undefined;
  readonly index: readonly number[];
  /** Step that this will be, from 1. */
  readonly step: number;
  readonly gradient: number;
  readonly before: number;
  readonly after: number;
  readonly lines: readonly ExplainedLine[];
  /**
   * The change as a sum: `after - before` up to rounding. The rule is linear in the gradient, the parameter and the state that turns its sign with them
   * (momentum) once all sizes (second moments, norms, step sizes) are held at their values; each term is what one of them adds.
   */
  readonly terms: readonly ExplainedTerm[];
  toString(): string;
  /** All of it as plain data. */
  toJSON(): Readonly<Record<string, unknown>>;
  /** The lines, and below them the sum, as one block of aligned LaTeX. */
  toLatex(): string;
}

/** Where an element stands: from a flat position or one index per dimension. */
function locate(shape: Shape, index: number | readonly number[]): number[] {
  const size = shape.reduce((a, b) => a * b, 1);
  if (typeof index === "number") {
    if (!(Number.isInteger(index) && index >= 0 && index < size))
      throw new RangeError(`explain: position ${index} is not one of the ${size} elements of ${showShape(shape)}`);
    let rest = index;
    return shape.map((_, d) => {
      const below = shape.slice(d + 1).reduce((a, b) => a * b, 1);
      const at = Math.floor(rest / below);
      rest -= at * below;
      return at;
    });
  }
  if (index.length !== shape.length || index.some((i, d) => !(Number.isInteger(i) && i >= 0 && i < shape[d])))
    throw new RangeError(`explain: [${index.join(", ")}] is not an element of ${showShape(shape)}`);
  return [...index];
}

/** Runs a rule's lines for one element, in float64, from what every name is before the step. */
export function explain(
  plan: Plan,
  start: Readonly<Record<string, Operand>>,
  index: number | readonly number[],
  name: string | undefined,
): Explanation {
  const { shape } = start.p as Tensor;
  const at = locate(shape, index);
  const element = (source: Operand): number => {
    if (!(source instanceof Tensor)) return source;
    const whole = source.ndim === shape.length ? source.detach().expand(shape) : source.detach();
    return whole.ndim === 0 ? whole.item() : whole.slice(...at).item();
  };
  const values = Object.fromEntries(Object.entries(start).map(([key, source]) => [key, element(source)]));
  const { p: before, g: gradient, t: step } = values;
  const { measures = {} } = plan.rule.spec;
  const turning = Object.keys(measures).filter((measure) => measures[measure].direction);
  const odd = directions(plan.formula, plan.state, turning);
  const shareOf = (key: string, value: number): Share => {
    const cause = key === "p" ? UNTOUCHED : odd.has(key) ? key : REST;
    return { value, causes: new Map([[cause, value]]) };
  };
  const shares: Record<string, Share> = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, shareOf(key, value)]));
  const lines: ExplainedLine[] = [];
  const measured = Object.keys(measures).length === 0 ? {} : follow(plan, start);
  const known = new Set<string>();
  const measure = (key: string): void => {
    if (!Object.hasOwn(measures, key) || known.has(key)) return;
    known.add(key);
    const { of, text, latex } = measures[key];
    for (const operand of of) measure(operand);
    const reads = Object.fromEntries(of.map((read) => [read, values[read]]));
    values[key] = element(measured[key]);
    shares[key] = shareOf(key, values[key]);
    lines.push({ name: key, text: `${key} = ${text}`, latex: `${symbolOf(key)} &= ${latex}`, value: values[key], reads });
  };
  for (const line of plan.formula.lines) {
    for (const read of freeNames(line.expression)) measure(read);
    const reads = Object.fromEntries(freeNames(line.expression).map((read) => [read, values[read]]));
    shares[line.name] = attribute(line.expression, shares);
    values[line.name] = evaluate(line.expression, values);
    lines.push({
      name: line.name,
      text: `${line.name} = ${toText(line.expression)}`,
      latex: aligned(line, plan.formula),
      value: values[line.name],
      reads,
    });
  }
  const terms = termsOf(shares.p, before, plan.rule.spec.causes ?? {});
  const plain = { parameter: name, index: at, step, gradient, before, after: values.p, lines, terms };
  return { ...plain, toString: () => show(plain), toJSON: () => ({ ...plain, change: plain.after - before }), toLatex: () => latexOf(plain) };
}

const bare = (block: string): string => block.replace(/^\\begin\{aligned\}\n|\n\\end\{aligned\}$/g, "");

/** One line of aligned LaTeX; an arrow where the name replaces its old value. */
const aligned = (line: Formula["lines"][number], { inputs }: Formula): string =>
  bare(toLatex({ lines: [line], inputs: inputs.includes(line.name) ? [line.name] : [] }));

const symbolOf = (name: string): string => bare(toLatex({ lines: [{ name, expression: { kind: "number", value: 0 } }], inputs: [] })).split(" &=")[0];

const words: Readonly<Record<string, string>> = { g: "gradient", [DECAY]: "weight decay", m: "momentum", buffer: "momentum" };

/** The causes by their names; what is missing of the old parameter is decay. */
function termsOf({ causes }: Share, before: number, names: Readonly<Record<string, string>>): ExplainedTerm[] {
  const shares = new Map(causes);
  const left = (shares.get(UNTOUCHED) ?? 0) - before;
  shares.delete(UNTOUCHED);
  if (shares.get(REST) === 0) shares.delete(REST);
  if (left !== 0) shares.set(DECAY, (shares.get(DECAY) ?? 0) + left);
  return [...shares].map(([cause, value]) => ({ name: names[cause] ?? words[cause] ?? cause, value }));
}

type Plain = Omit<Explanation, "toString" | "toJSON" | "toLatex">;

function show({ parameter, index, step, before, after, gradient, lines, terms }: Plain): string {
  const head = `${parameter ?? "parameter"}[${index.join(", ")}], step ${step}: gradient ${gradient}`;
  const width = Math.max(...lines.map((line) => line.text.length));
  const body = lines.map((line) => `  ${line.text.padEnd(width)}  = ${line.value}`);
  const longest = Math.max(0, ...terms.map((term) => term.name.length));
  const causes = terms.map((term) => `    ${term.name.padEnd(longest)}  ${term.value}`);
  return [head, ...body, `  changed from ${before} to ${after} by ${after - before}`, ...causes].join("\n");
}

const latexNumber = (value: number): string =>
  Number(value.toPrecision(6))
    .toString()
    .replace(/e\+?(-?\d+)$/, " \\cdot 10^{$1}");

function latexOf({ lines, terms, before, after }: Plain): string {
  const body = lines.map(({ latex, value }) => `${latex} = ${latexNumber(value)}`);
  const sum = terms.map(({ name, value }) => `\\underbrace{${latexNumber(value)}}_{\\text{${name}}}`).join(" + ");
  const change = `\\Delta p &= ${sum === "" ? "0" : sum} = ${latexNumber(after - before)}`;
  return `\\begin{aligned}\n${[...body, change].join(" \\\\\n")}\n\\end{aligned}`;
}

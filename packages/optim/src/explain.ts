import { freeNames, type Parameter, showShape, type Tensor, toLatex, toText } from "@gradtape/core";
import type { Plan } from "./rule.ts";

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
  toString(): string;
}

/** Where an element stands: from a flat position or one index per dimension. */
function locate(parameter: Parameter, index: number | readonly number[]): number[] {
  const { shape, size } = parameter;
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

/** Runs a rule's lines for one element, in float64. */
export function explain(
  plan: Plan,
  parameter: Parameter,
  index: number | readonly number[],
  tensors: Readonly<Record<string, Tensor | number>>,
  scalars: Readonly<Record<string, number>>,
  name: string | undefined,
): Explanation {
  const at = locate(parameter, index);
  const values: Record<string, number> = { ...scalars };
  for (const [key, source] of Object.entries(tensors))
    values[key] =
      typeof source === "number"
        ? source
        : source
            .detach()
            .slice(...at)
            .item();
  const { p: before, g: gradient, t: step } = values;
  const lines = plan.formula.trace(values).map((line): ExplainedLine => {
    const reads = Object.fromEntries(freeNames(line.expression).map((read) => [read, values[read]]));
    values[line.name] = line.value;
    return {
      name: line.name,
      text: `${line.name} = ${toText(line.expression)}`,
      latex: toLatex({ lines: [line], inputs: [] }),
      value: line.value,
      reads,
    };
  });
  const explanation = { parameter: name, index: at, step, gradient, before, after: values.p, lines };
  return { ...explanation, toString: () => show(explanation) };
}

function show({ parameter, index, step, before, after, gradient, lines }: Omit<Explanation, "toString">): string {
  const head = `${parameter ?? "parameter"}[${index.join(", ")}], step ${step}: gradient ${gradient}`;
  const width = Math.max(...lines.map((line) => line.text.length));
  const body = lines.map((line) => `  ${line.text.padEnd(width)}  = ${line.value}`);
  return [head, ...body, `  changed from ${before} to ${after} by ${after - before}`].join("\n");
}

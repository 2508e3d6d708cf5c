import { evaluate } from "./evaluate.ts";
import { type Expression, name, names, number, substitute } from "./expression.ts";
import { type Line, parse } from "./parse.ts";
import { toText } from "./print.ts";
import { simplify } from "./simplify.ts";

/** One line of a trace: what it assigns, by which expression, and the value that came out. */
export interface TracedLine extends Line {
  readonly value: number;
}

/**
 * A program of assignments, written once: `m = beta * m + g` reads the old `m`, and later lines read the new one.
 * From it come values, derivatives, kernels and print.
 */
export class Formula {
  /** The text it was written as. */
  readonly source: string;
  /** The assignments in order, each over the names visible at its line. */
  readonly lines: readonly Line[];
  /** The names that are read before any line assigns them, in the order of reading. */
  readonly inputs: readonly string[];
  /** The names that are assigned, in the order of their first line. */
  readonly assigned: readonly string[];
  private resolved: ReadonlyMap<string, Expression> | undefined;

  constructor(lines: readonly Line[], source?: string) {
    const inputs = new Set<string>();
    const assigned = new Set<string>();
    for (const line of lines) {
      for (const read of names(line.expression)) if (!assigned.has(read)) inputs.add(read);
      assigned.add(line.name);
    }
    this.lines = lines;
    this.inputs = [...inputs];
    this.assigned = [...assigned];
    this.source = source ?? lines.map((line) => `${line.name} = ${toText(line.expression)}`).join("\n");
  }

  /** The final value of every assigned name, over the inputs alone. */
  resolve(): ReadonlyMap<string, Expression> {
    if (this.resolved === undefined) {
      const values = new Map<string, Expression>();
      for (const line of this.lines) values.set(line.name, substitute(line.expression, values));
      this.resolved = values;
    }
    return this.resolved;
  }

  /**
   * The formula with these inputs fixed, and simplified: with `nesterov` bound to 0, `nesterov ? a : b` becomes `b`.
   * Lines that came to say `x = x` are dropped; constants that are no input of this formula are ignored.
   */
  bind(constants: Readonly<Record<string, number>>): Formula {
    const known = new Map<string, Expression>(Object.entries(constants).map(([key, value]) => [key, number(value)]));
    const lines: Line[] = [];
    for (const line of this.lines) {
      const expression = simplify(substitute(line.expression, known));
      known.delete(line.name);
      if (expression === name(line.name)) continue;
      lines.push({ name: line.name, expression });
      if (expression.kind === "number") known.set(line.name, expression);
    }
    return new Formula(lines);
  }

  /** The float64 value of every line, in order. Throws FormulaError for an input that `env` lacks. */
  trace(env: Readonly<Record<string, number>>): TracedLine[] {
    const now = { ...env };
    return this.lines.map((line) => {
      const value = evaluate(line.expression, now);
      now[line.name] = value;
      return { ...line, value };
    });
  }
}

const formulas = new Map<string, Formula>();

/** The formula of a text; the same text gives the same object. Throws FormulaError for text that it cannot read. */
export function formula(text: string): Formula {
  let known = formulas.get(text);
  if (known === undefined) {
    known = new Formula(parse(text), text);
    formulas.set(text, known);
  }
  return known;
}

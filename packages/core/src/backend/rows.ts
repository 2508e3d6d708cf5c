import { type Expression, hoist, name, names, parse, parseExpression, substitute } from "../formula/index.ts";

/** How the elements of a row become one number. */
export type RowFold = "sum" | "max" | "min";

/** An expression and the name of its value. */
export interface Named {
  readonly name: string;
  readonly expression: Expression;
}

/** One pass over a row. */
export interface RowPass {
  /** Numbers of the row that the pass needs, over scalars and what earlier passes folded; computed once. */
  readonly constants: readonly Named[];
  /** Outputs that the pass writes, element by element: results, and what later passes read again by the output's name. */
  readonly writes: readonly Named[];
  readonly folds: readonly (Named & { readonly fold: RowFold })[];
}

/** The name of an element's place in its row, from 0. */
export const POSITION = "position";

const folds: Readonly<Record<string, RowFold>> = { rowSum: "sum", rowMax: "max", rowMin: "min" };
const foldLine = /^\s*(\w+)\s*=\s*(rowSum|rowMax|rowMin)\((.*)\)\s*$/;

/** What a name stands for, and the first pass that can compute it. */
interface Meaning {
  readonly expression: Expression;
  readonly pass: number;
}

/**
 * A formula over rows, the lines of a tensor along its last dimension: beside functions of elements it folds rows to numbers. A softmax is
 *
 *     top = rowMax(x)
 *     y = exp(x - top)
 *     total = rowSum(y)
 *     y = y * (1 / total)
 *
 * It becomes as few passes over a row as will do, one after the other while the row is near. An output that is read in a later pass is written and read again;
 * any other name is computed anew there. An output that reads folds and scalars alone is one number for each row. `position` is the place in the row.
 * Tensors broadcast to `[…,n]`, rows of n; results have that shape, or `[…,1]`. A fold is a line of its own. Errors: FormulaError for text that it cannot read; an
 * output that no line assigns.
 */
export class RowKernel {
  /** Names of the tensors. */
  readonly inputs: readonly string[];
  /** Names of the numbers. */
  readonly scalars: readonly string[];
  /** Names of the results, and whether each is one number for a row. */
  readonly outputs: readonly { readonly name: string; readonly perRow: boolean }[];
  readonly passes: readonly RowPass[];
  /** The results that are one number for a row. */
  readonly totals: readonly Named[];

  constructor(text: string, outputs: readonly string[], scalars: readonly string[] = []) {
    const reading = new Reading(outputs, scalars);
    for (const line of text.split("\n")) if (line.trim() !== "") reading.line(line);
    this.inputs = reading.inputs;
    this.scalars = scalars;
    ({ passes: this.passes, totals: this.totals } = reading.done());
    this.outputs = outputs.map((output) => ({ name: output, perRow: this.totals.some((total) => total.name === output) }));
  }
}

/** Reads the lines of a row formula into passes. */
class Reading {
  readonly inputs: string[] = [];
  readonly #outputs: readonly string[];
  readonly #scalars: readonly string[];
  readonly #values = new Map<string, Meaning>();
  /** The pass after which each fold is known. */
  readonly #folds = new Map<string, number>();
  readonly #passes: { writes: Named[]; folds: (Named & { fold: RowFold })[] }[] = [];

  constructor(outputs: readonly string[], scalars: readonly string[]) {
    this.#outputs = outputs;
    this.#scalars = scalars;
  }

  line(text: string): void {
    const match = foldLine.exec(text);
    if (match === null) {
      for (const { name: target, expression } of parse(text)) this.#values.set(target, this.#meaning(expression));
      return;
    }
    const [, target, fold, inner] = match;
    const { expression, pass } = this.#meaning(parseExpression(inner));
    this.#passAt(pass).folds.push({ name: target, fold: folds[fold], expression });
    this.#folds.set(target, pass + 1);
    this.#values.delete(target);
  }

  #passAt(pass: number): { writes: Named[]; folds: (Named & { fold: RowFold })[] } {
    while (this.#passes.length <= pass) this.#passes.push({ writes: [], folds: [] });
    return this.#passes[pass];
  }

  #passOf(read: string): number {
    return this.#folds.get(read) ?? this.#values.get(read)?.pass ?? 0;
  }

  /** An expression over inputs, scalars, folds, and outputs as an earlier pass wrote them. */
  #meaning(written: Expression): Meaning {
    const reads = names(written);
    const pass = Math.max(0, ...reads.map((read) => this.#passOf(read)));
    const replacements = new Map<string, Expression>();
    for (const read of reads) {
      const value = this.#values.get(read);
      if (value !== undefined)
        replacements.set(read, value.pass < pass && this.#outputs.includes(read) ? this.#written(read, value) : value.expression);
      else if (!this.#folds.has(read) && !this.#scalars.includes(read) && read !== POSITION && !this.inputs.includes(read)) this.inputs.push(read);
    }
    return { expression: substitute(written, replacements), pass };
  }

  /** An output that a later pass reads again: the pass that computes it writes it. */
  #written(output: string, { expression, pass }: Meaning): Expression {
    const { writes } = this.#passAt(pass);
    if (!writes.some((write) => write.name === output && write.expression === expression)) writes.push({ name: output, expression });
    return name(output);
  }

  /** The passes, and the results that are one number for a row. */
  done(): { passes: RowPass[]; totals: Named[] } {
    const known = new Set([...this.#scalars, ...this.#folds.keys()]);
    const totals: Named[] = [];
    for (const output of this.#outputs) {
      const { expression, pass } = this.#values.get(output) ?? { expression: name(output), pass: this.#passOf(output) };
      if (!this.#values.has(output) && !this.#folds.has(output)) throw new Error(`a row formula assigns its output ${output}`);
      if (names(expression).every((read) => known.has(read))) totals.push({ name: output, expression });
      else this.#passAt(pass).writes.push({ name: output, expression });
    }
    return { passes: this.#passes.map((pass) => withConstants(pass, known)), totals };
  }
}

/** A pass with what is one number for the row taken out of its expressions. */
function withConstants({ writes, folds }: Pick<RowPass, "writes" | "folds">, known: ReadonlySet<string>): RowPass {
  const all = [...writes, ...folds];
  const { expressions, hoisted } = hoist(Object.fromEntries(all.map(({ expression }, k) => [`line${k}`, expression])), known);
  const named = <T extends Named>(list: readonly T[], first: number): T[] =>
    list.map((each, k) => ({ ...each, expression: expressions[`line${first + k}`] }));
  return { constants: hoisted, writes: named(writes, 0), folds: named(folds, writes.length) };
}

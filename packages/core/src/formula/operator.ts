import type { FunctionName } from "./functions.ts";

/** A binary operator: its sign, its function and how tightly it binds. */
export interface BinaryOperator {
  readonly sign: string;
  readonly fn: FunctionName;
  readonly level: number;
  /** What the left and the right operand must bind at least as tightly as, to stand without parentheses. */
  readonly left: number;
  readonly right: number;
}

/** The level of `c ? a : b`, which binds loosest. */
export const CONDITIONAL = 1;
/** The level of the prefixes `-` and `!`: below `**`, as in Python, so `-x ** 2` is `-(x ** 2)`. */
export const PREFIX = 7;
/** The level of numbers, names and calls. */
export const ATOM = 9;

function operators(level: number, signs: Readonly<Record<string, FunctionName>>, left: number, right: number): BinaryOperator[] {
  return Object.entries(signs).map(([sign, fn]) => ({ sign, fn, level, left, right }));
}

/** The binary operators. Comparisons do not chain; `**` groups to the right and takes `2 ** -x`. */
export const binaryOperators: readonly BinaryOperator[] = [
  ...operators(2, { "||": "or" }, 2, 3),
  ...operators(3, { "&&": "and" }, 3, 4),
  ...operators(4, { "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne" }, 5, 5),
  ...operators(5, { "+": "add", "-": "sub" }, 5, 6),
  ...operators(6, { "*": "mul", "/": "div" }, 6, 7),
  ...operators(8, { "**": "pow" }, ATOM, PREFIX),
];

/** The prefix operators. */
export const prefixOperators: Readonly<Record<string, FunctionName>> = { "-": "neg", "!": "not" };

/** The names that stand for a number. */
export const constants: ReadonlyMap<string, number> = new Map([
  ["pi", Math.PI],
  ["inf", Infinity],
  ["nan", NaN],
]);

import type { Expression } from "./expression.ts";
import type { FunctionName } from "./functions.ts";
import { ATOM, binaryOperators, CONDITIONAL, constants, PREFIX, prefixOperators } from "./operator.ts";
import type { Line } from "./parse.ts";

const binary = new Map(binaryOperators.map((operator) => [operator.fn, operator]));
const prefix = new Map<FunctionName, string>(Object.entries(prefixOperators).map(([sign, fn]) => [fn, sign]));

/** The text of an expression or of a formula, with no parentheses that could be left out; parsing it gives the same expression back. */
export function toText(what: Expression | { readonly lines: readonly Line[] }): string {
  if ("lines" in what) return what.lines.map((line) => `${line.name} = ${toText(line.expression)}`).join("\n");
  return write(what, CONDITIONAL);
}

/** The text of `node`, in parentheses if it binds looser than `level`. */
function write(node: Expression, level: number): string {
  const [text, own] = written(node);
  return own < level ? `(${text})` : text;
}

function written(node: Expression): [text: string, level: number] {
  if (node.kind === "name") return [node.name, ATOM];
  if (node.kind === "number") return writtenNumber(node.value);
  const [a, b, c] = node.args as [Expression, Expression, Expression];
  if (node.fn === "where") {
    return [`${write(a, CONDITIONAL + 1)} ? ${write(b, CONDITIONAL)} : ${write(c, CONDITIONAL)}`, CONDITIONAL];
  }
  const operator = binary.get(node.fn);
  if (operator !== undefined) {
    return [`${write(a, operator.left)} ${operator.sign} ${write(b, operator.right)}`, operator.level];
  }
  const sign = prefix.get(node.fn);
  if (sign !== undefined) return [`${sign}${minus(sign, a)}`, PREFIX];
  return [`${node.fn}(${node.args.map((arg) => write(arg, CONDITIONAL)).join(", ")})`, ATOM];
}

/** The operand of a prefix: `-(3)` keeps its parentheses, for `-3` is one number. */
function minus(sign: string, operand: Expression): string {
  const literal = operand.kind === "number" && !writtenNumber(operand.value)[0].startsWith("-");
  return sign === "-" && literal ? `(${write(operand, CONDITIONAL)})` : write(operand, PREFIX);
}

function writtenNumber(value: number): [text: string, level: number] {
  if (value < 0 || Object.is(value, -0)) return [`-${writtenNumber(-value)[0]}`, PREFIX];
  for (const [constant, meaning] of constants) if (Object.is(value, meaning)) return [constant, ATOM];
  return [String(value), ATOM];
}

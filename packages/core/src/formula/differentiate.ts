import { type Expression, names, number, rewrite } from "./expression.ts";
import { type FunctionName, functions } from "./functions.ts";
import { parseExpression } from "./parse.ts";
import { make, simplify } from "./simplify.ts";

const derivatives = new WeakMap<Expression, Map<string, Expression>>();
const partials = new Map<FunctionName, readonly Expression[]>();

/**
 * The derivative of an expression by a name, simplified: the chain rule over the table's partials. Shared parts stay
 * shared, so the size grows with the graph and not with the text, to any order (Laue 2019, arXiv:1904.02990).
 * The derivative of `c ? a : b` is `c ? a' : b'`: no NaN comes over from the other branch.
 */
export function differentiate(expression: Expression, name: string): Expression {
  return derivative(simplify(expression), name);
}

function derivative(node: Expression, name: string): Expression {
  if (node.kind === "name") return number(node.name === name ? 1 : 0);
  if (!names(node).includes(name) || node.kind === "number") return number(0);
  const known = derivatives.get(node) ?? new Map<string, Expression>();
  derivatives.set(node, known);
  let result = known.get(name);
  if (result === undefined) {
    const inner = node.args.map((arg) => derivative(arg, name));
    if (node.fn === "where") {
      result = make("where", node.args[0]!, inner[1]!, inner[2]!);
    } else {
      result = number(0);
      for (const [index, factor] of inner.entries()) {
        if (factor.kind === "number" && factor.value === 0) continue;
        result = make("add", result, make("mul", partial(node, index), factor));
      }
    }
    known.set(name, result);
  }
  return result;
}

/** The table's partial of this call by one of its arguments, over the names that the call itself reads. */
function partial(node: Expression & { readonly kind: "call" }, index: number): Expression {
  let row = partials.get(node.fn);
  if (row === undefined) {
    row = functions[node.fn].partials.map(parseExpression);
    partials.set(node.fn, row);
  }
  const [a, b, c] = node.args;
  const meaning: Readonly<Record<string, Expression | undefined>> = { a, b, c, y: node };
  return rewrite(
    row[index]!,
    (leaf) => (leaf.kind === "name" ? meaning[leaf.name]! : leaf),
    (fn, args) => make(fn, ...args),
  );
}

import { evaluate } from "./evaluate.ts";
import { call, type Expression, name, names, number } from "./expression.ts";
import type { Line } from "./parse.ts";

/** Expressions whose uniform parts have become names, and those names with what they stand for. */
export interface Hoisted {
  readonly expressions: Readonly<Record<string, Expression>>;
  readonly hoisted: readonly Line[];
}

/**
 * Replaces every maximal part that depends on `uniform` names alone, as `1 - beta1 ** t` does, by a fresh name `u0`,
 * `u1`, …, so that it is computed once, in float64, and not for each element; a part without names becomes its number.
 */
export function hoist(expressions: Readonly<Record<string, Expression>>, uniform: ReadonlySet<string>): Hoisted {
  const taken = new Set([...uniform, ...Object.keys(expressions), ...Object.values(expressions).flatMap(names)]);
  const fresh = freshNames(taken);
  const hoisted: Line[] = [];
  const done = new Map<Expression, Expression>();

  const visit = (node: Expression): Expression => {
    if (node.kind !== "call") return node;
    let result = done.get(node);
    if (result === undefined) {
      result = replace(node);
      done.set(node, result);
    }
    return result;
  };
  const replace = (node: Expression & { readonly kind: "call" }): Expression => {
    const read = names(node);
    if (read.length === 0) return number(evaluate(node, {}));
    if (!read.every((each) => uniform.has(each))) return call(node.fn, node.args.map(visit));
    const stand = fresh.next().value;
    hoisted.push({ name: stand, expression: node });
    return name(stand);
  };

  const entries = Object.entries(expressions).map(([key, expression]) => [key, visit(expression)] as const);
  return { expressions: Object.fromEntries(entries), hoisted };
}

function* freshNames(taken: ReadonlySet<string>): Generator<string, never> {
  for (let count = 0; ; count++) if (!taken.has(`u${count}`)) yield `u${count}`;
}

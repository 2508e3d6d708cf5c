import { FormulaError } from "./error.ts";
import type { Expression } from "./expression.ts";
import { functions } from "./functions.ts";

/** The float64 value of an expression, each shared node computed once. Throws FormulaError for a name that `env` lacks. */
export function evaluate(expression: Expression, env: Readonly<Record<string, number>>): number {
  const done = new Map<Expression, number>();
  const visit = (node: Expression): number => {
    if (node.kind === "number") return node.value;
    if (node.kind === "name") return lookUp(node.name, env);
    let value = done.get(node);
    if (value === undefined) {
      value = functions[node.fn].evaluate(...node.args.map(visit));
      done.set(node, value);
    }
    return value;
  };
  return visit(expression);
}

function lookUp(name: string, env: Readonly<Record<string, number>>): number {
  if (Object.hasOwn(env, name) && typeof env[name] === "number") return env[name];
  throw new FormulaError(`\`${name}\` has no value; given: ${Object.keys(env).join(", ") || "none"}`);
}

import type { Expression } from "@gradtape/core";
import { arithmetic, numeric, type Spelling } from "./arithmetic.ts";
import { exp, expm1, sigmoid, tanh } from "./exponential.ts";
import type { FunctionName, Lanes } from "./lanes.ts";
import { log, log1p, log2, softplus } from "./logarithm.ts";

/** Functions with a vector form in single precision. */
const singlePrecision: Partial<Readonly<Record<FunctionName, Spelling>>> = {
  ...arithmetic,
  exp: numeric(exp),
  expm1: numeric(expm1),
  tanh: numeric(tanh),
  sigmoid: numeric(sigmoid),
  log: numeric(log),
  log2: numeric(log2),
  log1p: numeric(log1p),
  softplus: numeric(softplus),
  logsigmoid: numeric((v, x) => v.lanes.ops.neg(softplus(v, v.let(v.lanes.ops.neg(x))))),
};

/** The vector form of a function; without one it is called for each number. */
export const spellingOf = (lanes: Lanes, name: FunctionName): Spelling | undefined => (lanes.count === 4 ? singlePrecision : arithmetic)[name];

/** The functions of an expression that have no vector form. */
export function callsOf(lanes: Lanes, expressions: readonly Expression[]): Set<FunctionName> {
  const found = new Set<FunctionName>();
  const seen = new Set<Expression>();
  const visit = (node: Expression): void => {
    if (node.kind !== "call" || seen.has(node)) return;
    seen.add(node);
    node.args.forEach(visit);
    if (spellingOf(lanes, node.fn) === undefined) found.add(node.fn);
  };
  expressions.forEach(visit);
  return found;
}

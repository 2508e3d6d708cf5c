import type { Expression } from "@gradtape/core";
import type { Local } from "../../assembler/index.ts";
import { arithmetic, numeric, type Spelling } from "./arithmetic.ts";
import { erf } from "./error.ts";
import { exp, expm1, sigmoid, tanh } from "./exponential.ts";
import { acosh, asinh, atanh, cbrt, cosh, hypot, sinh } from "./hyperbolic.ts";
import type { FunctionName, Lanes, VectorCode } from "./lanes.ts";
import { log, log1p, log2, logaddexp, softplus, xlogy } from "./logarithm.ts";
import { pow } from "./power.ts";
import { cos, sin } from "./trigonometry.ts";
import { expDouble, logDouble, widened } from "./widening.ts";

type Call = Extract<Expression, { kind: "call" }>;

/** Powers that are a few multiplications. */
const plainPowers: ReadonlyMap<number, Spelling> = new Map<number, Spelling>([
  [0, (v) => ({ code: v.constant(1), mask: false, literal: 1 })],
  [1, numeric((_, x) => x)],
  [2, numeric((v, x) => v.lanes.ops.mul(x, x))],
  [3, numeric((v, x) => v.lanes.ops.mul(v.lanes.ops.mul(x, x), x))],
  [4, numeric((v, x) => square(v, square(v, x)))],
  [-1, numeric((v, x) => v.lanes.ops.div(v.constant(1), x))],
  [-2, numeric((v, x) => v.lanes.ops.div(v.constant(1), v.lanes.ops.mul(x, x)))],
]);

const square = (v: VectorCode, x: Local): Local => v.let(v.lanes.ops.mul(x, x));

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
  erf: numeric(erf),
  sin: numeric(sin),
  cos: numeric(cos),
  pow: numeric(widened(pow)),
  exp2: numeric(widened((v, x) => expDouble(v, v.let(v.lanes.ops.mul(x, v.constant(Math.LN2)))))),
  log10: numeric(widened((v, x) => v.let(v.lanes.ops.mul(logDouble(v, x), v.constant(Math.LOG10E))))),
  sinh: numeric(widened(sinh)),
  cosh: numeric(widened(cosh)),
  asinh: numeric(widened(asinh)),
  acosh: numeric(widened(acosh)),
  atanh: numeric(widened(atanh)),
  hypot: numeric(widened(hypot)),
  cbrt: numeric(widened(cbrt)),
  logaddexp: numeric(logaddexp),
  xlogy: numeric(xlogy),
  logsigmoid: numeric((v, x) => v.lanes.ops.neg(softplus(v, v.let(v.lanes.ops.neg(x))))),
};

/** Functions with a vector form in double precision. */
const doublePrecision: Partial<Readonly<Record<FunctionName, Spelling>>> = {
  ...arithmetic,
  exp: numeric(expDouble),
  log: numeric(logDouble),
};

/** The vector form of a call; without one the function is called for each number. */
export function spellingOf(lanes: Lanes, { fn, args }: Call): Spelling | undefined {
  const exponent = fn === "pow" && args[1].kind === "number" ? plainPowers.get(args[1].value) : undefined;
  return exponent ?? (lanes.count === 4 ? singlePrecision : doublePrecision)[fn];
}

/** Functions whose vector form calls them for some arguments. */
export const rarelyCalled: ReadonlySet<FunctionName> = new Set<FunctionName>(["sin", "cos"]);

/** The functions that the vector code of an expression calls number by number: for want of a vector form, or for rare arguments. */
export function callsOf(lanes: Lanes, expressions: readonly Expression[]): Set<FunctionName> {
  const found = new Set<FunctionName>();
  const seen = new Set<Expression>();
  const visit = (node: Expression): void => {
    if (node.kind !== "call" || seen.has(node)) return;
    seen.add(node);
    node.args.forEach(visit);
    if (spellingOf(lanes, node) === undefined || rarelyCalled.has(node.fn)) found.add(node.fn);
  };
  expressions.forEach(visit);
  return found;
}

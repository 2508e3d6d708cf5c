import type { Expression } from "@gradtape/core";
import type { Local } from "../../assembler/index.ts";
import { arithmetic, numeric, type Spelling } from "./arithmetic.ts";
import { type Elementary, logaddexp, logsigmoid, sigmoid, softplus, xlogy } from "./composed.ts";
import { acos, asin, atan, atan2 } from "./double/arc.ts";
import { erf as wideErf, erfc as wideErfc } from "./double/error.ts";
import * as wide from "./double/exponential.ts";
import { acosh, asinh, atanh, cosh, sinh, tanh as wideTanh } from "./double/hyperbolic.ts";
import * as wideLogarithm from "./double/logarithm.ts";
import { pow as widePow } from "./double/power.ts";
import { cbrt, hypot } from "./double/root.ts";
import * as wideTrigonometry from "./double/trigonometry.ts";
import { erf, erfc } from "./error.ts";
import { decay, exp, expm1, tanh } from "./exponential.ts";
import type { FunctionName, Lanes, VectorCode } from "./lanes.ts";
import { log, log1p, log2 } from "./logarithm.ts";
import { pow } from "./power.ts";
import { cos, sin } from "./trigonometry.ts";
import { widened } from "./widening.ts";

/** An expression that applies a function. */
export type CallExpression = Extract<Expression, { kind: "call" }>;

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

type Spellings = Partial<Readonly<Record<FunctionName, Spelling>>>;

/** Functions made of elementary ones, in one precision. */
const composed = (elementary: Elementary): Spellings => ({
  sigmoid: numeric(sigmoid(elementary)),
  softplus: numeric(softplus(elementary)),
  logsigmoid: numeric(logsigmoid(elementary)),
  logaddexp: numeric(logaddexp(elementary)),
  xlogy: numeric(xlogy(elementary)),
});

/** Functions that single precision computes in double. */
const wideForms = {
  exp2: wide.exp2,
  log10: wideLogarithm.log10,
  tan: wideTrigonometry.tan,
  atan2,
  atan,
  asin,
  acos,
  sinh,
  cosh,
  asinh,
  acosh,
  atanh,
  hypot,
  cbrt,
};

type Form = (v: VectorCode, ...args: Local[]) => Local;
const each = (forms: Readonly<Record<string, Form>>, spell: (form: Form) => Form): Spellings =>
  Object.fromEntries(Object.entries(forms).map(([name, form]) => [name, numeric(spell(form))]));

/** Their names. */
export const computedWide: ReadonlySet<string> = new Set([...Object.keys(wideForms), "pow", "erfc"]);

/** Functions with a vector form in single precision. */
const singlePrecision: Spellings = {
  ...arithmetic,
  ...composed({ decay, log, log1p }),
  ...each(wideForms, widened),
  ...each({ exp, expm1, tanh, log, log2, log1p, erf, sin, cos }, (form) => form),
  ...each({ pow, erfc }, widened),
};

/** Functions with a vector form in double precision. */
const doublePrecision: Spellings = {
  ...arithmetic,
  ...composed({ decay: wide.decay, log: wideLogarithm.log, log1p: wideLogarithm.log1p }),
  ...each(
    {
      ...wideForms,
      exp: wide.exp,
      expm1: wide.expm1,
      tanh: wideTanh,
      log: wideLogarithm.log,
      log2: wideLogarithm.log2,
      log1p: wideLogarithm.log1p,
      sin: wideTrigonometry.sin,
      cos: wideTrigonometry.cos,
      pow: widePow,
      erf: wideErf,
      erfc: wideErfc,
    },
    (form) => form,
  ),
};

const plainPower = ({ fn, args }: CallExpression): Spelling | undefined =>
  fn === "pow" && args[1].kind === "number" ? plainPowers.get(args[1].value) : undefined;

/** Whether a call is a power that is a few multiplications. */
export const isPlainPower = (call: CallExpression): boolean => plainPower(call) !== undefined;

/** The vector form of a call; without one the function is called for each number. */
export const spellingOf = (lanes: Lanes, call: CallExpression): Spelling | undefined =>
  plainPower(call) ?? (lanes.count === 4 ? singlePrecision : doublePrecision)[call.fn];

/** Functions whose vector form calls them for some arguments. */
export const rarelyCalled: ReadonlySet<FunctionName> = new Set<FunctionName>(["sin", "cos", "tan"]);

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

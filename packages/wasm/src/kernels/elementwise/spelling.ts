import type { Expression } from "@gradtape/core";
import type { Local } from "../../assembler/index.ts";
import { arithmetic, numeric, type Spelling } from "./arithmetic.ts";
import { type Elementary, logaddexp, logsigmoid, sigmoid, softplus, xlogy } from "./composed.ts";
import { acos, asin, atan, atan2 } from "./double/arc.ts";
import { erfinv, erf as wideErf, erfc as wideErfc } from "./double/error.ts";
import * as wide from "./double/exponential.ts";
import { digamma, lgamma } from "./double/gamma.ts";
import { acosh, asinh, atanh, cosh, sinh, tanh as wideTanh } from "./double/hyperbolic.ts";
import * as wideLogarithm from "./double/logarithm.ts";
import { polygamma, polygammaOf } from "./double/polygamma.ts";
import { pow as widePow } from "./double/power.ts";
import { fmod, remainder } from "./double/remainder.ts";
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

type Form = (v: VectorCode, ...args: Local[]) => Local;

/** Functions made of elementary ones, in one precision. */
const composed = (elementary: Elementary) => ({
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
  erfinv,
};

/** The same, of whose code parts are skipped or repeated as the numbers want it. */
const branchingForms = { lgamma, digamma, fmod, remainder };

const each = <N extends string>(forms: Readonly<Record<N, Form>>, spell: (form: Form) => Form): Readonly<Record<N, Spelling>> =>
  Object.fromEntries(Object.entries<Form>(forms).map(([name, form]) => [name, numeric(spell(form))])) as Record<N, Spelling>;

const asItIs = (form: Form): Form => form;

/** `polygamma`; a literal order, as derivatives have, leads to less code. */
const derivativesOfDigamma =
  (spell: (form: Form) => Form): Spelling =>
  (v, order, x) => {
    const { literal } = order;
    if (literal === undefined) return numeric(spell(polygamma))(v, order, x);
    return numeric(spell((wide, number) => polygammaOf(wide, literal, number)))(v, x);
  };

/** Functions of single precision that are computed in double. */
export const computedWide: ReadonlySet<string> = new Set([...Object.keys(wideForms), "pow"]);

/** Functions whose code has branches. */
export const branching: ReadonlySet<string> = new Set([...Object.keys(branchingForms), "polygamma"]);

const singlePrecision: Readonly<Record<FunctionName, Spelling>> = {
  ...arithmetic,
  ...composed({ decay, log, log1p }),
  ...each({ ...wideForms, ...branchingForms, pow }, widened),
  ...each({ exp, expm1, tanh, log, log2, log1p, erf, erfc, sin, cos }, asItIs),
  polygamma: derivativesOfDigamma(widened),
};

const doublePrecision: Readonly<Record<FunctionName, Spelling>> = {
  ...arithmetic,
  ...composed({ decay: wide.decay, log: wideLogarithm.log, log1p: wideLogarithm.log1p }),
  ...each(
    {
      ...wideForms,
      ...branchingForms,
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
    asItIs,
  ),
  polygamma: derivativesOfDigamma(asItIs),
};

const plainPower = ({ fn, args }: CallExpression): Spelling | undefined =>
  fn === "pow" && args[1].kind === "number" ? plainPowers.get(args[1].value) : undefined;

/** Whether a call is a power that is a few multiplications. */
export const isPlainPower = (call: CallExpression): boolean => plainPower(call) !== undefined;

/** The vector form of a call. */
export const spellingOf = (lanes: Lanes, call: CallExpression): Spelling =>
  plainPower(call) ?? (lanes.count === 4 ? singlePrecision : doublePrecision)[call.fn];

const rarelyCalled: ReadonlySet<FunctionName> = new Set<FunctionName>(["sin", "cos", "tan"]);

/** The functions that the vector code of an expression calls number by number, for rare arguments. */
export function callsOf(expressions: readonly Expression[]): Set<FunctionName> {
  const found = new Set<FunctionName>();
  const seen = new Set<Expression>();
  const visit = (node: Expression): void => {
    if (node.kind !== "call" || seen.has(node)) return;
    seen.add(node);
    node.args.forEach(visit);
    if (rarelyCalled.has(node.fn)) found.add(node.fn);
  };
  expressions.forEach(visit);
  return found;
}

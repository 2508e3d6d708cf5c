import { type Code, i32, i32x4, type Local, v128 } from "../../assembler/index.ts";
import type { VectorCode } from "./lanes.ts";

// Adding it to a number rounds that to an integer, which then stands in the low bits: 1.5 · 2²³.
const MAGIC = 12582912;
// log 2 in two parts; products of the first with small integers are exact.
const LN2_HIGH = 0.693359375;
const LN2_LOW = -0.00021219444005469057;
/** `exp(r)` and `(exp(r) - 1) / r` on [-½ log 2, ½ log 2], highest power first: our own fits, minimax by Lawson's iteration, to 9e-8 and 1.3e-8. */
const EXP = [0.008290272142906358, 0.04189815982908395, 0.16667638128222464, 0.4999914783958355, 0.999999706312706, 1];
const EXPM1 = [0.001388251652753733, 0.00836654715720335, 0.041667200711771865, 0.1666654342408945, 0.49999998149616726, 1];

/** `x = n log 2 + r` with an integer n and a small r; `n + bias` stands in the low bits of `shifted`. */
function reduce(v: VectorCode, x: Local, bias: number): { readonly shifted: Local; readonly r: Local } {
  const { ops } = v.lanes;
  const magic = v.constant(MAGIC + bias);
  const shifted = v.let(v.madd(x, v.constant(Math.LOG2E), magic));
  const n = v.let(ops.sub(shifted, magic));
  const r = v.let(v.madd(n, v.constant(-LN2_LOW), v.madd(n, v.constant(-LN2_HIGH), x)));
  return { shifted, r };
}

/** The number whose exponent field is in the low bits of an integer. */
const power = (shifted: Code): Code => i32x4.shl(shifted, i32.const(23));

/** A number kept between two bounds; NaN stays. */
const between = (v: VectorCode, x: Code, low: number, high: number): Local =>
  v.let(v.lanes.ops.pmax(v.lanes.ops.pmin(x, v.constant(high)), v.constant(low)));

/** `exp`, single precision: to 2.5 ulp; overflows to infinity and fades through the subnormals to 0. */
export function exp(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  // 2ⁿ may be out of range where the product is not, hence two halves of n; with twice the bias, each half has the one that its exponent field needs.
  const { shifted, r } = reduce(v, between(v, x, -104, 89), 2 * 127);
  const half = v.let(v128.and(i32x4.shl(shifted, i32.const(22)), v.bits(0x7f800000)));
  return v.let(ops.mul(ops.mul(v.polynomial(r, EXP), half), i32x4.sub(power(shifted), half)));
}

/** `exp` of a number that is not above 0, or NaN. */
export function fade(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const { shifted, r } = reduce(v, v.let(ops.pmax(x, v.constant(-104))), 127 + 64);
  return v.let(ops.mul(ops.mul(v.polynomial(r, EXP), power(shifted)), v.constant(2 ** -64)));
}

/** The same with one step more, to 1.5 ulp, for functions that magnify its error. */
export function preciseFade(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const { shifted, r } = reduce(v, v.let(ops.pmax(x, v.constant(-104))), 127 + 64);
  const value = v.madd(v.polynomial(r, EXPM1), r, v.constant(1));
  return v.let(ops.mul(ops.mul(value, power(shifted)), v.constant(2 ** -64)));
}

/** `exp(x) - 1`, single precision, accurate near 0: to 2 ulp. */
export function expm1(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const { shifted, r } = reduce(v, between(v, x, -20, 89), 127 - 1);
  const scale = v.let(power(shifted));
  const halved = v.madd(ops.mul(v.polynomial(r, EXPM1), r), scale, ops.sub(scale, v.constant(0.5)));
  const y = v.let(ops.add(halved, halved));
  return v.choose(ops.lt(ops.abs(x), v.constant(1e-12)), x, y);
}

/** `tanh`, single precision, as `(exp(2x) - 1) / (exp(2x) + 1)`: to 3 ulp. */
export function tanh(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const size = v.let(ops.pmin(ops.abs(x), v.constant(9.1)));
  const magic = v.constant(MAGIC + 127);
  const shifted = v.let(v.madd(size, v.constant(2 * Math.LOG2E), magic));
  // In one part: where n is large enough for that to matter, tanh is flat.
  const r = v.let(v.madd(ops.sub(shifted, magic), v.constant(-Math.LN2 / 2), size));
  const scale = v.let(power(shifted));
  const doubled = EXPM1.map((coefficient, k) => coefficient * 2 ** (EXPM1.length - k));
  const e = v.let(v.madd(ops.mul(v.polynomial(r, doubled), r), scale, ops.sub(scale, v.constant(1))));
  const y = v.let(ops.div(e, ops.add(e, v.constant(2))));
  return v.let(v128.or(y, v128.and(x, v.constant(-0))));
}

/** `exp(-|x|)`. */
export const decay = (v: VectorCode, x: Local): Local => fade(v, v.let(v128.or(x, v.constant(-0))));

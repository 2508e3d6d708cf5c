import { type Code, i32, i32x4, type Local, v128 } from "../../assembler/index.ts";
import { withSign } from "./arithmetic.ts";
import type { VectorCode } from "./lanes.ts";

// Adding and subtracting it rounds to an integer, which then stands in the low bits: 1.5 · 2²³.
const MAGIC = 12582912;
const MAGIC_BITS = 0x4b400000;
// log 2 in two parts; products of the first with small integers are exact.
const LN2_HIGH = 0.693359375;
const LN2_LOW = -0.00021219444005469057;
/** `(exp(r) - 1 - r) / r²` on [-½ log 2, ½ log 2]. Cephes, Moshier 1989, expf. */
const EXP = [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1];

/** `x = n log 2 + r` with an integer n and a small r. */
function reduce(v: VectorCode, x: Code): { readonly n: Local; readonly r: Local } {
  const { ops } = v.lanes;
  const shifted = v.let(v.madd(x, v.constant(Math.LOG2E), v.constant(MAGIC)));
  const n = v.let(ops.sub(shifted, v.constant(MAGIC)));
  const high = v.let(v.madd(n, v.constant(-LN2_HIGH), x));
  const r = v.let(v.madd(n, v.constant(-LN2_LOW), high));
  return { n: v.let(i32x4.sub(shifted, v.bits(MAGIC_BITS))), r };
}

/** `exp(r) - 1` for a small r. */
const small = (v: VectorCode, r: Local): Code => v.madd(v.lanes.ops.mul(v.polynomial(r, EXP), r), r, r);

/** `2ⁿ` for an integer n from -126 to 127. */
const power = (v: VectorCode, n: Code): Code => i32x4.shl(i32x4.add(n, v.bits(127)), i32.const(23));

/** A number kept between two bounds; NaN stays. */
const between = (v: VectorCode, x: Code, low: number, high: number): Local =>
  v.let(v.lanes.ops.pmax(v.lanes.ops.pmin(x, v.constant(high)), v.constant(low)));

/** `exp`, single precision: to 1.2 ulp; overflows to infinity and fades through the subnormals to 0. */
export function exp(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const { n, r } = reduce(v, between(v, x, -104, 89));
  const y = v.let(ops.add(small(v, r), v.constant(1)));
  // In two steps, because 2ⁿ itself may be out of range where the product is not.
  const half = v.let(i32x4.shrS(n, i32.const(1)));
  return v.let(ops.mul(ops.mul(y, power(v, half)), power(v, i32x4.sub(n, half))));
}

/** `exp(x) - 1`, single precision, accurate near 0: to 2 ulp. */
export function expm1(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const { n, r } = reduce(v, between(v, x, -20, 89));
  const scale = v.let(power(v, i32x4.sub(n, v.bits(1))));
  const halved = v.madd(small(v, r), scale, ops.sub(scale, v.constant(0.5)));
  const y = v.let(ops.add(halved, halved));
  return v.choose(ops.lt(ops.abs(x), v.constant(1e-12)), x, y);
}

/** `tanh` near 0: `(tanh(x) - x) / x³` by x². Cephes, Moshier 1989, tanhf. */
const TANH = [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1];

/** `tanh`, single precision: to 2 ulp. */
export function tanh(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const square = v.let(ops.mul(x, x));
  const near = v.let(v.madd(ops.mul(v.polynomial(square, TANH), square), x, x));
  const size = v.let(ops.abs(x));
  const e = exp(v, v.let(ops.add(size, size)));
  const far = v.let(ops.sub(v.constant(1), ops.div(v.constant(2), ops.add(e, v.constant(1)))));
  return v.choose(ops.lt(size, v.constant(0.625)), near, withSign(v, far, x));
}

/** `1 / (1 + exp(-x))`, single precision, accurate on both tails. */
export function sigmoid(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const e = exp(v, v.let(ops.neg(ops.abs(x))));
  const top = v.choose(ops.lt(x, v.constant(0)), e, v.constant(1));
  return v.let(ops.div(top, ops.add(e, v.constant(1))));
}

/** `exp(-|x|)`, which softplus and its kin add under a logarithm. */
export const decay = (v: VectorCode, x: Local): Local => exp(v, v.let(v128.or(x, v.constant(-0))));

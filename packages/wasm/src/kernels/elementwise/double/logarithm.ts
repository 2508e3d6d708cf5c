import { type Code, f32x4, f64x2, i32, i64x2, type Local, v128 } from "../../../assembler/index.ts";
import type { VectorCode } from "../lanes.ts";

/** log 2 in two parts; products of the first with small integers are exact. */
export const LN2_HIGH = 0.6931471803691238;
export const LN2_LOW = 1.9082149292705877e-10;
/** log₁₀ 2 in two parts, likewise. FreeBSD msun e_log10.c. */
const LOG2_HIGH = 0.30102999566361177;
const LOG2_LOW = 3.694239077158931e-13;
/** `log((1 + s) / (1 - s)) / s - 2` by s², highest first. FreeBSD msun e_log.c (Sun Microsystems 1993). */
const LOG = [
  0.14798198605116586, 0.15313837699209373, 0.1818357216161805, 0.22222198432149784, 0.2857142874366239, 0.3999999999940942, 0.6666666666666735,
];

/** `x = 2ᵉ m` with m in [from, 2 from), for a positive number. */
export function decompose(v: VectorCode, x: Local, from: number): { readonly e: Local; readonly m: Local } {
  const { ops } = v.lanes;
  const tiny = v.let(ops.lt(x, v.constant(2 ** -1022)));
  const scaled = v.choose(tiny, ops.mul(x, v.constant(2 ** 54)), x);
  const exponent = v.let(i64x2.shrS(i64x2.sub(scaled, v.constant(from)), i32.const(52)));
  const e = v.let(ops.sub(f64x2.convertLowI32(v128.shuffle(exponent, exponent, [0, 2, 0, 2])), v128.and(tiny, v.constant(54))));
  return { e, m: v.let(i64x2.sub(scaled, i64x2.shl(exponent, i32.const(52)))) };
}

/** `x = 2ᵉ (1 + f)` with `1 + f` in [√½, √2), and `f - log(1 + f)` as `half - rest`. FreeBSD msun e_log.c. */
function split(v: VectorCode, x: Local): { readonly e: Local; readonly f: Local; readonly half: Local; readonly rest: Local } {
  const { ops } = v.lanes;
  const { e, m } = decompose(v, x, Math.SQRT1_2);
  const f = v.let(ops.sub(m, v.constant(1)));
  const s = v.let(ops.div(f, ops.add(f, v.constant(2))));
  const square = v.let(ops.mul(s, s));
  const half = v.let(ops.mul(ops.mul(f, f), v.constant(0.5)));
  return { e, f, half, rest: v.let(ops.mul(s, ops.add(half, ops.mul(square, v.polynomial(square, LOG))))) };
}

/** Minus infinity at 0, NaN below, infinity and NaN as they are. */
export function edges(v: VectorCode, x: Local, y: Code): Local {
  const { ops } = v.lanes;
  const finite = v.choose(ops.lt(x, v.constant(Infinity)), y, x);
  const atZero = v.choose(ops.eq(x, v.constant(0)), v.constant(-Infinity), finite);
  return v.let(v128.or(atZero, ops.lt(x, v.constant(0))));
}

/** `log`. */
export function log(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const { e, f, half, rest } = split(v, x);
  const correction = ops.add(rest, ops.mul(e, v.constant(LN2_LOW)));
  return edges(v, x, ops.sub(ops.mul(e, v.constant(LN2_HIGH)), ops.sub(ops.sub(half, correction), f)));
}

/** The logarithm to a base: `e` times that of 2, of which there are two parts, and the mantissa's natural logarithm times a factor. */
function toBase(v: VectorCode, x: Local, high: number, low: number, factor: number): Local {
  const { ops } = v.lanes;
  const { e, f, half, rest } = split(v, x);
  // Half of the digits, so that its product with half of the factor's is exact.
  const first = v.let(f64x2.promoteLow(f32x4.demoteZero(ops.sub(f, half))));
  const second = v.let(ops.add(ops.sub(ops.sub(f, first), half), rest));
  const factorHigh = Math.fround(factor);
  const tail = ops.add(ops.mul(second, v.constant(factor)), ops.add(ops.mul(first, v.constant(factor - factorHigh)), ops.mul(e, v.constant(low))));
  const top = v.let(ops.mul(first, v.constant(factorHigh)));
  const whole = v.let(ops.mul(e, v.constant(high)));
  const sum = v.let(ops.add(whole, top));
  const lost = ops.add(ops.sub(whole, sum), top);
  return edges(v, x, ops.add(ops.add(lost, tail), sum));
}

/** `log(1 + x)`, accurate near 0: what rounding `1 + x` lost is put back (Kahan; Goldberg 1991, theorem 4). */
export function log1p(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const sum = v.let(ops.add(x, v.constant(1)));
  const y = log(v, sum);
  const lost = ops.div(ops.sub(ops.sub(sum, v.constant(1)), x), sum);
  return v.choose(ops.lt(ops.abs(y), v.constant(Infinity)), v.choose(ops.eq(sum, v.constant(1)), x, ops.sub(y, lost)), y);
}

/** `log₂`; exact for powers of 2. */
export const log2 = (v: VectorCode, x: Local): Local => toBase(v, x, 1, 0, Math.LOG2E);

/** `log₁₀`. */
export const log10 = (v: VectorCode, x: Local): Local => toBase(v, x, LOG2_HIGH, LOG2_LOW, Math.LOG10E);

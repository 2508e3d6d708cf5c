import { type Code, f32x4, i32, i32x4, type Local, v128 } from "../../assembler/index.ts";
import type { VectorCode } from "./lanes.ts";

const LN2_HIGH = 0.693359375;
const LN2_LOW = -0.00021219444005469057;
const SQRT_HALF_BITS = 0x3f3504f3;
const SMALLEST_NORMAL = 2 ** -126;
/** `(log(1 + f) - f + f² / 2) / f³` on [√½ - 1, √2 - 1]. Cephes, Moshier 1989, logf. */
const LOG = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1,
  3.3333331174e-1,
];

/** `x = 2ᵉ (1 + f)` with `1 + f` in [√½, √2); subnormals too. */
function split(v: VectorCode, x: Local): { readonly e: Local; readonly f: Local } {
  const { ops } = v.lanes;
  const tiny = v.let(ops.lt(x, v.constant(SMALLEST_NORMAL)));
  const scaled = v.choose(tiny, ops.mul(x, v.constant(2 ** 23)), x);
  const exponent = v.let(i32x4.shrS(i32x4.sub(scaled, v.bits(SQRT_HALF_BITS)), i32.const(23)));
  const mantissa = i32x4.sub(scaled, i32x4.shl(exponent, i32.const(23)));
  const e = ops.sub(f32x4.convertI32(exponent), v128.and(tiny, v.constant(23)));
  return { e: v.let(e), f: v.let(ops.sub(mantissa, v.constant(1))) };
}

/** `log(1 + f) - f` for the f of `split`. */
function bend(v: VectorCode, f: Local): Code {
  const square = v.let(v.lanes.ops.mul(f, f));
  return v.madd(v.constant(-0.5), square, v.lanes.ops.mul(v.lanes.ops.mul(f, square), v.polynomial(f, LOG)));
}

/** Minus infinity at 0, NaN below, infinity and NaN as they are. */
function edges(v: VectorCode, x: Local, y: Code): Local {
  const { ops } = v.lanes;
  const finite = v.choose(ops.lt(x, v.constant(Infinity)), y, x);
  const atZero = v.choose(ops.eq(x, v.constant(0)), v.constant(-Infinity), finite);
  return v.let(v128.or(atZero, ops.lt(x, v.constant(0))));
}

/** `log`, single precision: to 1 ulp, subnormals too. */
export function log(v: VectorCode, x: Local): Local {
  const { e, f } = split(v, x);
  const y = v.let(v.madd(e, v.constant(LN2_LOW), bend(v, f)));
  return edges(v, x, v.madd(e, v.constant(LN2_HIGH), v.lanes.ops.add(f, y)));
}

/** `log2`, single precision; exact for powers of 2. */
export function log2(v: VectorCode, x: Local): Local {
  const { e, f } = split(v, x);
  return edges(v, x, v.madd(v.lanes.ops.add(f, bend(v, f)), v.constant(Math.LOG2E), e));
}

/** `log(1 + x)`, single precision, accurate near 0: what rounding `1 + x` lost is put back (Kahan; Goldberg 1991, theorem 4). */
export function log1p(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const sum = v.let(ops.add(x, v.constant(1)));
  const y = log(v, sum);
  const lost = ops.div(ops.sub(ops.sub(sum, v.constant(1)), x), sum);
  const mended = v.let(ops.sub(y, lost));
  return v.choose(ops.lt(ops.abs(y), v.constant(Infinity)), v.choose(ops.eq(sum, v.constant(1)), x, mended), y);
}

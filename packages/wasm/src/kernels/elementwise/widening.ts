import { f32x4, f64x2, i32, i64x2, type Local, v128 } from "../../assembler/index.ts";
import { double, VectorCode } from "./lanes.ts";

// Adding it to an integer puts the integer into the low bits: 1.5 · 2⁵².
const MAGIC = 6755399441055744;
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** Taylor's series of `exp`, from the 13th term down; on [-½ log 2, ½ log 2] the rest is below 1e-17. */
const EXP = Array.from({ length: 14 }, (_, k) => 1 / factorial(13 - k));
/** `log((1 + s) / (1 - s)) / s - 2` by s², highest first. FreeBSD msun e_log.c (Sun Microsystems 1993). */
const LOG = [
  0.14798198605116586, 0.15313837699209373, 0.1818357216161805, 0.22222198432149784, 0.2857142874366239, 0.3999999999940942, 0.6666666666666735,
];

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

/** `2ⁿ` for an integer n, given as a double, from -1022 to 1023. */
const power = (v: VectorCode, n: Local): Local => v.let(i64x2.shl(f64x2.add(n, v.constant(MAGIC + 1023)), i32.const(52)));

/** `exp`, double precision: to 1 ulp or so; overflows to infinity, fades through the subnormals to 0. */
export function expDouble(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const bounded = v.let(ops.pmax(ops.pmin(x, v.constant(710)), v.constant(-746)));
  const n = v.let(ops.nearest(ops.mul(bounded, v.constant(Math.LOG2E))));
  const high = v.let(ops.sub(bounded, ops.mul(n, v.constant(LN2_HIGH))));
  const low = v.let(ops.mul(n, v.constant(LN2_LOW)));
  const r = v.let(ops.sub(high, low));
  // What rounding r lost: the derivative of exp is about 1 there.
  const lost = v.let(ops.sub(ops.sub(high, r), low));
  const tail = v.let(ops.add(ops.mul(v.polynomial(r, EXP.slice(0, -2)), ops.mul(r, r)), lost));
  const y = v.let(ops.add(ops.add(tail, r), v.constant(1)));
  const half = v.let(ops.trunc(ops.mul(n, v.constant(0.5))));
  return v.let(ops.mul(ops.mul(y, power(v, half)), power(v, v.let(ops.sub(n, half)))));
}

/** `log`, double precision: to 1 ulp. FreeBSD msun e_log.c (Sun Microsystems 1993). */
export function logDouble(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const tiny = v.let(ops.lt(x, v.constant(2 ** -1022)));
  const scaled = v.choose(tiny, ops.mul(x, v.constant(2 ** 54)), x);
  const exponent = v.let(i64x2.shrS(i64x2.sub(scaled, v.constant(Math.SQRT1_2)), i32.const(52)));
  const mantissa = i64x2.sub(scaled, i64x2.shl(exponent, i32.const(52)));
  const e = v.let(ops.sub(f64x2.convertLowI32(v128.shuffle(exponent, exponent, [0, 2, 0, 2])), v128.and(tiny, v.constant(54))));
  const f = v.let(ops.sub(mantissa, v.constant(1)));
  const s = v.let(ops.div(f, ops.add(f, v.constant(2))));
  const square = v.let(ops.mul(s, s));
  const rest = ops.mul(square, v.polynomial(square, LOG));
  const half = v.let(ops.mul(ops.mul(f, f), v.constant(0.5)));
  const correction = ops.add(ops.mul(s, ops.add(half, rest)), ops.mul(e, v.constant(LN2_LOW)));
  const y = ops.sub(ops.mul(e, v.constant(LN2_HIGH)), ops.sub(ops.sub(half, correction), f));
  const finite = v.choose(ops.lt(x, v.constant(Infinity)), y, x);
  const atZero = v.choose(ops.eq(x, v.constant(0)), v.constant(-Infinity), finite);
  return v.let(v128.or(atZero, ops.lt(x, v.constant(0))));
}

/** Spells a single-precision function in double precision: the arguments are widened, two at a time, and the results narrowed. */
export const widened =
  (spell: (v: VectorCode, ...args: Local[]) => Local) =>
  (v: VectorCode, ...args: Local[]): Local => {
    const wide = new VectorCode(v.f, double, v.fused, Math.min(v.active, 2), v.calls);
    const half = (pick: (arg: Local) => Local): Local =>
      v.let(f32x4.demoteZero(spell(wide, ...args.map((arg) => wide.let(f64x2.promoteLow(pick(arg)))))));
    const low = half((arg) => arg);
    if (v.active === 1) return low;
    const high = half((arg) => v.let(v128.shuffle(arg, arg, [2, 3, 2, 3])));
    return v.let(v128.shuffle(low, high, [0, 1, 4, 5]));
  };

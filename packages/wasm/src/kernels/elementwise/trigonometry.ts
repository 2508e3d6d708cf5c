import { f32x4, f64x2, i32, i32x4, type Local, v128 } from "../../assembler/index.ts";
import { double, VectorCode } from "./lanes.ts";

// Adding it to a number rounds that to an integer, which then stands in the low bits: 1.5 · 2⁵².
const MAGIC = 6755399441055744;
// π/2 in two parts; products of the first with small integers are exact. FreeBSD msun e_rem_pio2.c (Sun Microsystems 1993).
const HALF_PI_HIGH = 1.5707963267341256;
const HALF_PI_LOW = 6.077100506506192e-11;
/** Beyond it the reduction would lose digits; such numbers are computed one by one. */
const FAR = 2 ** 20;
/** `sin(r) / r - 1` and `cos(r) - 1 + r² / 2` by r² on [-π/4, π/4]. Cephes, Moshier 1989, sinf. */
const SIN = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1];
const COS = [2.443315711809948e-5, -0.001388731625493765, 0.04166664568298827];

/** `x = n π/2 + r` with |r| ≤ π/4, computed in double precision; n in the low bits of integers. */
function reduce(v: VectorCode, x: Local): { readonly n: Local; readonly r: Local } {
  const wide = new VectorCode(v.f, double, v.fused, 2, v.calls);
  const magic = wide.constant(MAGIC);
  const half = (part: Local): { n: Local; r: Local } => {
    const y = wide.let(f64x2.promoteLow(part));
    const n = wide.let(wide.madd(y, wide.constant(2 / Math.PI), magic));
    const turns = wide.let(f64x2.sub(n, magic));
    const r = wide.madd(turns, wide.constant(-HALF_PI_LOW), wide.madd(turns, wide.constant(-HALF_PI_HIGH), y));
    return { n, r: v.let(f32x4.demoteZero(r)) };
  };
  const low = half(x);
  const high = half(v.let(v128.shuffle(x, x, [2, 3, 2, 3])));
  return { n: v.let(v128.shuffle(low.n, high.n, [0, 2, 4, 6])), r: v.let(v128.shuffle(low.r, high.r, [0, 1, 4, 5])) };
}

/** The sine of a reduced number, `quarters` quarter turns on. */
function wave(v: VectorCode, n: Local, r: Local): Local {
  const { ops } = v.lanes;
  const square = v.let(ops.mul(r, r));
  const sine = v.let(v.madd(ops.mul(v.polynomial(square, SIN), square), r, r));
  const bend = v.madd(ops.mul(v.polynomial(square, COS), square), square, ops.mul(square, v.constant(-0.5)));
  const cosine = v.let(ops.add(bend, v.constant(1)));
  const odd = i32x4.shrS(i32x4.shl(n, i32.const(31)), i32.const(31));
  const negative = i32x4.shl(v128.and(n, v.bits(2)), i32.const(30));
  return v.let(v128.xor(v.choose(odd, cosine, sine), negative));
}

const turning =
  (name: "sin" | "cos") =>
  (v: VectorCode, x: Local): Local => {
    const { ops } = v.lanes;
    const result = v.let(x);
    v.f.if(
      v128.anyTrue(v128.not(ops.lt(ops.abs(x), v.constant(FAR)))),
      () => v.f.emit(result.set(v.each(name, [x]))),
      () => {
        const { n, r } = reduce(v, x);
        v.f.emit(result.set(wave(v, name === "sin" ? n : v.let(i32x4.add(n, v.bits(1))), r)));
      },
    );
    return result;
  };

/** `sin`, single precision: to 1 ulp or so. */
export const sin = turning("sin");

/** `cos`, single precision: to 1 ulp or so. */
export const cos = turning("cos");

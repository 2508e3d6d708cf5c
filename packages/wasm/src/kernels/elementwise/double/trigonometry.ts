import { i32, i32x4, type Local, v128 } from "../../../assembler/index.ts";
import type { VectorCode } from "../lanes.ts";

// Adding it to a number rounds that to an integer, which then stands in the low bits: 1.5 · 2⁵².
const MAGIC = 6755399441055744;
/** π/2 in three parts; products of the first two with integers below 2²⁰ are exact. FreeBSD msun e_rem_pio2.c (Sun Microsystems 1993). */
const HALF_PI = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21] as const;
/** Beyond it the reduction would lose digits; such numbers are computed one by one. */
const FAR = 2 ** 20;
/** FreeBSD msun k_sin.c and k_cos.c, highest power first. */
const SIN = [1.58969099521155e-10, -2.5050760253406863e-8, 2.7557313707070068e-6, -1.984126982985795e-4, 8.33333333332249e-3];
const SIN_FIRST = -0.16666666666666632;
const COS = [
  -1.1359647557788195e-11, 2.087572321298175e-9, -2.7557314351390663e-7, 2.480158728947673e-5, -1.388888888887411e-3, 4.1666666666666602e-2,
];

/** A number within π/4, what rounding it lost, and its quarter turns in the low bits of each double. */
interface Reduced {
  readonly quarters: Local;
  readonly r: Local;
  readonly lost: Local;
}

function reduce(v: VectorCode, x: Local): Reduced {
  const { ops } = v.lanes;
  const quarters = v.let(ops.add(ops.mul(x, v.constant(2 / Math.PI)), v.constant(MAGIC)));
  const n = v.let(ops.sub(quarters, v.constant(MAGIC)));
  const coarse = v.let(ops.sub(x, ops.mul(n, v.constant(HALF_PI[0]))));
  const second = v.let(ops.mul(n, v.constant(HALF_PI[1])));
  const middle = v.let(ops.sub(coarse, second));
  const third = v.let(ops.sub(ops.mul(n, v.constant(HALF_PI[2])), ops.sub(ops.sub(coarse, middle), second)));
  const r = v.let(ops.sub(middle, third));
  return { quarters, r, lost: v.let(ops.sub(ops.sub(middle, r), third)) };
}

function sine(v: VectorCode, { r, lost }: Reduced): Local {
  const { ops } = v.lanes;
  const square = v.let(ops.mul(r, r));
  const cube = v.let(ops.mul(square, r));
  const bend = ops.sub(ops.mul(square, ops.sub(ops.mul(lost, v.constant(0.5)), ops.mul(cube, v.polynomial(square, SIN)))), lost);
  return v.let(ops.sub(r, ops.sub(bend, ops.mul(cube, v.constant(SIN_FIRST)))));
}

function cosine(v: VectorCode, { r, lost }: Reduced): Local {
  const { ops } = v.lanes;
  const square = v.let(ops.mul(r, r));
  const half = v.let(ops.mul(square, v.constant(0.5)));
  const high = v.let(ops.sub(v.constant(1), half));
  const bend = ops.sub(ops.mul(ops.mul(square, square), v.polynomial(square, COS)), ops.mul(r, lost));
  return v.let(ops.add(high, ops.add(ops.sub(ops.sub(v.constant(1), high), half), bend)));
}

/** The integer in the low bits of each double, in both of its halves. */
const both = (v: VectorCode, integer: Local): Local => v.let(v128.shuffle(integer, integer, [0, 0, 2, 2]));

/** All bits where the lowest bit of an integer is 1. */
const odd = (v: VectorCode, n: Local): Local => v.let(i32x4.shrS(i32x4.shl(n, i32.const(31)), i32.const(31)));

/** A function of turns; where a number is too large for the reduction, the host's. */
const turning =
  (name: "sin" | "cos" | "tan", spell: (v: VectorCode, reduced: Reduced) => Local) =>
  (v: VectorCode, x: Local): Local => {
    const { ops } = v.lanes;
    const result = v.let(x);
    v.f.if(
      v128.anyTrue(v128.not(ops.lt(ops.abs(x), v.constant(FAR)))),
      () => v.f.emit(result.set(v.each(name, [x]))),
      () => v.f.emit(result.set(spell(v, reduce(v, x)))),
    );
    return result;
  };

/** The sine, so many quarter turns on. */
const wave =
  (ahead: 0 | 1) =>
  (v: VectorCode, reduced: Reduced): Local => {
    const n = v.let(i32x4.add(both(v, reduced.quarters), v.bits(ahead)));
    const negative = v128.and(i32x4.shl(n, i32.const(30)), v.constant(-0));
    return v.let(v128.xor(v.choose(odd(v, n), cosine(v, reduced), sine(v, reduced)), negative));
  };

/** `sin`. */
export const sin = turning("sin", wave(0));

/** `cos`. */
export const cos = turning("cos", wave(1));

/** `tan`. */
export const tan = turning("tan", (v, reduced) => {
  const { ops } = v.lanes;
  const [s, c] = [sine(v, reduced), cosine(v, reduced)];
  const turned = odd(v, both(v, reduced.quarters));
  return v.let(ops.div(v.choose(turned, ops.neg(c), s), v.choose(turned, s, c)));
});

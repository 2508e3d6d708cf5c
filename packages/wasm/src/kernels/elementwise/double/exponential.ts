import { f64x2, i32, i64x2, type Local } from "../../../assembler/index.ts";
import type { VectorCode } from "../lanes.ts";
import { LN2_HIGH, LN2_LOW } from "./logarithm.ts";

// Adding it to an integer puts the integer into the low bits: 1.5 · 2⁵².
const MAGIC = 6755399441055744;

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

/** Taylor's series of `(exp(r) - 1 - r) / r²`, from the 11th power down; on [-½ log 2, ½ log 2] the rest is below 1e-17. */
const EXP = Array.from({ length: 12 }, (_, k) => 1 / factorial(13 - k));

/** A small number and what rounding it lost. */
interface Reduced {
  readonly n: Local;
  readonly r: Local;
  readonly lost: Local;
}

/** `x + rest = n log 2 + r` with an integer n and a small r. */
function reduce(v: VectorCode, x: Local, low: number, high: number, rest?: Local): Reduced {
  const { ops } = v.lanes;
  const bounded = v.let(ops.pmax(ops.pmin(x, v.constant(high)), v.constant(low)));
  const n = v.let(ops.nearest(ops.mul(bounded, v.constant(Math.LOG2E))));
  const coarse = v.let(ops.sub(bounded, ops.mul(n, v.constant(LN2_HIGH))));
  const less = v.let(ops.mul(n, v.constant(LN2_LOW)));
  const fine = rest === undefined ? less : v.let(ops.sub(less, rest));
  const r = v.let(ops.sub(coarse, fine));
  return { n, r, lost: v.let(ops.sub(ops.sub(coarse, r), fine)) };
}

/** `exp(r) - 1`; its derivative is about 1 there. */
function small(v: VectorCode, { r, lost }: Pick<Reduced, "r" | "lost">): Local {
  const { ops } = v.lanes;
  return v.let(ops.add(ops.add(ops.mul(v.polynomial(r, EXP), ops.mul(r, r)), lost), r));
}

/** `2ⁿ` for an integer n, given as a double, from -1022 to 1023. */
export const power = (v: VectorCode, n: Local): Local => v.let(i64x2.shl(f64x2.add(n, v.constant(MAGIC + 1023)), i32.const(52)));

/** `y 2ⁿ`, in two steps, because 2ⁿ itself may be out of range where the product is not. */
export function scaled(v: VectorCode, y: Local, n: Local): Local {
  const { ops } = v.lanes;
  const half = v.let(ops.trunc(ops.mul(n, v.constant(0.5))));
  return v.let(ops.mul(ops.mul(y, power(v, half)), power(v, v.let(ops.sub(n, half)))));
}

/** `exp`: overflows to infinity, fades through the subnormals to 0. Of a number in two parts, the second small beside 1, it takes both. */
export function exp(v: VectorCode, x: Local, rest?: Local): Local {
  const reduced = reduce(v, x, -746, 710, rest);
  return scaled(v, v.let(v.lanes.ops.add(small(v, reduced), v.constant(1))), reduced.n);
}

/** `2ˣ`. */
export function exp2(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const bounded = v.let(ops.pmax(ops.pmin(x, v.constant(1025)), v.constant(-1080)));
  const n = v.let(ops.nearest(bounded));
  const r = v.let(ops.mul(ops.sub(bounded, n), v.constant(Math.LN2)));
  return scaled(v, v.let(ops.add(small(v, { r, lost: v.constant(0) }), v.constant(1))), n);
}

/** `exp(x) - 1`, accurate near 0. */
export function expm1(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const reduced = reduce(v, x, -50, 710);
  const scale = power(v, v.let(ops.sub(reduced.n, v.constant(1))));
  const halved = v.let(ops.add(ops.mul(small(v, reduced), scale), ops.sub(scale, v.constant(0.5))));
  return v.choose(ops.lt(ops.abs(x), v.constant(1e-17)), x, ops.add(halved, halved));
}

/** `exp(-|x|)`. */
export const decay = (v: VectorCode, x: Local): Local => exp(v, v.let(v.lanes.ops.neg(v.lanes.ops.abs(x))));

import type { Local } from "../../../assembler/index.ts";
import { withSign } from "../arithmetic.ts";
import type { VectorCode } from "../lanes.ts";

/** `(atan(x) - x) / x³` by x² as a quotient, for |x| ≤ 0.66, highest power first. Cephes, Moshier 1995, atan. */
const TOP = [-0.8750608600031904, -16.157537187333652, -75.00855792314705, -122.88666844901361, -64.85021904942025];
const BOTTOM = [1, 24.858464901423062, 165.02700983169885, 432.88106049129027, 485.3903996359137, 194.5506571482614];
/** π/4 and what it lost when it was rounded. */
const QUARTER_LOST = 3.061616997868383e-17;

/** `atan` of a number from 0 to 1. */
function inner(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const one = v.constant(1);
  const large = v.let(ops.gt(x, v.constant(0.66)));
  const y = v.choose(large, ops.div(ops.sub(x, one), ops.add(x, one)), x);
  const square = v.let(ops.mul(y, y));
  const bend = ops.div(ops.mul(square, v.polynomial(square, TOP)), v.polynomial(square, BOTTOM));
  const angle = v.let(ops.add(ops.mul(y, bend), y));
  const turned = ops.add(v.constant(Math.PI / 4), ops.add(angle, v.constant(QUARTER_LOST)));
  return v.choose(large, turned, angle);
}

/** The angle of a point, from -π to π: C's `atan2(a, b)`. */
export function atan2(v: VectorCode, a: Local, b: Local): Local {
  const { ops } = v.lanes;
  const [height, width] = [v.let(ops.abs(a)), v.let(ops.abs(b))];
  const [less, more] = [v.let(ops.min(height, width)), v.let(ops.max(height, width))];
  // Zeros and infinities count as 0 and as equal.
  const quotient = v.choose(ops.eq(less, v.constant(0)), less, ops.div(less, more));
  const slope = v.choose(ops.eq(less, v.constant(Infinity)), v.constant(1), quotient);
  const angle = inner(v, slope);
  const steep = v.choose(ops.gt(height, width), ops.add(ops.sub(v.constant(Math.PI / 2), angle), v.constant(2 * QUARTER_LOST)), angle);
  const behind = ops.lt(withSign(v, v.constant(1), b), v.constant(0));
  const whole = v.choose(behind, ops.add(ops.sub(v.constant(Math.PI), steep), v.constant(4 * QUARTER_LOST)), steep);
  return v.let(withSign(v, whole, a));
}

/** `atan`. */
export const atan = (v: VectorCode, x: Local): Local => atan2(v, x, v.constant(1));

/** The other side of a right triangle under a hypotenuse of 1. */
const beside = (v: VectorCode, x: Local): Local => {
  const { ops } = v.lanes;
  const one = v.constant(1);
  return v.let(ops.sqrt(ops.mul(ops.sub(one, x), ops.add(one, x))));
};

/** `asin`. */
export const asin = (v: VectorCode, x: Local): Local => atan2(v, x, beside(v, x));

/** `acos`. */
export const acos = (v: VectorCode, x: Local): Local => atan2(v, beside(v, x), x);

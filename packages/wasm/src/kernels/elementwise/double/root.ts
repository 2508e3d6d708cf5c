import { type Local, v128 } from "../../../assembler/index.ts";
import { withSign } from "../arithmetic.ts";
import type { VectorCode } from "../lanes.ts";
import { exp } from "./exponential.ts";
import { log } from "./logarithm.ts";

/** `√(a² + b²)` without overflow; infinite where either is, even beside NaN. */
export function hypot(v: VectorCode, a: Local, b: Local): Local {
  const { ops } = v.lanes;
  const infinity = v.constant(Infinity);
  const [height, width] = [v.let(ops.abs(a)), v.let(ops.abs(b))];
  const infinite = v.let(v128.or(ops.eq(height, infinity), ops.eq(width, infinity)));
  const [less, more] = [v.let(ops.min(height, width)), v.let(ops.max(height, width))];
  const slope = v.choose(ops.eq(less, v.constant(0)), less, ops.div(less, more));
  return v.choose(infinite, infinity, ops.mul(more, ops.sqrt(ops.add(ops.mul(slope, slope), v.constant(1)))));
}

/** The cube root: by logarithm and exponential, then a step of Newton's method. */
export function cbrt(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const size = v.let(ops.abs(x));
  const root = exp(v, v.let(ops.mul(log(v, size), v.constant(1 / 3))));
  const ratio = v.let(ops.div(size, ops.mul(root, root)));
  const better = ops.sub(root, ops.mul(ops.sub(root, ratio), v.constant(1 / 3)));
  const plain = v128.or(ops.eq(size, v.constant(0)), ops.eq(size, v.constant(Infinity)));
  return v.let(withSign(v, v.choose(plain, size, better), x));
}

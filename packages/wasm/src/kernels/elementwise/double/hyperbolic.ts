import { type Code, type Local, v128 } from "../../../assembler/index.ts";
import { withSign } from "../arithmetic.ts";
import type { VectorCode } from "../lanes.ts";
import { exp, expm1 } from "./exponential.ts";
import { log1p } from "./logarithm.ts";

/** Beyond it, `exp(-x)` no longer counts beside `exp(x)`. */
const FAR = 22;
/** Beyond it, 1 no longer counts beside the square. */
const HUGE = 2 ** 28;

/** `exp(x) / 2`, for numbers whose exponential may be out of range already. */
function halfExp(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const root = exp(v, v.let(ops.mul(x, v.constant(0.5))));
  return v.let(ops.mul(ops.mul(root, v.constant(0.5)), root));
}

/** `sinh`; far from 0 by the square of the exponential of the half, which is in range as long as the result is. */
export function sinh(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const [half, size] = [v.constant(0.5), v.let(ops.abs(x))];
  const far = v.let(ops.ge(size, v.constant(FAR)));
  const e = expm1(v, v.choose(far, ops.mul(size, half), size));
  const whole = v.let(ops.add(e, v.constant(1)));
  const near = ops.mul(ops.add(e, ops.div(e, whole)), half);
  return v.let(withSign(v, v.choose(far, ops.mul(ops.mul(whole, half), whole), near), x));
}

/** `cosh`. */
export function cosh(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const half = halfExp(v, v.let(ops.abs(x)));
  return v.let(ops.add(half, ops.div(v.constant(0.25), half)));
}

/** `tanh`, as `(exp(2x) - 1) / (exp(2x) + 1)`. */
export function tanh(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const size = v.let(ops.pmin(ops.abs(x), v.constant(FAR)));
  const e = expm1(v, v.let(ops.add(size, size)));
  return v.let(withSign(v, ops.div(e, ops.add(e, v.constant(2))), x));
}

/** `log(1 + small)`, or the logarithm of twice a huge number where there is one. */
function logOf(v: VectorCode, number: Local, small: Code): Local {
  const { ops } = v.lanes;
  const huge = v.let(ops.gt(number, v.constant(HUGE)));
  const y = log1p(v, v.choose(huge, ops.sub(number, v.constant(1)), small));
  return v.let(ops.add(y, v128.and(huge, v.constant(Math.LN2))));
}

/** `asinh`. */
export function asinh(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const size = v.let(ops.abs(x));
  const square = v.let(ops.mul(size, size));
  const root = ops.sqrt(ops.add(square, v.constant(1)));
  return v.let(withSign(v, logOf(v, size, ops.add(size, ops.div(square, ops.add(root, v.constant(1))))), x));
}

/** `acosh`. */
export function acosh(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const above = v.let(ops.sub(x, v.constant(1)));
  const y = logOf(v, x, ops.add(above, ops.sqrt(ops.mul(above, ops.add(above, v.constant(2))))));
  return v.let(v128.or(y, ops.lt(x, v.constant(1))));
}

/** `atanh`. */
export function atanh(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const size = v.let(ops.abs(x));
  const y = log1p(v, v.let(ops.div(ops.add(size, size), ops.sub(v.constant(1), size))));
  return v.let(withSign(v, ops.mul(y, v.constant(0.5)), x));
}

import { type Local, v128 } from "../../assembler/index.ts";
import { withSign } from "./arithmetic.ts";
import type { VectorCode } from "./lanes.ts";
import { expDouble, logDouble } from "./widening.ts";

// In double precision for single-precision results, so that formulas straight from the definition lose nothing but very near 0, where x itself,
// or the next term, is the value.

const TINY = 1e-4;

/** `sinh`. */
export function sinh(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const e = expDouble(v, x);
  const far = ops.mul(ops.sub(e, ops.div(v.constant(1), e)), v.constant(0.5));
  const near = ops.add(x, ops.mul(ops.mul(x, ops.mul(x, x)), v.constant(1 / 6)));
  return v.choose(ops.lt(ops.abs(x), v.constant(TINY)), near, far);
}

/** `cosh`. */
export function cosh(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const e = expDouble(v, x);
  return v.let(ops.mul(ops.add(e, ops.div(v.constant(1), e)), v.constant(0.5)));
}

/** `asinh`. */
export function asinh(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const size = v.let(ops.abs(x));
  const far = logDouble(v, v.let(ops.add(size, ops.sqrt(ops.add(ops.mul(x, x), v.constant(1))))));
  return v.choose(ops.lt(size, v.constant(TINY)), x, withSign(v, far, x));
}

/** `acosh`. */
export function acosh(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const y = logDouble(v, v.let(ops.add(x, ops.sqrt(ops.sub(ops.mul(x, x), v.constant(1))))));
  return v.let(v128.or(y, ops.lt(x, v.constant(1))));
}

/** `atanh`. */
export function atanh(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const one = v.constant(1);
  const far = ops.mul(logDouble(v, v.let(ops.div(ops.add(one, x), ops.sub(one, x)))), v.constant(0.5));
  const near = ops.add(x, ops.mul(ops.mul(x, ops.mul(x, x)), v.constant(1 / 3)));
  return v.choose(ops.lt(ops.abs(x), v.constant(TINY)), near, far);
}

/** `√(a² + b²)`; infinite where either is, even beside NaN. */
export function hypot(v: VectorCode, a: Local, b: Local): Local {
  const { ops } = v.lanes;
  const infinity = v.constant(Infinity);
  const infinite = v.let(v128.or(ops.eq(ops.abs(a), infinity), ops.eq(ops.abs(b), infinity)));
  return v.choose(infinite, infinity, ops.sqrt(ops.add(ops.mul(a, a), ops.mul(b, b))));
}

/** The cube root. */
export function cbrt(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const size = v.let(ops.abs(x));
  return v.let(withSign(v, expDouble(v, v.let(ops.mul(logDouble(v, size), v.constant(1 / 3)))), x));
}

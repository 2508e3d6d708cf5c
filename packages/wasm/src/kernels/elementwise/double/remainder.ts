import { type Code, i64x2, type Local, v128 } from "../../../assembler/index.ts";
import { withSign } from "../arithmetic.ts";
import type { VectorCode } from "../lanes.ts";
import { leading } from "./digits.ts";
import { power, scaled } from "./exponential.ts";
import { decompose } from "./logarithm.ts";

/** Quotients below it can be taken off in one step. */
const STEP = 2 ** 26;
/** Binary digits of a quotient that the long division finds at a time. */
const DIGITS = 24;

/**
 * What is left of r when the multiples of y are taken off, exactly, for a quotient below `STEP`. The divisor is rounded up to its upper half: then the
 * product with that is exact, the difference from r is no larger than the product with what rounding added, and no digit of either is lost.
 */
function rest(v: VectorCode, r: Local, y: Local, quotient: Code): Local {
  const { ops } = v.lanes;
  const q = v.let(ops.trunc(quotient));
  const high = leading(v, i64x2.add(y, v.constant((2 ** 27 - 1) * 2 ** -1074)), 26);
  const left = v.let(ops.add(ops.sub(r, ops.mul(q, high)), ops.mul(q, ops.sub(high, y))));
  // The quotient may have been rounded up to the next integer.
  return v.let(ops.add(left, v128.and(y, ops.lt(left, v.constant(0)))));
}

/** Long division, for quotients of any size: the mantissa is shifted and reduced until the exponents agree. */
function longDivision(v: VectorCode, a: Local, b: Local): Local {
  const { ops } = v.lanes;
  const [dividend, divisor] = [decompose(v, a, 1), decompose(v, b, 1)];
  const zero = v.constant(0);
  const r = dividend.m;
  const apart = v.let(ops.sub(dividend.e, divisor.e));
  v.f.doWhile(
    () => {
      const shift = v.let(ops.pmax(ops.pmin(apart, v.constant(DIGITS)), zero));
      const shifted = v.let(ops.mul(r, power(v, shift)));
      v.f.emit(r.set(rest(v, shifted, divisor.m, ops.div(shifted, divisor.m))), apart.set(ops.sub(apart, shift)));
    },
    () => v128.anyTrue(ops.gt(apart, zero)),
  );
  return scaled(v, r, divisor.e);
}

/** The remainder with the sign of the dividend, exact: C's `fmod`. */
export function fmod(v: VectorCode, a: Local, b: Local): Local {
  const { ops } = v.lanes;
  const [size, divisor] = [v.let(ops.abs(a)), v.let(ops.abs(b))];
  const quotient = v.let(ops.div(size, divisor));
  const result = v.let(size);
  const plain = v128.and(ops.lt(quotient, v.constant(STEP)), ops.lt(size, v.constant(2 ** 1023)));
  v.f.if(
    v128.anyTrue(v128.not(plain)),
    () => v.f.emit(result.set(longDivision(v, size, divisor))),
    () => v.f.emit(result.set(rest(v, size, divisor, quotient))),
  );
  const whole = v.choose(ops.lt(size, divisor), a, withSign(v, result, a));
  const defined = v128.and(ops.lt(size, v.constant(Infinity)), ops.gt(divisor, v.constant(0)));
  return v.let(v128.or(whole, v128.not(defined)));
}

/** The remainder with the sign of the divisor, as Python's `%`. */
export function remainder(v: VectorCode, a: Local, b: Local): Local {
  const { ops } = v.lanes;
  const zero = v.constant(0);
  const r = fmod(v, a, b);
  const opposite = v128.xor(ops.lt(r, zero), ops.lt(b, zero));
  return v.choose(v128.and(opposite, ops.ne(r, zero)), ops.add(r, b), r);
}

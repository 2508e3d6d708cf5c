import { type Code, type Local, v128 } from "../../assembler/index.ts";
import { exp } from "./double/exponential.ts";
import { log } from "./double/logarithm.ts";
import type { VectorCode } from "./lanes.ts";

/** `aᵇ` with the special cases of C's pow (ISO C11, F.10.4.4), for arguments that single precision can hold, in double precision. */
export function pow(v: VectorCode, a: Local, b: Local): Local {
  const { ops } = v.lanes;
  const [zero, one, infinity] = [v.constant(0), v.constant(1), v.constant(Infinity)];
  const both = (x: Code, y: Code): Code => v128.and(x, y);
  const size = v.let(ops.abs(a));
  const plain = v.let(exp(v, v.let(ops.mul(b, log(v, size)))));
  const whole = v.let(ops.eq(ops.trunc(b), b));
  const halved = v.let(ops.mul(b, v.constant(0.5)));
  const odd = v.let(v128.andNot(both(whole, ops.lt(ops.abs(b), infinity)), ops.eq(ops.trunc(halved), halved)));
  const signed = v.let(v128.xor(plain, both(both(a, v.constant(-0)), odd)));
  const undefinedRoot = both(both(ops.lt(a, zero), ops.lt(size, infinity)), v128.not(whole));
  const rooted = v.let(v128.or(signed, undefinedRoot));
  const unit = v.let(v128.or(v128.or(ops.eq(b, zero), ops.eq(a, one)), both(ops.eq(size, one), ops.eq(ops.abs(b), infinity))));
  return v.choose(unit, one, rooted);
}

import { type Code, type Local, v128 } from "../../assembler/index.ts";
import { exp } from "./double/exponential.ts";
import { log } from "./double/logarithm.ts";
import type { VectorCode } from "./lanes.ts";

type Power = (v: VectorCode, a: Local, b: Local) => Local;

/** `aᵇ` with the special cases of C's pow (ISO C11, F.10.4.4), in double precision, from a form for a ≥ 0. */
export const powerBy =
  (magnitude: Power): Power =>
  (v, a, b) => {
    const { ops } = v.lanes;
    const [zero, one, infinity] = [v.constant(0), v.constant(1), v.constant(Infinity)];
    const both = (x: Code, y: Code): Code => v128.and(x, y);
    const size = v.let(ops.abs(a));
    const plain = magnitude(v, size, b);
    const whole = v.let(ops.eq(ops.trunc(b), b));
    const halved = v.let(ops.mul(b, v.constant(0.5)));
    const odd = v.let(v128.andNot(both(whole, ops.lt(ops.abs(b), infinity)), ops.eq(ops.trunc(halved), halved)));
    const signed = v.let(v128.xor(plain, both(both(a, v.constant(-0)), odd)));
    const undefinedRoot = both(both(ops.lt(a, zero), ops.lt(size, infinity)), v128.not(whole));
    const rooted = v.let(v128.or(signed, undefinedRoot));
    const unit = v.let(v128.or(v128.or(ops.eq(b, zero), ops.eq(a, one)), both(ops.eq(size, one), ops.eq(ops.abs(b), infinity))));
    return v.choose(unit, one, rooted);
  };

/** `aᵇ` for arguments that single precision can hold. */
export const pow = powerBy((v, a, b) => exp(v, v.let(v.lanes.ops.mul(b, log(v, a)))));

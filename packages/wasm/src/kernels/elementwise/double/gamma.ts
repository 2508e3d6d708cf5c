import { type Local, v128 } from "../../../assembler/index.ts";
import type { VectorCode } from "../lanes.ts";
import { log } from "./logarithm.ts";

/** A function as a number and a quotient of polynomials. */
interface Quotient {
  readonly middle: number;
  readonly top: readonly number[];
  readonly bottom: readonly number[];
}

// All coefficients, highest power first, are our own fits: quotients by Lawson's iteration and polynomials by Remez's algorithm, to 3e-18 or 6e-18.

/** `log Γ(1 + s) / (s (s - 1))` by s from 0 to 3, as what it is more than its middle, so that rounding the quotient counts for little. */
const LGAMMA: Quotient = {
  middle: 0.375,
  top: [
    -0.36926410237949203, -24.262778314122087, -420.58330803509716, -2767.747222631115, -7251.77234260747, -3567.462961599963, 15596.180523751493,
    25526.58486029003, 11301.793816833237,
  ],
  bottom: [
    1, 76.0515317675711, 1671.4746134637037, 15740.626885738611, 74700.47254658905, 191876.1223878419, 269476.4531199087, 194018.77556711127,
    55889.803702084835,
  ],
};
/** What Stirling's formula for `log Γ(x)` lacks, times x, by 1 / x² for x ≥ 4. */
const STIRLING = [
  -0.008138986748531961, 0.004625207876540172, -0.0018222403198128513, 8.385837586501487e-4, -5.951749089877756e-4, 7.936500937598451e-4,
  -0.002777777774155987, 0.08333333333332792,
];
/** `(log(2π) - 1) / 2`. */
const STIRLING_END = 0.4189385332046727;

/** `ψ(1 + s) / (s - s₀)` by s from 0 to 3 in the same way, with the zero s₀ in two parts. */
const DIGAMMA: Quotient = {
  middle: 0.625,
  top: [
    -0.619826682949772, -48.27028453696546, -1015.7720943390892, -8091.916778178503, -24090.160583978202, -3503.726145150506, 91717.44652061886,
    100976.59062490007,
  ],
  bottom: [
    1, 85.81427256462982, 2142.892867816556, 22698.046804265607, 116916.37622824038, 302140.5648619156, 367328.49573780433, 161464.33915859731,
  ],
};
const ZERO = 0.46163214496836236;
const ZERO_LOST = -1.5522348162858677e-17;
/** `x² (log(x) - 1 / 2x - ψ(x))` by 1 / x² for x ≥ 4. */
const DIGAMMA_FAR = [
  0.46764490171237383, -0.23814542425410035, 0.07187104953193083, -0.020666056851709344, 0.0075655591908845125, -0.004166518365483529,
  0.00396825278144869, -0.008333333329142219, 0.08333333333333028,
];

/** `sin(πr) / πr` by r² up to ¼. */
const SIN_PI = [
  2.449307742569754e-7, -6.972000455823796e-6, 1.484278008607867e-4, -0.002346080886820711, 0.02614784780452919, -0.19075182412143046,
  0.8117424252833373, -1.6449340668482262, 1,
];

/** `sin(πr) / π` for |r| ≤ ½. */
const sinPi = (v: VectorCode, r: Local): Local => v.let(v.lanes.ops.mul(r, v.polynomial(v.let(v.lanes.ops.mul(r, r)), SIN_PI)));

/** How far a number is from the nearest integer. */
const fromInteger = (v: VectorCode, x: Local): Local => v.let(v.lanes.ops.sub(x, v.lanes.ops.nearest(x)));

const evaluate = (v: VectorCode, x: Local, { middle, top, bottom }: Quotient): Local =>
  v.let(v.lanes.ops.add(v.constant(middle), v.lanes.ops.div(v.polynomial(x, top), v.polynomial(x, bottom))));

/** A number's magnitude, whether that is below 1, what it is more than 1 or, below 1, more than 0, and one over its square. */
interface Size {
  readonly size: Local;
  readonly small: Local;
  readonly s: Local;
  readonly inverse: Local;
  readonly z: Local;
}

function sizeOf(v: VectorCode, x: Local): Size {
  const { ops } = v.lanes;
  const one = v.constant(1);
  const size = v.let(ops.abs(x));
  const small = v.let(ops.lt(size, one));
  const inverse = v.let(ops.div(one, size));
  return { size, small, s: v.let(ops.sub(size, v128.andNot(one, small))), inverse, z: v.let(ops.mul(inverse, inverse)) };
}

/** `log |Γ(x)|`; for x < 0 by the reflection `Γ(x) Γ(-x) = -π / (x sin(πx))`. To 4 ulp, beside zeros below 0 to that of 1. */
export function lgamma(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const [zero, one, half] = [v.constant(0), v.constant(1), v.constant(0.5)];
  const { size, small, s, inverse, z } = sizeOf(v, x);
  const l = log(v, size);
  const near = ops.mul(ops.mul(s, ops.sub(s, one)), evaluate(v, s, LGAMMA));
  const rest = ops.add(ops.mul(v.polynomial(z, STIRLING), inverse), v.constant(STIRLING_END));
  const far = ops.add(ops.mul(ops.sub(size, half), ops.sub(l, one)), rest);
  // Below 1 it is the logarithm of Γ(1 + size).
  const base = v.choose(ops.lt(size, v.constant(4)), near, far);
  const y = v.let(ops.add(base, v128.and(ops.neg(l), small)));
  const negative = v.let(ops.lt(x, zero));
  v.f.if(v128.anyTrue(negative), () => {
    const wave = v.let(ops.abs(sinPi(v, fromInteger(v, size))));
    const reflected = ops.neg(ops.add(base, log(v, v.choose(small, wave, ops.mul(size, wave)))));
    // Infinity has no distance from an integer and counts as one.
    const below = v.choose(ops.gt(wave, zero), reflected, v.constant(Infinity));
    v.f.emit(y.set(v.choose(negative, below, y)));
  });
  return y;
}

/** `Γ'(x) / Γ(x)`; for x < 0 by the reflection `ψ(1 - x) = ψ(x) + π cot(πx)`. To 4 ulp, beside zeros below 0 to that of `log(-x)`. */
export function digamma(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const [zero, half] = [v.constant(0), v.constant(0.5)];
  const { size, small, s, inverse, z } = sizeOf(v, x);
  const fromZero = ops.sub(ops.sub(s, v.constant(ZERO)), v.constant(ZERO_LOST));
  const near = ops.mul(fromZero, evaluate(v, s, DIGAMMA));
  const far = ops.sub(log(v, size), ops.add(ops.mul(inverse, half), ops.mul(z, v.polynomial(z, DIGAMMA_FAR))));
  // Below 1 it is ψ(1 + size).
  const base = v.choose(ops.lt(size, v.constant(4)), near, far);
  const y = v.let(ops.sub(base, v128.and(ops.div(v.constant(1), x), small)));
  const negative = v.let(ops.lt(x, zero));
  v.f.if(v128.anyTrue(negative), () => {
    const r = fromInteger(v, size);
    const cosine = sinPi(v, v.let(ops.sub(half, ops.abs(r))));
    const cotangent = ops.mul(v.constant(Math.PI), ops.div(cosine, sinPi(v, r)));
    const reflected = ops.add(ops.add(base, v128.andNot(inverse, small)), cotangent);
    const pole = ops.eq(r, zero);
    v.f.emit(y.set(v.choose(negative, v128.or(reflected, pole), y)));
  });
  return y;
}

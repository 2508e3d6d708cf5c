import { type Local, v128 } from "../../../assembler/index.ts";
import type { VectorCode } from "../lanes.ts";
import { powerBy } from "../power.ts";
import { leading } from "./digits.ts";
import { exp } from "./exponential.ts";
import { decompose, edges, LN2_HIGH, LN2_LOW } from "./logarithm.ts";

/** `(log((1 + s) / (1 - s)) / 2s - 1 - s² / 3) · 3 / s⁴` by s², highest power first, for s² ≤ 0.02944: our own fit by Remez's algorithm, to 5e-18. */
const LOG = [
  0.17585110677983198, 0.175593191269533, 0.20002208475518898, 0.23076892414934008, 0.2727272750338679, 0.3333333333248237, 0.42857142857144054, 0.6,
];
/** Beyond it, either way, an exponential is infinite or 0. */
const FAR = 800;

/** A number as a sum: the first part has 26 digits, the second is small beside it. */
interface Parts {
  readonly high: Local;
  readonly low: Local;
}

/**
 * The logarithm of a positive number to 2⁻⁶⁴, after FreeBSD msun e_pow.c (Sun Microsystems 1993), but to base e and with another quotient:
 * `q = 2f / (3 (2 + f))` is 2/3 of the series' `s = f / (2 + f)`, so that `log(1 + f) = q (3 + s² + 3/5 s⁴ + …)` has no factor left that must be split.
 */
function logarithm(v: VectorCode, x: Local): Parts {
  const { ops } = v.lanes;
  const three = v.constant(3);
  const { e, m } = decompose(v, x, Math.SQRT1_2);
  const f = v.let(ops.sub(m, v.constant(1)));
  const twice = v.let(ops.add(f, f));
  const divisor = v.let(ops.add(ops.mul(f, three), v.constant(6)));
  const inverse = v.let(ops.div(v.constant(1), divisor));
  const q = v.let(ops.mul(twice, inverse));
  const qHigh = leading(v, q, 24);
  const top = leading(v, divisor, 26);
  const bottom = v.let(ops.add(ops.sub(twice, ops.sub(top, v.constant(6))), f));
  const qLow = v.let(ops.mul(ops.sub(ops.sub(twice, ops.mul(qHigh, top)), ops.mul(qHigh, bottom)), inverse));
  const ratio = v.constant(2.25);
  const square = v.let(ops.mul(ops.mul(q, q), ratio));
  const squareHigh = v.let(ops.mul(ops.mul(qHigh, qHigh), ratio));
  const series = ops.mul(ops.mul(square, square), v.polynomial(square, LOG));
  const rest = v.let(ops.add(ops.mul(ops.mul(qLow, ops.add(qHigh, q)), ratio), series));
  const factorHigh = leading(v, ops.add(ops.add(squareHigh, three), rest), 26);
  const factorLow = v.let(ops.sub(rest, ops.sub(ops.sub(factorHigh, three), squareHigh)));
  const main = v.let(ops.mul(qHigh, factorHigh));
  const side = v.let(ops.add(ops.add(ops.mul(qLow, factorHigh), ops.mul(factorLow, q)), ops.mul(e, v.constant(LN2_LOW))));
  const whole = v.let(ops.mul(e, v.constant(LN2_HIGH)));
  const sum = v.let(ops.add(whole, main));
  const lost = v.let(ops.add(ops.add(ops.sub(whole, sum), main), side));
  const high = leading(v, ops.add(sum, lost), 26);
  return { high, low: v.let(ops.sub(lost, ops.sub(high, sum))) };
}

/** `aᵇ` for a ≥ 0: the exponential of a product in two parts. */
export function magnitude(v: VectorCode, a: Local, b: Local): Local {
  const { ops } = v.lanes;
  const { high, low } = logarithm(v, a);
  const plain = v.let(ops.mul(b, edges(v, a, high)));
  const bounded = v.let(ops.lt(ops.abs(plain), v.constant(FAR)));
  const first = leading(v, b, 26);
  const product = v.choose(bounded, ops.mul(first, high), plain);
  const rest = ops.add(ops.mul(ops.sub(b, first), high), ops.mul(b, low));
  return exp(v, product, v.let(v128.and(rest, bounded)));
}

/** `aᵇ`, to 1.5 ulp. */
export const pow = powerBy(magnitude);

import { i32, type Local, select, v128 } from "../../../assembler/index.ts";
import type { VectorCode } from "../lanes.ts";
import { digamma } from "./gamma.ts";
import { magnitude } from "./power.ts";

/** Bernoulli numbers B2, B4, … B20 (DLMF 24.2). */
const BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330];
const LARGEST_ORDER = 150;
/** Up to it powers are a few multiplications. */
const FEW = 3;

/** The order n of a derivative, and what depends on it alone. */
interface Order {
  readonly n: Local;
  readonly factorial: Local;
  /** `x⁻ⁿ⁻ᵏ` for x ≥ 0. */
  readonly power: (x: Local, k: 0 | 1) => Local;
}

/** Hurwitz's zeta `Σ (q + k)⁻ⁿ⁻¹` for q ≥ 0: terms until Euler and Maclaurin's formula (DLMF 25.11.5) holds to 2e-17, then that. */
function zeta(v: VectorCode, { n, power }: Order, q: Local): Local {
  const { ops } = v.lanes;
  const [one, half] = [v.constant(1), v.constant(0.5)];
  const s = v.let(ops.add(n, one));
  const far = v.let(ops.add(n, v.constant(9)));
  const [sum, at] = [v.let(v.constant(0)), v.let(q)];
  v.f.while(
    () => v128.anyTrue(ops.lt(at, far)),
    () => {
      const near = v.let(ops.lt(at, far));
      v.f.emit(sum.set(ops.add(sum, v128.and(power(at, 1), near))), at.set(ops.add(at, v128.and(one, near))));
    },
  );
  const w = v.let(ops.div(one, at));
  const square = v.let(ops.mul(w, w));
  const series = BERNOULLI.reduceRight<Local | undefined>((inner, b, j) => {
    if (inner === undefined) return v.constant(b);
    const ratio = ops.mul(ops.mul(ops.add(s, v.constant(2 * j + 1)), ops.add(s, v.constant(2 * j + 2))), square);
    return v.let(ops.add(ops.mul(inner, ops.mul(ratio, v.constant(1 / ((2 * j + 3) * (2 * j + 4))))), v.constant(b)));
  }, undefined) as Local;
  const slope = ops.add(ops.mul(ops.mul(ops.mul(s, half), w), series), half);
  const rest = ops.add(ops.div(one, n), ops.mul(w, slope));
  return v.let(ops.add(sum, ops.mul(rest, power(at, 0))));
}

/** `(-1)ⁿ⁺¹ n! Σ (x + k)⁻ⁿ⁻¹` (DLMF 5.15.1) for a whole n from 1 on; below 0 the sum has a head of negative terms, a difference of two zetas. */
function derivative(v: VectorCode, order: Order, x: Local): Local {
  const { ops } = v.lanes;
  const [zero, one] = [v.constant(0), v.constant(1)];
  const halved = v.let(ops.mul(order.n, v.constant(0.5)));
  const even = v.let(ops.eq(ops.trunc(halved), halved));
  const negative = v.let(ops.lt(x, zero));
  const fraction = v.let(ops.sub(x, ops.floor(x)));
  const q = v.choose(negative, fraction, x);
  const [second, third] = [v.let(ops.sub(one, fraction)), v.choose(negative, ops.sub(one, x), one)];
  const [weight, next] = [v.let(one), v.choose(even, v.constant(-1), one)];
  const [sum, counts] = [v.let(zero), v.let(ops.eq(zero, zero))];
  const terms = v.f.let("i32", select(i32.const(3), i32.const(1), v128.anyTrue(negative)));
  v.f.countDown(terms, () => {
    v.f.emit(sum.set(ops.add(sum, v128.and(ops.mul(weight, zeta(v, order, q)), counts))));
    v.f.emit(counts.set(negative), q.set(second), second.set(third), weight.set(next), next.set(ops.neg(next)));
  });
  const signed = v128.xor(ops.mul(order.factorial, sum), v128.and(even, v.constant(-0)));
  const pole = v128.and(ops.le(x, zero), ops.eq(fraction, zero));
  const atPole = v128.or(v.constant(Infinity), even);
  const y = v.choose(pole, atPole, signed);
  return v.let(v128.or(y, ops.eq(x, v.constant(-Infinity))));
}

/** Powers of any order, by the logarithm. */
const anyPower =
  (v: VectorCode, n: Local): Order["power"] =>
  (x, k) =>
    magnitude(v, x, v.let(v.lanes.ops.sub(v.constant(-k), n)));

/** The derivative of `digamma` of one order, to 8 ulp, beside zeros below 0 to that of its terms; NaN for what is no order. */
export function polygammaOf(v: VectorCode, order: number, x: Local): Local {
  const { ops } = v.lanes;
  if (order === 0) return digamma(v, x);
  if (!Number.isInteger(order) || order < 0 || order > LARGEST_ORDER) return v.constant(NaN);
  let factorial = 1;
  for (let k = 2; k <= order; k++) factorial *= k;
  const n = v.constant(order);
  const fewFactors: Order["power"] = (a, k) => {
    const inverse = v.let(ops.div(v.constant(1), a));
    let product = inverse;
    for (let i = 1; i < order + k; i++) product = v.let(ops.mul(product, inverse));
    return product;
  };
  return derivative(v, { n, factorial: v.constant(factorial), power: order > FEW ? anyPower(v, n) : fewFactors }, x);
}

/** The same of an order that is computed too. */
export function polygamma(v: VectorCode, order: Local, x: Local): Local {
  const { ops } = v.lanes;
  const [one, most] = [v.constant(1), v.constant(LARGEST_ORDER)];
  const whole = ops.eq(ops.trunc(order), order);
  const known = v.let(v128.and(whole, v128.and(ops.ge(order, one), ops.le(order, most))));
  const n = v.choose(known, order, one);
  const [factorial, k] = [v.let(one), v.let(one)];
  v.f.doWhile(
    () => {
      const more = v.let(ops.lt(k, n));
      v.f.emit(k.set(ops.add(k, v128.and(one, more))));
      v.f.emit(factorial.set(ops.mul(factorial, v.choose(more, k, one))));
    },
    () => v128.anyTrue(ops.lt(k, n)),
  );
  const y = v.let(v128.or(derivative(v, { n, factorial, power: anyPower(v, n) }, x), v128.not(known)));
  return v.choose(ops.eq(order, v.constant(0)), digamma(v, x), y);
}

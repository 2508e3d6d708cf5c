// Bernoulli numbers B2, B4, … B20 (DLMF 24.2): every expansion below is written with them.
const bernoulli = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330];
const isPole = (x: number): boolean => x <= 0 && Number.isInteger(x);

/** `sin(πx)` with the period taken out first, so that it is exactly zero at the integers. */
function sinPi(x: number): number {
  const r = x - 2 * Math.round(x / 2);
  return Math.abs(r) <= 0.5 ? Math.sin(Math.PI * r) : Math.sin(Math.PI * (Math.sign(r) - r));
}

/** Hurwitz's zeta `Σ (q + k)^-s` for `s > 1`, `q = start > 0`, by Euler and Maclaurin (DLMF 25.11.5). */
function zeta(s: number, start: number): number {
  let [sum, q] = [0, start];
  for (; q < s + 8; q++) sum += q ** -s;
  let [rest, factor] = [1 / (s - 1) + 0.5 / q, s / 2 / (q * q)];
  bernoulli.forEach((b, j) => {
    rest += b * factor;
    factor *= ((s + 2 * j + 1) * (s + 2 * j + 2)) / ((2 * j + 3) * (2 * j + 4) * q * q);
  });
  return sum + rest * q ** (1 - s);
}

// lgamma(2 + s) = (1 - γ) s + Σ_{k>=2} (ζ(k) - 1) (-s)^k / k  (DLMF 5.7.3), where ζ(k) - 1 = ζ(k, 2).
const EULER = 0.5772156649015329;
let taylor: readonly number[] | undefined;

function aroundTwo(s: number): number {
  taylor ??= [1 - EULER, ...Array.from({ length: 28 }, (_, i) => ((-1) ** i * zeta(i + 2, 2)) / (i + 2))];
  return s * taylor.reduceRight((sum, coefficient) => sum * s + coefficient, 0);
}

/** `log |Γ(x)|` (DLMF 5.2.1); the poles give `inf`. */
export function lgamma(x: number): number {
  if (isPole(x) || Math.abs(x) === Infinity) return Infinity;
  if (x < 0) return -Math.log(Math.abs(sinPi(x)) / Math.PI) - Math.log(-x) - lgamma(-x);
  if (x >= 10) {
    const z = 1 / (x * x);
    const stirling = bernoulli.reduceRight((sum, b, j) => sum * z + b / ((2 * j + 2) * (2 * j + 1)), 0) / x;
    return x > 1e17 ? x * (Math.log(x) - 1) : (x - 0.5) * (Math.log(x) - 1) + (Math.log(2 * Math.PI) - 1) / 2 + stirling;
  }
  if (x < 0.5) return aroundTwo(x) - Math.log1p(x) - Math.log(x);
  if (x < 1.5) return aroundTwo(x - 1) - Math.log1p(x - 1);
  let [product, near] = [1, x];
  for (; near > 2.5; product *= near) near--;
  return Math.log(product) + aroundTwo(near - 2);
}

// The positive zero of digamma (DLMF 5.4.20) in two parts, and Taylor's series around it: digamma(zero + h) = Σ_{k>=1} -(-h)^k ζ(k + 1, zero).
const ZERO = 1.4616321449683622;
const ZERO_LOST = 9.549995429965697e-17;
let slopes: readonly number[] | undefined;

function aroundZero(h: number): number {
  slopes ??= Array.from({ length: 40 }, (_, k) => (-1) ** k * zeta(k + 2, ZERO));
  return h * slopes.reduceRight((sum, slope) => sum * h + slope, 0);
}

/** `Γ'(x) / Γ(x)` (DLMF 5.2.2): below 10 by recurrence from its zero, else the asymptotic series 5.11.2; `-inf` at 0, `NaN` at the other poles. */
export function digamma(x: number): number {
  if (x === 0) return Object.is(x, -0) ? Infinity : -Infinity;
  if (x === Infinity) return x;
  if (isPole(x) || x === -Infinity) return NaN;
  if (x < 0) {
    const r = x - Math.round(x);
    return digamma(1 - x) - (Math.PI * sinPi(0.5 - r)) / sinPi(r);
  }
  if (x < 10) {
    let [sum, near] = x < ZERO - 0.5 ? [-1 / x, x + 1] : [0, x];
    while (near > ZERO + 0.5) sum += 1 / --near;
    return sum + aroundZero(near - ZERO - ZERO_LOST);
  }
  const z = 1 / (x * x);
  return Math.log(x) - 0.5 / x - z * bernoulli.reduceRight((rest, b, j) => rest * z + b / (2 * j + 2), 0);
}

/**
 * The derivative of order `n` of `digamma` at `x`, for a whole `n` from 0 to 150 (DLMF 5.15.1); `NaN` for other orders.
 * A pole gives `inf`, or `NaN` where its two sides differ.
 */
export function polygamma(n: number, x: number): number {
  if (n === 0) return digamma(x);
  if (!Number.isInteger(n) || n < 0 || n > 150 || x === -Infinity) return NaN;
  const odd = n % 2 === 1;
  if (isPole(x)) return odd ? Infinity : NaN;
  let factorial = odd ? 1 : -1;
  for (let k = 2; k <= n; k++) factorial *= k;
  if (x === Infinity) return factorial * 0;
  if (x > 0) return factorial * zeta(n + 1, x);
  // Below zero the sum over (x + k)^-(n + 1) has a head of negative terms, which is itself a difference of two zetas.
  const f = x - Math.floor(x);
  const [up, down, rest] = [zeta(n + 1, f), zeta(n + 1, 1 - f), zeta(n + 1, 1 - x)];
  return factorial * (odd ? up + down - rest : up - down + rest);
}

import { literal, polynomial } from "./glsl.ts";

/** Maclaurin's series of erf to 1e-10 on [-1, 1], in powers of x². */
const erfSeries = Array.from({ length: 13 }, (_, n) => {
  let factorial = 1;
  for (let k = 2; k <= n; k++) factorial *= k;
  return ((-1) ** n * 2) / Math.sqrt(Math.PI) / factorial / (2 * n + 1);
}).reverse();

// (1 + 2x) exp(x²) erfc(x) on [0, inf) as a Chebyshev series in (x - 3.75) / (x + 3.75): Shepherd & Laframboise 1981, Math. Comp. 36:249. The first
// terms of the series that @gradtape/core uses.
const erfcTail = [
  1.1775789345674017, -0.004590054580646478, -0.08424913336651792, 0.05920993999819189, -0.026658668435305753, 0.009074997670705265,
  -0.002413163540417608, 0.0004907758365258086, -6.916973302501207e-5, 4.13902798607301e-6, 7.74038306619849e-7, -2.1886401049234397e-7,
  1.076499946567091e-8, 4.521959811218287e-9,
];

/** Clenshaw's recurrence as shader text. */
const clenshaw = (coefficients: readonly number[]): string =>
  [
    "float now = 0.0; float last = 0.0; float swap;",
    ...coefficients
      .slice(1)
      .reverse()
      .map((c) => `swap = now; now = 2.0 * t * now - last + ${literal(c)}; last = swap;`),
    `float sum = t * now - last + ${literal(coefficients[0])};`,
  ].join("\n  ");

/** ζ(k) - 1 by Euler and Maclaurin (DLMF 25.2.9). */
function zetaLess1(k: number): number {
  let sum = 0;
  for (let j = 2; j < 40; j++) sum += j ** -k;
  return sum + 40 ** (1 - k) / (k - 1) + 40 ** -k / 2 + (k * 40 ** (-k - 1)) / 12 - (k * (k + 1) * (k + 2) * 40 ** (-k - 3)) / 720;
}

// lgamma(2 + s) = (1 - γ) s + Σ (ζ(k) - 1) (-s)^k / k  (DLMF 5.7.3).
const gammaSeries = [1 - 0.5772156649015329, ...Array.from({ length: 22 }, (_, i) => ((-1) ** i * zetaLess1(i + 2)) / (i + 2))].reverse();

/** The error function, its inverse (Giles 2010) and the gamma functions in the shader's language. */
export const special: readonly string[] = [
  // exp(-x²): the square is split so that rounding it is not amplified by the exponential.
  "float m_gauss(float x) { float h = uintBitsToFloat(floatBitsToUint(x) & 0xfffff000u); return m_exp(-h * h) * m_exp((h - x) * (h + x)); }",
  `float m_erfctail(float x) {
  if (x > 10.1) return 0.0;
  float t = (x - 3.75) / (x + 3.75);
  ${clenshaw(erfcTail)}
  return m_gauss(x) * sum / (1.0 + 2.0 * x);
}`,
  `float m_erfcenter(float x) { float z = x * x; return x * ${polynomial("z", erfSeries)}; }`,
  `float m_erf(float a) {
  if (m_isnan(a)) return a;
  float x = abs(a);
  if (x < 1.0) return m_erfcenter(a);
  return a < 0.0 ? m_erfctail(x) - 1.0 : 1.0 - m_erfctail(x);
}`,
  `float m_erfc(float a) {
  if (m_isnan(a)) return a;
  if (abs(a) < 0.5) return 1.0 - m_erfcenter(a);
  return a < 0.0 ? 2.0 - m_erfctail(-a) : m_erfctail(a);
}`,
  `float m_erfinv(float a) {
  if (m_isnan(a) || abs(a) > 1.0) return m_nan();
  if (abs(a) == 1.0) return a * m_inf();
  float w = -(m_log1p(-a) + m_log1p(a));
  float v;
  if (w < 5.0) { w -= 2.5; v = ${polynomial("w", [2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164, 0.246640727, 1.50140941])}; }
  else { w = sqrt(w) - 3.0; v = ${polynomial("w", [-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047, 1.00167406, 2.83297682])}; }
  return v * a;
}`,
  "float m_sinpi(float x) { float r = x - 2.0 * floor(x * 0.5 + 0.5); if (abs(r) > 0.5) r = (r < 0.0 ? -1.0 : 1.0) - r; return m_sinpoly2(3.14159265359 * r); }",
  "bool m_pole(float x) { return x <= 0.0 && floor(x) == x; }",
  `float m_aroundtwo(float s) { return s * ${polynomial("s", gammaSeries)}; }`,
  `float m_lgammapositive(float x) {
  if (x >= 10.0) {
    float z = 1.0 / (x * x);
    return (x - 0.5) * (m_log(x) - 1.0) + 0.418938533205 + (0.0833333333333 - z * (0.00277777777778 - z * 0.000793650793651)) / x;
  }
  if (x < 0.5) return m_aroundtwo(x) - m_log1p(x) - m_log(x);
  if (x < 1.5) return m_aroundtwo(x - 1.0) - m_log1p(x - 1.0);
  float product = 1.0;
  for (int i = 0; i < 9; i++) { if (x <= 2.5) break; x -= 1.0; product *= x; }
  return m_log(product) + m_aroundtwo(x - 2.0);
}`,
  `float m_lgamma(float a) {
  if (m_isnan(a)) return a;
  if (m_isinf(a) || m_pole(a)) return m_inf();
  if (a < 0.0) return m_log(3.14159265359 / abs(a * m_sinpi(a))) - m_lgammapositive(-a);
  return m_lgammapositive(a);
}`,
  `float m_digammapositive(float x) {
  float sum = 0.0;
  for (int i = 0; i < 8; i++) { if (x >= 8.0) break; sum -= 1.0 / x; x += 1.0; }
  float z = 1.0 / (x * x);
  return sum + m_log(x) - 0.5 / x - z * (0.0833333333333 - z * (0.00833333333333 - z * 0.00396825396825));
}`,
  `float m_digamma(float a) {
  if (m_isnan(a)) return a;
  if (a == 0.0) return m_negative(a) ? m_inf() : -m_inf();
  if (m_isinf(a)) return a > 0.0 ? a : m_nan();
  if (m_pole(a)) return m_nan();
  if (a > 0.0) return m_digammapositive(a);
  float r = a - floor(a + 0.5);
  return m_digammapositive(1.0 - a) - 3.14159265359 / m_tan(3.14159265359 * r);
}`,
  // Hurwitz's zeta of whole s by Euler and Maclaurin (DLMF 25.11.5).
  `float m_zeta(float s, float q) {
  float sum = 0.0;
  for (int i = 0; i < 10; i++) { if (q >= 10.0) break; sum += 1.0 / m_wholepower(q, s); q += 1.0; }
  float z = 1.0 / (q * q);
  float rest = 1.0 / (s - 1.0) + 0.5 / q + s * z * (0.0833333333333 - (s + 1.0) * (s + 2.0) * z * (0.00138888888889 - (s + 3.0) * (s + 4.0) * z * 3.30687830688e-5));
  return sum + rest / m_wholepower(q, s - 1.0);
}`,
  `float m_polygamma(float a, float b) {
  if (a == 0.0) return m_digamma(b);
  if (m_isnan(a) || m_isnan(b) || floor(a) != a || a < 0.0 || a > 150.0 || (m_isinf(b) && b < 0.0)) return m_nan();
  bool odd = a - 2.0 * floor(a * 0.5) == 1.0;
  if (m_pole(b)) return odd ? m_inf() : m_nan();
  float factorial = odd ? 1.0 : -1.0;
  for (int k = 2; k <= 150; k++) { if (float(k) > a) break; factorial *= float(k); }
  if (m_isinf(b)) return factorial * 0.0;
  if (b > 0.0) return factorial * m_zeta(a + 1.0, b);
  float f = b - floor(b);
  float head = m_zeta(a + 1.0, 1.0 - f) - m_zeta(a + 1.0, 1.0 - b);
  return factorial * (m_zeta(a + 1.0, f) + (odd ? head : -head));
}`,
];

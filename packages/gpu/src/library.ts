import type { NativeFunction } from "./gpujs.ts";

/** Horner's scheme as shader text; coefficients from the highest power. */
const polynomial = (x: string, coefficients: readonly number[]): string =>
  coefficients.slice(1).reduce((sum, c) => `(${sum} * ${x} + ${literal(c)})`, literal(coefficients[0]));

/** A number as the shader's language writes it. */
export function literal(value: number): string {
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

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

/**
 * Functions in the shader's language, each after those that it calls. Built-in ones are only used where GLSL guarantees enough; the polynomials of exp, log
 * and the trigonometric and hyperbolic functions are those of Cephes (Moshier 1989), single precision, erfinv that of Giles 2010.
 */
const definitions: readonly string[] = [
  "bool m_isnan(float a) { return (floatBitsToUint(a) & 0x7fffffffu) > 0x7f800000u; }",
  "bool m_isinf(float a) { return (floatBitsToUint(a) & 0x7fffffffu) == 0x7f800000u; }",
  "bool m_negative(float a) { return (floatBitsToUint(a) & 0x80000000u) != 0u; }",
  "float m_inf() { return uintBitsToFloat(0x7f800000u); }",
  "float m_nan() { return uintBitsToFloat(0x7fc00000u); }",
  "int m_exponent(float a) { return int((floatBitsToUint(a) >> 23u) & 255u) - 127; }",
  // In two steps, so that neither power of two leaves the range.
  "float m_ldexp(float a, int k) { int h = k / 2; return a * intBitsToFloat((h + 127) << 23) * intBitsToFloat((k - h + 127) << 23); }",
  `float m_exppoly(float r) { return r * r * ${polynomial("r", [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1])} + r; }`,
  `float m_exp(float a) {
  if (m_isnan(a)) return a;
  if (a > 88.72284) return m_inf();
  if (a < -103.98) return 0.0;
  float k = floor(a * 1.442695041 + 0.5);
  float r = a - k * 0.693359375;
  r += k * 2.1219444005e-4;
  return m_ldexp(m_exppoly(r) + 1.0, int(k));
}`,
  `float m_exp2(float a) {
  if (m_isnan(a)) return a;
  if (a >= 128.0) return m_inf();
  if (a < -150.0) return 0.0;
  float k = floor(a + 0.5);
  return m_ldexp(m_exppoly((a - k) * 0.69314718056) + 1.0, int(k));
}`,
  "float m_expm1(float a) { if (abs(a) < 0.3465) return m_exppoly(a); return m_exp(a) - 1.0; }",
  // log(1 + f) less f, for 1 + f between the roots of 1/2 and 2.
  `float m_logpoly(float f) { float z = f * f; return f * z * ${polynomial("f", [7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1])} - 0.5 * z; }`,
  // Exponent and fraction less 1 of a positive normal number; the fraction lies between the roots of 1/2 and 2.
  `vec2 m_split(float a) {
  float e = 0.0;
  if (a < 1.17549435e-38) { a *= 16777216.0; e = -24.0; }
  int bits = floatBitsToInt(a);
  int k = (bits >> 23) - 127;
  float m = intBitsToFloat((bits & 0x7fffff) | 0x3f800000);
  if (m > 1.41421356) { m *= 0.5; k += 1; }
  return vec2(e + float(k), m - 1.0);
}`,
  `float m_logedge(float a) { return a == 0.0 ? -m_inf() : a < 0.0 ? m_nan() : a; }`,
  "bool m_loggable(float a) { return a > 0.0 && !m_isnan(a) && !m_isinf(a); }",
  `float m_log(float a) {
  if (!m_loggable(a)) return m_logedge(a);
  vec2 s = m_split(a);
  return (m_logpoly(s.y) - s.x * 2.1219444005e-4 + s.y) + s.x * 0.693359375;
}`,
  `float m_log2(float a) {
  if (!m_loggable(a)) return m_logedge(a);
  vec2 s = m_split(a);
  return (m_logpoly(s.y) + s.y) * 1.44269504089 + s.x;
}`,
  `float m_log10(float a) {
  if (!m_loggable(a)) return m_logedge(a);
  vec2 s = m_split(a);
  return (m_logpoly(s.y) + s.y) * 0.4342944819 + s.x * 4.6050389811e-6 + s.x * 0.301025390625;
}`,
  "float m_log1p(float a) { if (a > -0.2928 && a < 0.4142) return m_logpoly(a) + a; return m_log(1.0 + a); }",
  "float m_sqrt(float a) { return a < 0.0 ? m_nan() : sqrt(a); }",
  "float m_rsqrt(float a) { return 1.0 / m_sqrt(a); }",
  "float m_reciprocal(float a) { return 1.0 / a; }",
  "float m_square(float a) { return a * a; }",
  `float m_cbrt(float a) {
  if (a == 0.0 || m_isnan(a) || m_isinf(a)) return a;
  float x = abs(a);
  float y = m_exp(m_log(x) / 3.0);
  y -= (y * y * y - x) / (3.0 * y * y);
  return a < 0.0 ? -y : y;
}`,
  `float m_hypot(float a, float b) {
  if (m_isinf(a) || m_isinf(b)) return m_inf();
  if (m_isnan(a) || m_isnan(b)) return m_nan();
  float high = max(abs(a), abs(b));
  if (high == 0.0) return 0.0;
  float r = min(abs(a), abs(b)) / high;
  return high * sqrt(1.0 + r * r);
}`,
  `float m_pow(float a, float b) {
  if (b == 0.0 || a == 1.0) return 1.0;
  if (m_isnan(a) || m_isnan(b)) return m_nan();
  bool whole = m_isinf(b) || floor(b) == b;
  bool odd = whole && abs(b) < 16777216.0 && b - 2.0 * floor(b * 0.5) == 1.0;
  float m = abs(a);
  float r;
  if (m_isinf(b)) { if (m == 1.0) return 1.0; return (m > 1.0) == (b > 0.0) ? m_inf() : 0.0; }
  if (m == 0.0) r = b < 0.0 ? m_inf() : 0.0;
  else if (m_isinf(m)) r = b < 0.0 ? 0.0 : m_inf();
  else if (a < 0.0 && !whole) return m_nan();
  else if (b == 0.5) r = sqrt(m);
  else if (whole && abs(b) <= 64.0) {
    int n = int(abs(b));
    float p = m;
    r = 1.0;
    for (int i = 0; i < 7; i++) { if ((n & 1) == 1) r *= p; n >>= 1; if (n == 0) break; p *= p; }
    if (b < 0.0) r = 1.0 / r;
  } else r = m_exp(b * m_log(m));
  return odd && m_negative(a) ? -r : r;
}`,
  "float m_where(float a, float b, float c) { return a != 0.0 || m_isnan(a) ? b : c; }",
  "float m_lt(float a, float b) { return a < b ? 1.0 : 0.0; }",
  "float m_le(float a, float b) { return a <= b && !m_isnan(a) && !m_isnan(b) ? 1.0 : 0.0; }",
  "float m_gt(float a, float b) { return a > b ? 1.0 : 0.0; }",
  "float m_ge(float a, float b) { return a >= b && !m_isnan(a) && !m_isnan(b) ? 1.0 : 0.0; }",
  "float m_eq(float a, float b) { return a == b && !m_isnan(a) && !m_isnan(b) ? 1.0 : 0.0; }",
  "float m_ne(float a, float b) { return a == b && !m_isnan(a) && !m_isnan(b) ? 0.0 : 1.0; }",
  "bool m_true(float a) { return a != 0.0 || m_isnan(a); }",
  "float m_and(float a, float b) { return m_true(a) && m_true(b) ? 1.0 : 0.0; }",
  "float m_or(float a, float b) { return m_true(a) || m_true(b) ? 1.0 : 0.0; }",
  "float m_not(float a) { return m_true(a) ? 0.0 : 1.0; }",
  "float m_isnanf(float a) { return m_isnan(a) ? 1.0 : 0.0; }",
  "float m_isinff(float a) { return m_isinf(a) ? 1.0 : 0.0; }",
  "float m_isfinite(float a) { return m_isnan(a) || m_isinf(a) ? 0.0 : 1.0; }",
  "float m_abs(float a) { return abs(a); }",
  "float m_sign(float a) { return a > 0.0 ? 1.0 : a < 0.0 ? -1.0 : 0.0; }",
  "float m_max(float a, float b) { return m_isnan(a) ? a : m_isnan(b) ? b : a > b ? a : b; }",
  "float m_min(float a, float b) { return m_isnan(a) ? a : m_isnan(b) ? b : a < b ? a : b; }",
  "float m_clamp(float a, float b, float c) { return m_min(m_max(a, b), c); }",
  "float m_floor(float a) { return floor(a); }",
  "float m_ceil(float a) { return ceil(a); }",
  "float m_round(float a) { return roundEven(a); }",
  "float m_trunc(float a) { return trunc(a); }",
  // Every subtraction is exact: the divisor times a power of two lies within a factor of two of what is left.
  `float m_fmod(float a, float b) {
  float r = abs(a);
  float d = abs(b);
  if (m_isnan(a) || m_isnan(b) || m_isinf(a) || d == 0.0) return m_nan();
  if (!m_isinf(d))
    for (int i = 0; i < 300; i++) {
      if (r < d) break;
      int k = m_exponent(r) - m_exponent(d);
      float s = m_ldexp(d, k);
      if (s > r) s = m_ldexp(d, k - 1);
      r -= s;
    }
  return m_negative(a) ? -r : r;
}`,
  "float m_remainder(float a, float b) { float r = m_fmod(a, b); return r != 0.0 && (r < 0.0) != (b < 0.0) ? r + b : r; }",
  // Quadrant and rest; the quarter period is split so that the products are exact up to |a| = 8192.
  `vec2 m_quadrant(float a) {
  float q = floor(a * 0.636619772368 + 0.5);
  float r = a - q * 1.5703125;
  r -= q * 4.837512969970703125e-4;
  r -= q * 7.54978995489188216e-8;
  return vec2(q, r);
}`,
  `float m_sinpoly(float r) { float z = r * r; return ${polynomial("z", [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1])} * z * r + r; }`,
  `float m_cospoly(float r) { float z = r * r; return ${polynomial("z", [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2])} * z * z - 0.5 * z + 1.0; }`,
  "float m_wave(float q, float r) { float k = q - 4.0 * floor(q * 0.25); float v = (k == 1.0 || k == 3.0) ? m_cospoly(r) : m_sinpoly(r); return k >= 2.0 ? -v : v; }",
  "float m_sin(float a) { if (m_isnan(a) || m_isinf(a)) return m_nan(); vec2 s = m_quadrant(a); return m_wave(s.x, s.y); }",
  "float m_cos(float a) { if (m_isnan(a) || m_isinf(a)) return m_nan(); vec2 s = m_quadrant(a); return m_wave(s.x + 1.0, s.y); }",
  "float m_tan(float a) { return m_sin(a) / m_cos(a); }",
  `float m_asinpoly(float x) { float z = x * x; return ${polynomial("z", [4.2163199048e-2, 2.4181311049e-2, 4.5470025998e-2, 7.4953002686e-2, 1.6666752422e-1])} * z * x + x; }`,
  `float m_asin(float a) {
  float x = abs(a);
  if (m_isnan(a) || x > 1.0) return m_nan();
  float r = x > 0.5 ? 1.57079632679 - 2.0 * m_asinpoly(sqrt(0.5 * (1.0 - x))) : m_asinpoly(x);
  return a < 0.0 ? -r : r;
}`,
  `float m_acos(float a) {
  if (m_isnan(a) || abs(a) > 1.0) return m_nan();
  if (a > 0.5) return 2.0 * m_asinpoly(sqrt(0.5 * (1.0 - a)));
  if (a < -0.5) return 3.14159265359 - 2.0 * m_asinpoly(sqrt(0.5 * (1.0 + a)));
  return 1.57079632679 - m_asinpoly(a);
}`,
  `float m_atan(float a) {
  if (m_isnan(a)) return a;
  float x = abs(a);
  float y = 0.0;
  if (x > 2.414213562) { y = 1.57079632679; x = -1.0 / x; }
  else if (x > 0.4142135624) { y = 0.785398163397; x = (x - 1.0) / (x + 1.0); }
  float z = x * x;
  y += ${polynomial("z", [8.05374449538e-2, -1.38776856032e-1, 1.99777106478e-1, -3.33329491539e-1])} * z * x + x;
  return a < 0.0 ? -y : y;
}`,
  `float m_atan2(float a, float b) {
  if (m_isnan(a) || m_isnan(b)) return m_nan();
  float y = abs(a);
  float x = abs(b);
  float r = y == 0.0 && x == 0.0 ? 0.0 : m_isinf(y) && m_isinf(x) ? 0.785398163397 : m_atan(y / x);
  if (m_negative(b)) r = 3.14159265359 - r;
  return m_negative(a) ? -r : r;
}`,
  "float m_halfexp(float x) { float h = m_exp(0.5 * x); return 0.5 * h * h; }",
  `float m_sinh(float a) {
  float x = abs(a);
  if (x < 1.0) { float z = a * a; return ${polynomial("z", [2.03721912945e-4, 8.33028376239e-3, 1.66667160211e-1])} * z * a + a; }
  float r = x > 85.0 ? m_halfexp(x) : 0.5 * (m_exp(x) - m_exp(-x));
  return a < 0.0 ? -r : r;
}`,
  "float m_cosh(float a) { float x = abs(a); return x > 85.0 ? m_halfexp(x) : 0.5 * (m_exp(x) + m_exp(-x)); }",
  `float m_tanh(float a) {
  float x = abs(a);
  if (m_isnan(a)) return a;
  if (x < 0.625) { float z = a * a; return ${polynomial("z", [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1])} * z * a + a; }
  float r = x > 9.5 ? 1.0 : 1.0 - 2.0 / (m_exp(2.0 * x) + 1.0);
  return a < 0.0 ? -r : r;
}`,
  `float m_asinh(float a) {
  float x = abs(a);
  if (m_isnan(a)) return a;
  float r = x > 1.0e4 ? m_log(x) + 0.69314718056 : m_log1p(x + x * x / (1.0 + sqrt(1.0 + x * x)));
  return a < 0.0 ? -r : a == 0.0 ? a : r;
}`,
  `float m_acosh(float a) {
  if (m_isnan(a) || a < 1.0) return m_nan();
  float x = a - 1.0;
  return a > 1.0e4 ? m_log(a) + 0.69314718056 : m_log1p(x + sqrt(x * (x + 2.0)));
}`,
  `float m_atanh(float a) {
  float x = abs(a);
  if (m_isnan(a) || x > 1.0) return m_nan();
  float r = x == 1.0 ? m_inf() : 0.5 * m_log1p(2.0 * x / (1.0 - x));
  return a < 0.0 ? -r : a == 0.0 ? a : r;
}`,
  "float m_sigmoid(float a) { if (m_isnan(a)) return a; float e = m_exp(-abs(a)); return (a < 0.0 ? e : 1.0) / (1.0 + e); }",
  "float m_softplus(float a) { if (m_isnan(a)) return a; return max(a, 0.0) + m_log1p(m_exp(-abs(a))); }",
  "float m_logsigmoid(float a) { return -m_softplus(-a); }",
  "float m_logaddexp(float a, float b) { return a == b ? a + 0.69314718056 : m_max(a, b) + m_log1p(m_exp(-abs(a - b))); }",
  "float m_xlogy(float a, float b) { return a == 0.0 && !m_isnan(b) ? 0.0 : a * m_log(b); }",
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
  // Hurwitz's zeta by Euler and Maclaurin (DLMF 25.11.5).
  `float m_zeta(float s, float q) {
  float sum = 0.0;
  for (int i = 0; i < 10; i++) { if (q >= 10.0) break; sum += m_pow(q, -s); q += 1.0; }
  float z = 1.0 / (q * q);
  float rest = 1.0 / (s - 1.0) + 0.5 / q + s * z * (0.0833333333333 - (s + 1.0) * (s + 2.0) * z * (0.00138888888889 - (s + 3.0) * (s + 4.0) * z * 3.30687830688e-5));
  return sum + rest * m_pow(q, 1.0 - s);
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
  // What a store to int32 does with a number.
  "float m_whole(float a) { return m_isnan(a) ? 0.0 : trunc(a); }",
];

const sources = new Map<string, string>();
for (const text of definitions) sources.set(/m_\w+/.exec(text)?.[0] as string, text);
// sin on [-π/2, π/2]: the quadrant's polynomial reaches half as far.
sources.set("m_sinpoly2", "float m_sinpoly2(float a) { return m_sin(a); }");

const calls = (text: string): string[] => [...new Set([...text.matchAll(/\bm_\w+(?=\()/g)].map(([name]) => name))];

/** The text of these functions and of all that they call, in an order in which it compiles. */
export function libraryText(names: Iterable<string>): string {
  const done = new Set<string>();
  const parts: string[] = [];
  const add = (name: string): void => {
    if (done.has(name)) return;
    done.add(name);
    const text = sources.get(name);
    if (text === undefined) throw new Error(`gpu: the shader library has no ${name}`);
    for (const called of calls(text)) if (called !== name) add(called);
    parts.push(text);
  };
  for (const name of names) add(name);
  return parts.join("\n");
}

/** Names in the table of formulas whose name in the library differs. */
const renamed: Readonly<Record<string, string>> = { isnan: "m_isnanf", isinf: "m_isinff" };

/** The library's function for a function of formulas; `undefined` when there is none. */
export function libraryName(fn: string): string | undefined {
  const name = renamed[fn] ?? `m_${fn}`;
  return sources.has(name) ? name : undefined;
}

/** A function of the library under a name that kernel strings may call. */
export function native(name: string): NativeFunction {
  const arity = (/\(([^)]*)\)/.exec(sources.get(name) ?? "")?.[1] ?? "").split(",").filter((p) => p.trim() !== "").length;
  const names = ["a", "b", "c"].slice(0, arity);
  const called = name.replace(/^m_/, "f_");
  return {
    name: called,
    source: `float ${called}(${names.map((n) => `float ${n}`).join(", ")}) { return ${name}(${names.join(", ")}); }`,
    returnType: "Number",
  };
}

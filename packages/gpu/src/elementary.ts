import { polynomial } from "./glsl.ts";

/**
 * Arithmetic, comparisons, powers, exponentials and logarithms in the shader's language. Built-in functions are only used where GLSL guarantees enough; the
 * polynomials are those of Cephes (Moshier 1989), single precision.
 */
export const elementary: readonly string[] = [
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
  // x to the whole number n from 0 to 255, by squares.
  `float m_wholepower(float x, float n) {
  int k = int(n);
  float p = x;
  float r = 1.0;
  for (int i = 0; i < 8; i++) { if ((k & 1) == 1) r *= p; k >>= 1; if (k == 0) break; p *= p; }
  return r;
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
    r = m_wholepower(m, abs(b));
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
  "float m_sigmoid(float a) { if (m_isnan(a)) return a; float e = m_exp(-abs(a)); return (a < 0.0 ? e : 1.0) / (1.0 + e); }",
  "float m_softplus(float a) { if (m_isnan(a)) return a; return max(a, 0.0) + m_log1p(m_exp(-abs(a))); }",
  "float m_logsigmoid(float a) { return -m_softplus(-a); }",
  "float m_logaddexp(float a, float b) { return a == b ? a + 0.69314718056 : m_max(a, b) + m_log1p(m_exp(-abs(a - b))); }",
  "float m_xlogy(float a, float b) { return a == 0.0 && !m_isnan(b) ? 0.0 : a * m_log(b); }",
  // What a store to int32 does with a number.
  "float m_whole(float a) { return m_isnan(a) ? 0.0 : trunc(a); }",
];

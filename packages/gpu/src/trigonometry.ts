import { polynomial } from "./glsl.ts";

/** Circular and hyperbolic functions in the shader's language, with the polynomials of Cephes (Moshier 1989), single precision. */
export const trigonometry: readonly string[] = [
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
];

import { unary } from "./elementwise.ts";

/** Exponential `e ** x`. */
export const exp = unary("exp", "exp(x)");

/** `2 ** x`. */
export const exp2 = unary("exp2", "exp2(x)");

/** `e ** x - 1`, accurate near 0. */
export const expm1 = unary("expm1", "expm1(x)");

/** Natural logarithm; -Infinity at 0, NaN below. */
export const log = unary("log", "log(x)");

/** `log(1 + x)`, accurate near 0. */
export const log1p = unary("log1p", "log1p(x)");

/** Logarithm to the base 2. */
export const log2 = unary("log2", "log2(x)");

/** Logarithm to the base 10. */
export const log10 = unary("log10", "log10(x)");

/** Square root; NaN below 0, infinite gradient at 0. */
export const sqrt = unary("sqrt", "sqrt(x)");

/** Reciprocal square root `1 / sqrt(x)`. */
export const rsqrt = unary("rsqrt", "rsqrt(x)");

/** Sine of radians. */
export const sin = unary("sin", "sin(x)");

/** Cosine of radians. */
export const cos = unary("cos", "cos(x)");

/** Tangent of radians. */
export const tan = unary("tan", "tan(x)");

/** Inverse sine in radians; NaN outside [-1, 1]. */
export const asin = unary("asin", "asin(x)");

/** Inverse cosine in radians; NaN outside [-1, 1]. */
export const acos = unary("acos", "acos(x)");

/** Inverse tangent in radians. */
export const atan = unary("atan", "atan(x)");

/** Hyperbolic sine. */
export const sinh = unary("sinh", "sinh(x)");

/** Hyperbolic cosine. */
export const cosh = unary("cosh", "cosh(x)");

/** Hyperbolic tangent. */
export const tanh = unary("tanh", "tanh(x)");

/** Inverse hyperbolic sine. */
export const asinh = unary("asinh", "asinh(x)");

/** Inverse hyperbolic cosine; NaN below 1. */
export const acosh = unary("acosh", "acosh(x)");

/** Inverse hyperbolic tangent; NaN outside [-1, 1]. */
export const atanh = unary("atanh", "atanh(x)");

/** Error function `2/√π ∫₀ˣ exp(-t²) dt`. */
export const erf = unary("erf", "erf(x)");

/** Complementary error function `1 - erf(x)`, accurate in the right tail. */
export const erfc = unary("erfc", "erfc(x)");

/** Largest integer not above; the gradient is 0. */
export const floor = unary("floor", "floor(x)", { result: "same" });

/** Smallest integer not below; the gradient is 0. */
export const ceil = unary("ceil", "ceil(x)", { result: "same" });

/** Nearest integer, halves to even as in IEEE 754; the gradient is 0. */
export const round = unary("round", "round(x)", { result: "same" });

/** Integer part, towards 0; the gradient is 0. */
export const trunc = unary("trunc", "trunc(x)", { result: "same" });

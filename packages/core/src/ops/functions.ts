import { apply } from "../tape/apply.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { binary, elementwiseOp, unary } from "./elementwise.ts";

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

/** Cube root, of negative numbers too; infinite gradient at 0. */
export const cbrt = unary("cbrt", "cbrt(x)");

/** Length `sqrt(a ** 2 + b ** 2)` without overflow; the gradient at (0, 0) is 0. */
export const hypot = binary("hypot", "hypot(a, b)", { derivatives: { a: "y == 0 ? 0 : a / y", b: "y == 0 ? 0 : b / y" } });

/** `log(exp(a) + exp(b))` without overflow. */
export const logaddexp = binary("logaddexp", "logaddexp(a, b)");

/** `a * log(b)`, and 0 where a is 0, whatever b but NaN; the gradient of a is 0 there too when b ≤ 0. */
export const xlogy = binary("xlogy", "xlogy(a, b)");

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

/** Inverse of the error function; infinite at ±1, NaN beyond. */
export const erfinv = unary("erfinv", "erfinv(x)");

/** Logarithm of the absolute value of the gamma function; Infinity at its poles. */
export const lgamma = unary("lgamma", "lgamma(x)");

/** Derivative of `lgamma`; NaN at its poles below 0. */
export const digamma = unary("digamma", "digamma(x)");

/** `sin(πx) / (πx)`, 1 at 0. Its derivative comes from the Taylor series near 0, where the quotient would cancel. */
export const sinc = unary("sinc", "x == 0 ? 1 : sin(pi * x) / (pi * x)", {
  derivatives: {
    x: `u = (pi * x) ** 2
        y = abs(x) < 0.03 ? -pi ** 2 * x * (1 / 3 - u * (1 / 30 - u * (1 / 840 - u / 45360))) : (cos(pi * x) - sin(pi * x) / (pi * x)) / x`,
  },
});

const logitOp = elementwiseOp(
  "logit",
  `z = x < eps ? eps : x > 1 - eps ? 1 - eps : x
   y = log(z / (1 - z))`,
  { derivatives: { x: "x < eps ? 0 : x > 1 - eps ? 0 : 1 / (x * (1 - x))", eps: null } },
);
const openLogit = unary("logit", "log(x / (1 - x))", { derivatives: { x: "x < 0 || x > 1 ? nan : 1 / (x * (1 - x))" } });

/** Inverse of the sigmoid, `log(x / (1 - x))`; NaN outside [0, 1], unless `eps` is given: then x is limited to [eps, 1 - eps] first, beyond which the gradient is 0. */
export const logit = (x: Tensor, options: { readonly eps?: number | null } = {}): Tensor =>
  typeof options.eps === "number" ? apply(logitOp, [x, options.eps], null) : openLogit(x);

/** Largest integer not above; the gradient is 0. */
export const floor = unary("floor", "floor(x)", { result: "same" });

/** Smallest integer not below; the gradient is 0. */
export const ceil = unary("ceil", "ceil(x)", { result: "same" });

/** Nearest integer, halves to even as in IEEE 754; the gradient is 0. */
export const round = unary("round", "round(x)", { result: "same" });

/** Integer part, towards 0; the gradient is 0. */
export const trunc = unary("trunc", "trunc(x)", { result: "same" });

/** What `trunc` takes away: the fraction, with the sign of x; the gradient is 1. */
export const frac = unary("frac", "x - trunc(x)");

import { apply } from "../tape/apply.ts";
import type { Operand } from "../tape/op.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { applyNamed, binary, elementwiseOp, unary } from "./elementwise.ts";

const number = { result: "number" } as const;

const addOp = elementwiseOp("add", "a + b", number);
const subOp = elementwiseOp("sub", "a - b", number);
const addScaledOp = elementwiseOp("add", "a + alpha * b", { ...number, derivatives: { alpha: null } });

/** What multiplies the second operand of a sum or difference. */
export interface Scaled {
  /** Default 1. */
  readonly alpha?: number;
}

/** Sum `a + alpha * b`, broadcasting; alpha is 1 by default. */
export function add(a: Operand, b: Operand, options?: Scaled): Tensor {
  const alpha = options?.alpha ?? 1;
  return alpha === 1 ? apply(addOp, [a, b], null) : apply(addScaledOp, [a, alpha, b], null);
}

/** Difference `a - alpha * b`, broadcasting; alpha is 1 by default. */
export function sub(a: Operand, b: Operand, options?: Scaled): Tensor {
  const alpha = options?.alpha ?? 1;
  return alpha === 1 ? apply(subOp, [a, b], null) : apply(addScaledOp, [a, -alpha, b], null);
}

/** Product `a * b` of elements, broadcasting. */
export const mul = binary("mul", "a * b", number);

/** Quotient `a / b` of elements, broadcasting; integers give float32. */
export const div = binary("div", "a / b");

const power = binary("pow", "a ** b", { result: "number" });

/** Power `a ** b` of elements; NaN for a negative base with a fractional exponent. The gradient of the exponent is 0 where base 0 meets exponent ≥ 0. */
export const pow = (a: Operand, b: Operand): Tensor => (b === 2 && typeof a !== "number" ? a.square() : power(a, b));

/** Remainder `a - b * floor(a / b)`, with the sign of `b`, as in Python; NaN where b is 0. */
export const remainder = binary("remainder", "remainder(a, b)", number);

/** Remainder `a - b * trunc(a / b)`, with the sign of `a`, as in C; NaN where b is 0. */
export const fmod = binary("fmod", "fmod(a, b)", number);

/** The larger of two elements; a tie splits the gradient in half, NaN wins. */
export const maximum = binary("maximum", "max(a, b)", number);

/** The smaller of two elements; a tie splits the gradient in half, NaN wins. */
export const minimum = binary("minimum", "min(a, b)", number);

/** Angle of the point (b, a) in radians, from -π to π. */
export const atan2 = binary("atan2", "atan2(a, b)");

/** Negation `-x`. */
export const neg = unary("neg", "-x", number);

/** Absolute value; its gradient at 0 and at NaN is 0. */
export const abs = unary("abs", "abs(x)", number);

/** -1, 0 or 1, and 0 for NaN, as in PyTorch; the gradient is 0. */
export const sign = unary("sign", "sign(x)", number);

/** Square `x ** 2`. */
export const square = unary("square", "x ** 2", number);

/** Reciprocal `1 / x`. */
export const reciprocal = unary("reciprocal", "1 / x", { derivatives: { x: "-y * y" } });

const lerpOp = elementwiseOp("lerp", "a + weight * (b - a)");

/** Linear interpolation `a + weight * (b - a)`. */
export const lerp = (a: Tensor, b: Operand, weight: Operand): Tensor => applyNamed(lerpOp, { a, b, weight });

const addcmulOp = elementwiseOp("addcmul", "a + value * b * c");
const addcdivOp = elementwiseOp("addcdiv", "a + value * b / c");

/** `a + value * b * c`; `value` is 1 by default. */
export const addcmul = (a: Tensor, b: Operand, c: Operand, options: { readonly value?: number } = {}): Tensor =>
  applyNamed(addcmulOp, { a, b, c, value: options.value ?? 1 });

/** `a + value * b / c`; `value` is 1 by default. */
export const addcdiv = (a: Tensor, b: Operand, c: Operand, options: { readonly value?: number } = {}): Tensor =>
  applyNamed(addcdivOp, { a, b, c, value: options.value ?? 1 });

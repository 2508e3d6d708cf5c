import { apply } from "../tape/apply.ts";
import type { Operand } from "../tape/op.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { binary, elementwiseOp, unary } from "./elementwise.ts";

const bool = { result: "bool" } as const;

/** Whether `a < b`, as bool. */
export const lt = binary("lt", "a < b", bool);

/** Whether `a <= b`, as bool. */
export const le = binary("le", "a <= b", bool);

/** Whether `a > b`, as bool. */
export const gt = binary("gt", "a > b", bool);

/** Whether `a >= b`, as bool. */
export const ge = binary("ge", "a >= b", bool);

/** Whether `a` equals `b`, as bool; NaN equals nothing. */
export const eq = binary("eq", "a == b", bool);

/** Whether `a` differs from `b`, as bool. */
export const ne = binary("ne", "a != b", bool);

/** Whether both are true (not 0), as bool. */
export const logicalAnd = binary("logicalAnd", "a && b", bool);

/** Whether one is true (not 0), as bool. */
export const logicalOr = binary("logicalOr", "a || b", bool);

/** Whether the element is 0 or false, as bool. */
export const logicalNot = unary("logicalNot", "!x", bool);

/** Whether the element is NaN, as bool. */
export const isNaN = unary("isNaN", "isnan(x)", bool);

/** Whether the element is neither NaN nor infinite, as bool. */
export const isFinite = unary("isFinite", "x - x == 0", bool);

const whereOp = elementwiseOp("where", "condition ? a : b", {
  result: "same",
  derivatives: { condition: null, a: "condition ? 1 : 0", b: "condition ? 0 : 1" },
});

/** `a` where the condition is true (not 0), else `b`; the branch that is not taken gets gradient 0, even where it is NaN. */
export const where = (condition: Tensor, a: Operand, b: Operand): Tensor => apply(whereOp, [condition, a, b], null);

const maskedFillOp = elementwiseOp("maskedFill", "mask ? value : x", {
  result: "same",
  derivatives: { mask: null, x: "mask ? 0 : 1", value: "mask ? 1 : 0" },
});

/** `x` with `value` where the mask is true. */
export const maskedFill = (x: Tensor, mask: Tensor, value: Operand): Tensor => apply(maskedFillOp, [mask, value, x], null);

/** Bounds of `clamp`; one may be left out. */
export interface ClampBounds {
  readonly min?: Operand;
  readonly max?: Operand;
}

const clampOp = elementwiseOp("clamp", "x < low ? low : x > high ? high : x", {
  result: "same",
  derivatives: { x: "x < low ? 0 : x > high ? 0 : 1", low: "x < low ? 1 : 0", high: "x < low ? 0 : x > high ? 1 : 0" },
});

/** `x` limited to [min, max]; the gradient passes at the bounds themselves. An error when neither bound is given. */
export function clamp(x: Tensor, bounds: ClampBounds): Tensor {
  const { min, max } = bounds ?? {};
  if (min === undefined && max === undefined) throw new TypeError("clamp: give { min }, { max } or both");
  return apply(clampOp, [x, min ?? -Infinity, max ?? Infinity], null);
}

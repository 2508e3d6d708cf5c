import { apply } from "../tape/apply.ts";
import type { Operand } from "../tape/op.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { applyNamed, binary, elementwiseOp, unary } from "./elementwise.ts";

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

/** Whether exactly one is true (not 0), as bool. */
export const logicalXor = binary("logicalXor", "!a != !b", bool);

/** Whether the element is 0 or false, as bool. */
export const logicalNot = unary("logicalNot", "!x", bool);

/** Whether the element is NaN, as bool. */
export const isNaN = unary("isNaN", "isnan(x)", bool);

/** Whether the element is neither NaN nor infinite, as bool. */
export const isFinite = unary("isFinite", "!isnan(x) && !isinf(x)", bool);

/** Whether the element is infinite, of either sign, as bool. */
export const isInf = unary("isInf", "isinf(x)", bool);

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

const clampOp = elementwiseOp("clamp", "clamp(x, low, high)", { result: "same" });

/**
 * `x` limited to [min, max]; max wins where min > max. The gradient passes at the bounds themselves, NaN stays and gets gradient 0.
 * An error when neither bound is given.
 */
export function clamp(x: Tensor, bounds: ClampBounds): Tensor {
  const { min, max } = bounds ?? {};
  if (min === undefined && max === undefined) throw new TypeError("clamp: give { min }, { max } or both");
  return apply(clampOp, [x, min ?? -Infinity, max ?? Infinity], null);
}

const nanToNumOp = elementwiseOp("nanToNum", "isnan(x) ? nan_ : x == inf ? posinf : x == -inf ? neginf : x", {
  result: "same",
  derivatives: { x: "isnan(x) || isinf(x) ? 0 : 1", nan_: null, posinf: null, neginf: null },
});

/** What replaces NaN and the infinities. */
export interface Replacements {
  /** Default 0. */
  readonly nan?: number;
  /** Default: the largest finite number of the dtype. */
  readonly posinf?: number;
  /** Default: the smallest finite number of the dtype. */
  readonly neginf?: number;
}

/** `x` with NaN and infinities replaced by numbers; the gradient is 0 there. */
export function nanToNum(x: Tensor, options: Replacements = {}): Tensor {
  const largest = x.dtype === "float64" ? Number.MAX_VALUE : 3.4028234663852886e38;
  const { nan = 0, posinf = largest, neginf = -largest } = options;
  return applyNamed(nanToNumOp, { x, nan_: nan, posinf, neginf });
}

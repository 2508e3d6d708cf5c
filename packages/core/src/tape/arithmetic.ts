import { sameShape } from "../shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { TapeNode } from "./node.ts";

/** Ops that a backward pass itself needs; set by `ops`, which the tape must not import. */
interface Arithmetic {
  add(a: Tensor, b: Tensor): Tensor;
  sumTo(x: Tensor, shape: readonly number[]): Tensor;
  onesLike(x: Tensor): Tensor;
  cast(x: Tensor, dtype: Tensor["dtype"]): Tensor;
}

let arithmetic: Arithmetic;

/** Hands the tape the ops with which it adds and un-broadcasts gradients. */
export function useArithmetic(ops: Arithmetic): void {
  arithmetic = ops;
}

/** The sum of two gradients. */
export const sum = (a: Tensor, b: Tensor): Tensor => arithmetic.add(a, b);

/** The gradient of a number with respect to itself. */
export const onesLike = (x: Tensor): Tensor => arithmetic.onesLike(x);

/** A gradient summed over what was broadcast, in the dtype of what it belongs to. */
export function fitted(gradient: Tensor, { shape, dtype }: TapeNode): Tensor {
  const whole = sameShape(gradient.shape, shape) ? gradient : arithmetic.sumTo(gradient, shape);
  return whole.dtype === dtype ? whole : arithmetic.cast(whole, dtype);
}

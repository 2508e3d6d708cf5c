import { sameShape, showShape } from "../shape.ts";
import { checkOptions } from "../tape/options.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What becomes of the losses of the elements of a batch. */
export type LossReduction = "mean" | "sum" | "none";

/** Options of a loss without any of its own. */
export interface LossOptions {
  /** Default "mean". */
  readonly reduction?: LossReduction;
}

/** Checks the name of a loss reduction. */
export function checkReduction(op: string, reduction: string): asserts reduction is LossReduction {
  if (!["mean", "sum", "none"].includes(reduction)) throw new TypeError(`${op}: unknown reduction "${reduction}"; use "mean", "sum" or "none"`);
}

/** Checks the options of a loss: those that every loss has, and its own. */
export function checkLossOptions(op: string, options: LossOptions, ...own: readonly string[]): void {
  checkOptions(op, options, ["reduction", ...own]);
  checkReduction(op, options.reduction ?? "mean");
}

/** The losses of the elements as the reduction wants them. */
export function reduced(losses: Tensor, reduction: LossReduction = "mean"): Tensor {
  return reduction === "none" ? losses : reduction === "sum" ? losses.sum() : losses.mean();
}

/** Checks that tensors which are compared element by element have one shape: broadcasting them is a frequent mistake. */
export function checkPair(op: string, a: string, x: Tensor, b: string, target: Tensor): void {
  if (!sameShape(x.shape, target.shape))
    throw new RangeError(`${op}: ${a} ${showShape(x.shape)} and ${b} ${showShape(target.shape)} must have one shape; reshape or expand one of them`);
}

/** Checks every value, where the host can read them. */
export function checkValues(op: string, what: string, x: Tensor, allows: (value: number) => boolean, rule: string): void {
  if (x.storage.data === undefined) return;
  const values: ArrayLike<number> = x.data();
  for (let i = 0; i < values.length; i++) if (!allows(values[i])) throw new RangeError(`${op}: ${what} ${i} is ${values[i]}, but ${rule}`);
}

import { isFloat } from "../dtype.ts";
import { sameShape, showShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What becomes of the losses of the elements of a batch. */
export type LossReduction = "mean" | "sum" | "none";

/** Checks the name of a loss reduction. */
export function checkReduction(op: string, reduction: string): asserts reduction is LossReduction {
  if (!["mean", "sum", "none"].includes(reduction)) throw new TypeError(`${op}: unknown reduction "${reduction}"; use "mean", "sum" or "none"`);
}

function reduced(op: string, losses: Tensor, reduction: LossReduction): Tensor {
  checkReduction(op, reduction);
  return reduction === "none" ? losses : reduction === "sum" ? losses.sum() : losses.mean();
}

/** Options of a loss without any of its own. */
export interface LossOptions {
  /** Default "mean". */
  readonly reduction?: LossReduction;
}

/** Squared error `(input - target)²`; input and target have one shape. */
export function mseLoss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  if (!sameShape(input.shape, target.shape))
    throw new RangeError(
      `mseLoss: input ${showShape(input.shape)} and target ${showShape(target.shape)} must have one shape; reshape or expand one of them`,
    );
  return reduced("mseLoss", input.sub(target).square(), options.reduction ?? "mean");
}

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions extends LossOptions {
  /** Weight of each class, `[C]`; the mean divides by the weights of the targets. */
  readonly weight?: Tensor;
  /** Targets of this class count for nothing. Default -100. */
  readonly ignoreIndex?: number;
  /** Share of the target probability spread evenly over all classes, 0 to 1. Szegedy et al. 2016, arXiv:1512.00567, section 7. Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * Cross-entropy between logits and targets. Logits are `[C]`, `[N,C]` or `[N,C,d…]`; targets are class indices (int32, the shape without `C`) or
 * probabilities (float, the shape of the logits). An error names a class that is out of range.
 */
export function crossEntropy(input: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { weight, reduction = "mean", labelSmoothing = 0 } = options;
  checkReduction("crossEntropy", reduction);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) throw new RangeError(`crossEntropy: labelSmoothing lies between 0 and 1, got ${labelSmoothing}`);
  if (input.ndim === 0) throw new RangeError("crossEntropy: logits have shape [C], [N,C] or [N,C,d…], got []");
  const classDim = input.ndim === 1 ? 0 : 1;
  const classes = input.shape[classDim];
  if (weight !== undefined && !sameShape(weight.shape, [classes]))
    throw new RangeError(`crossEntropy: weight has shape ${showShape(weight.shape)}, expected [${classes}], one per class`);
  const outer = input.shape.filter((_, d) => d !== classDim);
  const rows = (x: Tensor): Tensor => (x.ndim > 2 ? x.permute([0, ...x.shape.map((_, d) => d).slice(2), 1]) : x).reshape([sizeOf(outer), classes]);
  const scores = rows(input).logSoftmax(1);
  const byClass = isFloat(target.dtype) ? null : target;
  const expected = byClass === null ? input.shape : outer;
  if (!sameShape(target.shape, expected))
    throw new RangeError(
      `crossEntropy: logits ${showShape(input.shape)} take int32 class indices ${showShape(outer)} or probabilities ${showShape(input.shape)}, got ${target.dtype} ${showShape(target.shape)}`,
    );
  if (byClass === null) {
    const wanted =
      labelSmoothing === 0
        ? rows(target)
        : rows(target)
            .mul(1 - labelSmoothing)
            .add(labelSmoothing / classes);
    const weighted = weight === undefined ? wanted : wanted.mul(weight);
    const losses = scores.mul(weighted).sum(1).neg();
    return reduction === "mean" ? losses.sum().div(sizeOf(outer)) : reduced("crossEntropy", losses.reshape(outer), reduction);
  }
  return classLoss(scores, byClass, outer, options);
}

function classLoss(scores: Tensor, target: Tensor, outer: readonly number[], options: CrossEntropyOptions): Tensor {
  const { weight, ignoreIndex = -100, reduction = "mean", labelSmoothing = 0 } = options;
  const classes = scores.shape[1];
  const flat = target.reshape([-1]).to("int32");
  const ignores = checkClasses("crossEntropy", flat, classes, ignoreIndex);
  const kept = ignores ? flat.ne(ignoreIndex) : undefined;
  const index = kept === undefined ? flat : kept.where(flat, 0);
  const importance = factors(index, kept, weight, scores);
  const picked = scores.gather(1, index.unsqueeze(1)).squeeze(1);
  let losses = importance === undefined ? picked.neg() : picked.mul(importance).neg();
  if (labelSmoothing > 0) {
    const everyClass = (weight === undefined ? scores : scores.mul(weight)).sum(1).neg();
    const spread = kept === undefined ? everyClass : kept.where(everyClass, 0);
    losses = losses.mul(1 - labelSmoothing).add(spread.mul(labelSmoothing / classes));
  }
  if (reduction === "mean" && importance !== undefined) return losses.sum().div(importance.sum());
  return reduced("crossEntropy", losses.reshape(outer), reduction);
}

/** What each target counts: its class's weight, 0 when ignored; `undefined` when all count 1. */
function factors(index: Tensor, kept: Tensor | undefined, weight: Tensor | undefined, like: Tensor): Tensor | undefined {
  const weights = weight?.detach().to(like.dtype).indexSelect(0, index);
  if (kept === undefined) return weights;
  return kept.where(weights ?? 1, 0).to(like.dtype);
}

/** Checks that class indices lie in 0 … classes-1 or are the ignored one; tells whether an ignored one occurs. */
export function checkClasses(op: string, target: Tensor, classes: number, ignoreIndex: number): boolean {
  if (target.storage.data === undefined) return true;
  let ignores = false;
  target.data().forEach((label: number, i: number) => {
    if (label === ignoreIndex) ignores = true;
    else if (label < 0 || label >= classes)
      throw new RangeError(
        `${op}: target ${i} is class ${label}, but the logits have classes 0 to ${classes - 1}; pass { ignoreIndex } to skip a label`,
      );
  });
  return ignores;
}

import { isFloat } from "../dtype.ts";
import { type Shape, sameShape, showShape, sizeOf } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, type Operand, operation } from "../tape/op.ts";
import { composed } from "../tape/ownership.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { applyNamed, elementwiseOp } from "./elementwise.ts";
import { checkLossOptions, checkPair, checkValues, type LossOptions, reduced } from "./loss.ts";
import { RowFormula } from "./rows.ts";

/** Options of `nllLoss`. */
export interface NLLLossOptions extends LossOptions {
  /** Weight of each class, `[C]`; the mean divides by the weights of the targets. No gradient flows to it. */
  readonly weight?: Tensor | null;
  /** Targets of this class count for nothing. Default -100. */
  readonly ignoreIndex?: number;
}

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions extends NLLLossOptions {
  /** Share of the target probability spread evenly over all classes, 0 to 1. Szegedy et al. 2016, arXiv:1512.00567, section 7. Default 0. */
  readonly labelSmoothing?: number;
}

/** The scores of each sample as a row, `[samples, C]`. */
interface Rows {
  readonly rows: (x: Tensor) => Tensor;
  readonly classes: number;
  /** The shape without the classes. */
  readonly outer: Shape;
}

function rowsOf(op: string, input: Tensor, weight: Tensor | null | undefined): Rows {
  if (input.ndim === 0) throw new RangeError(`${op}: the input has shape [C], [N,C] or [N,C,d…], got []`);
  const classDim = input.ndim === 1 ? 0 : 1;
  const classes = input.shape[classDim];
  if (weight !== undefined && weight !== null && !sameShape(weight.shape, [classes]))
    throw new RangeError(`${op}: weight has shape ${showShape(weight.shape)}, expected [${classes}], one per class`);
  const outer = input.shape.filter((_, d) => d !== classDim);
  const order = [0, ...input.shape.map((_, d) => d).slice(2), 1];
  return { rows: (x) => (x.ndim > 2 ? x.permute(order) : x).reshape([sizeOf(outer), classes]), classes, outer };
}

/**
 * Cross-entropy between logits and targets. Logits are `[C]`, `[N,C]` or `[N,C,d…]`; targets are class indices (int32, the shape without `C`) or
 * probabilities (float, the shape of the logits). An error names a class that is out of range. The mean over ignored targets alone is NaN, its gradient 0.
 */
export const crossEntropy = (input: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor =>
  composed(() => entropy(input, target, options));

function entropy(input: Tensor, target: Tensor, options: CrossEntropyOptions): Tensor {
  checkLossOptions("crossEntropy", options, "weight", "ignoreIndex", "labelSmoothing");
  const { weight, reduction, labelSmoothing = 0 } = options;
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) throw new RangeError(`crossEntropy: labelSmoothing lies between 0 and 1, got ${labelSmoothing}`);
  const { rows, classes, outer } = rowsOf("crossEntropy", input, weight);
  const probable = isFloat(target.dtype);
  if (!sameShape(target.shape, probable ? input.shape : outer))
    throw new RangeError(
      `crossEntropy: logits ${showShape(input.shape)} take int32 class indices ${showShape(outer)} or probabilities ${showShape(input.shape)}, got ${target.dtype} ${showShape(target.shape)}`,
    );
  if (!probable && labelSmoothing === 0) return classLoss("crossEntropy", rows(input), entropyOf, target, outer, options);
  const scores = rows(input).logSoftmax(1);
  if (!probable) return classLoss("crossEntropy", scores, missing, target, outer, options);
  const certain = 1 - labelSmoothing;
  const wanted =
    labelSmoothing === 0
      ? rows(target)
      : rows(target)
          .mul(certain)
          .add(labelSmoothing / classes);
  const losses = scores
    .mul(weight ? wanted.mul(weight.detach()) : wanted)
    .sum(1)
    .neg();
  return (reduction ?? "mean") === "mean" ? losses.sum().div(sizeOf(outer)) : reduced(losses.reshape(outer), reduction);
}

/** Negative log-likelihood of log-probabilities `[C]`, `[N,C]` or `[N,C,d…]` at class indices (int32, the shape without `C`). */
export const nllLoss = (input: Tensor, target: Tensor, options: NLLLossOptions = {}): Tensor => composed(() => likelihood(input, target, options));

function likelihood(input: Tensor, target: Tensor, options: NLLLossOptions): Tensor {
  checkLossOptions("nllLoss", options, "weight", "ignoreIndex");
  const { rows, outer } = rowsOf("nllLoss", input, options.weight);
  if (isFloat(target.dtype) || !sameShape(target.shape, outer))
    throw new RangeError(
      `nllLoss: log-probabilities ${showShape(input.shape)} take int32 class indices ${showShape(outer)}, got ${target.dtype} ${showShape(target.shape)}`,
    );
  return classLoss("nllLoss", rows(input), missing, target, outer, options);
}

const entropyRows = new RowFormula(
  "crossEntropy",
  `top = rowMax(x)
   total = rowSum(exp(x - top))
   own = rowSum(position == target ? x : 0)
   out = log(total) - (own - top)`,
);
const entropySlope = new RowFormula(
  "crossEntropyBackward",
  `top = rowMax(x)
   out = exp(x - top)
   total = rowSum(out)
   out = grad * (out * (1 / total)) - (position == target ? grad : 0)`,
);

/** The cross-entropy of each row of logits with the certainty of one class: `-logSoftmax(x)[target]`, whose gradient is `softmax(x) - onehot(target)`. */
const entropyOp: Op<null> = operation({
  name: "crossEntropy",
  primitive: true,
  saves: { output: false, shapes: false },
  forward: ([x, target]) => entropyRows.value({ x, target: asColumn(target) }).squeeze(1),
  vjp: [(grad, { inputs: [x, target] }) => entropySlope.apply({ x: x as Tensor, target: asColumn(target), grad: asColumn(grad) }), null],
});

const asColumn = (x: Operand | undefined): Tensor => (x as Tensor).unsqueeze(1);

/** The loss of each row at its class. */
type RowLoss = (rows: Tensor, index: Tensor) => Tensor;

const entropyOf: RowLoss = (logits, index) => apply(entropyOp, [logits, index], null);
const missing: RowLoss = (logP, index) => logP.gather(1, asColumn(index)).squeeze(1).neg();

const weightedMeanOp = elementwiseOp("weightedMean", "total / weights", { derivatives: { total: "weights == 0 ? 0 : 1 / weights", weights: null } });

function classLoss(op: string, scores: Tensor, lossOf: RowLoss, target: Tensor, outer: Shape, options: CrossEntropyOptions): Tensor {
  const { weight, ignoreIndex = -100, reduction = "mean", labelSmoothing = 0 } = options;
  const classes = scores.shape[1];
  const flat = target.reshape([-1]).to("int32");
  const ignores = checkClasses(op, flat, classes, ignoreIndex);
  const kept = ignores ? flat.ne(ignoreIndex) : undefined;
  const index = kept === undefined ? flat : kept.where(flat, 0);
  const importance = factors(index, kept, weight, scores);
  const own = lossOf(scores, index);
  let losses = importance === undefined ? own : own.mul(importance);
  if (labelSmoothing > 0) {
    const everyClass = (weight ? scores.mul(weight.detach()) : scores).sum(1).neg();
    const spread = kept === undefined ? everyClass : kept.where(everyClass, 0);
    losses = losses.mul(1 - labelSmoothing).add(spread.mul(labelSmoothing / classes));
  }
  if (reduction === "mean" && importance !== undefined) return applyNamed(weightedMeanOp, { total: losses.sum(), weights: importance.sum() });
  return reduced(losses.reshape(outer), reduction);
}

/** What each target counts: its class's weight, 0 when ignored; `undefined` when all count 1. */
function factors(index: Tensor, kept: Tensor | undefined, weight: Tensor | null | undefined, like: Tensor): Tensor | undefined {
  const weights = weight ? weight.detach().to(like.dtype).indexSelect(0, index) : undefined;
  return kept === undefined ? weights : kept.where(weights ?? 1, 0).to(like.dtype);
}

/** Checks that class indices lie in 0 … classes-1 or are the ignored one; tells whether an ignored one occurs. */
function checkClasses(op: string, target: Tensor, classes: number, ignoreIndex: number): boolean {
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

// torch.nn.BCELoss limits each logarithm to -100, and the slope's denominator to 1e-12, so that a wrong certainty costs much, not infinitely much.
const bceOp = elementwiseOp("binaryCrossEntropy", "-(target * max(log(x), -100) + (1 - target) * max(log1p(-x), -100))", {
  derivatives: { x: "(x - target) / max(x * (1 - x), 1e-12)", target: "max(log1p(-x), -100) - max(log(x), -100)" },
});

/** Options of `binaryCrossEntropy`. */
export interface BinaryCrossEntropyOptions extends LossOptions {
  /** Weight of each element; broadcasts. */
  readonly weight?: Tensor | null;
}

/** `-(t log x + (1 - t) log(1 - x))` of probabilities and targets of one shape; logarithms count as -100 at least. An error names a probability outside [0, 1]. */
export function binaryCrossEntropy(input: Tensor, target: Tensor, options: BinaryCrossEntropyOptions = {}): Tensor {
  checkLossOptions("binaryCrossEntropy", options, "weight");
  checkPair("binaryCrossEntropy", "input", input, "target", target);
  checkValues(
    "binaryCrossEntropy",
    "input",
    input,
    (x) => x >= 0 && x <= 1,
    "probabilities lie in [0, 1]; for logits use binaryCrossEntropyWithLogits",
  );
  return weighted(applyNamed(bceOp, { x: input, target }), options);
}

const logitsOp = elementwiseOp("binaryCrossEntropyWithLogits", "positive * target * softplus(-x) + (1 - target) * softplus(x)");

/** Options of `binaryCrossEntropyWithLogits`. */
export interface LogitsOptions extends BinaryCrossEntropyOptions {
  /** Weight of the positive class; broadcasts. Above 1 it favours recall, below precision. */
  readonly posWeight?: Tensor | null;
}

/** Binary cross-entropy of logits and targets of one shape, `w (posWeight t softplus(-x) + (1 - t) softplus(x))`: no overflow, accurate in both tails. */
export function binaryCrossEntropyWithLogits(input: Tensor, target: Tensor, options: LogitsOptions = {}): Tensor {
  checkLossOptions("binaryCrossEntropyWithLogits", options, "weight", "posWeight");
  checkPair("binaryCrossEntropyWithLogits", "input", input, "target", target);
  return weighted(applyNamed(logitsOp, { x: input, target, positive: options.posWeight ?? 1 }), options);
}

const weighted = (losses: Tensor, { weight, reduction }: BinaryCrossEntropyOptions): Tensor =>
  reduced(weight ? losses.mul(weight) : losses, reduction);

/** `log(1 + exp(-t x))` of scores and targets 1 or -1 of one shape. */
export function softMarginLoss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkLossOptions("softMarginLoss", options);
  checkPair("softMarginLoss", "input", input, "target", target);
  return reduced(input.mul(target).neg().softplus(), options.reduction);
}

/** Binary cross-entropy of logits `[N,C]`, averaged over the classes; `weight` is one per class. */
export function multilabelSoftMarginLoss(input: Tensor, target: Tensor, options: BinaryCrossEntropyOptions = {}): Tensor {
  checkLossOptions("multilabelSoftMarginLoss", options, "weight");
  checkPair("multilabelSoftMarginLoss", "input", input, "target", target);
  const losses = applyNamed(logitsOp, { x: input, target, positive: 1 });
  return reduced((options.weight ? losses.mul(options.weight) : losses).mean(-1), options.reduction);
}

/** Options of `multiMarginLoss`. */
export interface MultiMarginOptions extends LossOptions {
  /** Power of the hinge, 1 or 2. Default 1. */
  readonly p?: 1 | 2;
  /** Default 1. */
  readonly margin?: number;
  /** Weight of each class, `[C]`. */
  readonly weight?: Tensor | null;
}

const hingeOp = elementwiseOp("hinge", "x < 0 ? 0 : x");

/** `Σ_j max(0, margin - x[t] + x[j])^p / C` over the classes j other than t, of scores `[N,C]` and int32 classes `[N]`. Crammer & Singer 2001. */
export function multiMarginLoss(input: Tensor, target: Tensor, options: MultiMarginOptions = {}): Tensor {
  checkLossOptions("multiMarginLoss", options, "p", "margin", "weight");
  const { p = 1, margin = 1, weight } = options;
  if (p !== 1 && p !== 2) throw new RangeError(`multiMarginLoss: p is 1 or 2, got ${p}`);
  if (input.ndim !== 2 || !sameShape(target.shape, [input.shape[0]]))
    throw new RangeError(`multiMarginLoss: scores [N,C] take int32 classes [N], got ${showShape(input.shape)} and ${showShape(target.shape)}`);
  const classes = input.shape[1];
  checkClasses("multiMarginLoss", target, classes, Number.NaN);
  const own = input.gather(1, target.unsqueeze(1));
  const hinges = apply(hingeOp, [input.sub(own).add(margin)], null);
  // The sum over all classes counts the target's own, whose hinge is always the margin.
  const over = (p === 2 ? hinges.square() : hinges).sum(1).sub(Math.max(0, margin) ** p);
  return reduced((weight ? over.mul(weight.detach().indexSelect(0, target)) : over).div(classes), options.reduction);
}

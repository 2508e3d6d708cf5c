import { apply } from "../tape/apply.ts";
import { checkOptions } from "../tape/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { applyNamed, elementwiseOp } from "./elementwise.ts";
import { checkLossOptions, checkPair, type LossOptions, reduced } from "./loss.ts";

/** Cosine of the angle between vectors along a dimension (1 by default); lengths count as `eps` (1e-8) at least. The other dimensions broadcast. */
export function cosineSimilarity(a: Tensor, b: Tensor, options: { readonly dim?: number; readonly eps?: number } = {}): Tensor {
  checkOptions("cosineSimilarity", options, ["dim", "eps"]);
  const { dim = 1, eps = 1e-8 } = options;
  const unit = (x: Tensor): Tensor => x.div(x.norm(dim, { keepDim: true }).clamp({ min: eps }));
  return unit(a).mul(unit(b)).sum(dim);
}

/** Options of `pairwiseDistance`. */
export interface DistanceOptions {
  /** Order of the norm. Default 2. */
  readonly p?: number;
  /** Added to the difference, so that the gradient exists at distance 0. Default 1e-6. */
  readonly eps?: number;
  readonly keepDim?: boolean;
}

/** The norm of `a - b + eps` along the last dimension. */
export function pairwiseDistance(a: Tensor, b: Tensor, options: DistanceOptions = {}): Tensor {
  checkOptions("pairwiseDistance", options, ["p", "eps", "keepDim"]);
  const { p = 2, eps = 1e-6, keepDim = false } = options;
  return a.sub(b).add(eps).norm(-1, { p, keepDim });
}

/** Options of a loss with a margin. */
export interface MarginOptions extends LossOptions {
  readonly margin?: number;
}

const hingeOp = elementwiseOp("hingeEmbeddingLoss", "(target != -1 ? x : 0) + (target != 1 ? (margin - x < 0 ? 0 : margin - x) : 0)", {
  derivatives: { target: null, margin: null },
});

/** `x` where the target is 1, `max(0, margin - x)` (margin 1 by default) where it is -1; one shape. Hadsell, Chopra & LeCun 2006. */
export function hingeEmbeddingLoss(input: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  checkLossOptions("hingeEmbeddingLoss", options, "margin");
  checkPair("hingeEmbeddingLoss", "input", input, "target", target);
  return reduced(applyNamed(hingeOp, { x: input, target, margin: options.margin ?? 1 }), options.reduction);
}

const rankingOp = elementwiseOp(
  "marginRankingLoss",
  `z = margin - target * (a - b)
   y = z < 0 ? 0 : z`,
  { derivatives: { margin: null } },
);

/** `max(0, margin - target * (a - b))`, margin 0 by default: a target of 1 wants `a` ranked above `b`, -1 below; one shape. */
export function marginRankingLoss(a: Tensor, b: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  checkLossOptions("marginRankingLoss", options, "margin");
  checkPair("marginRankingLoss", "input1", a, "input2", b);
  checkPair("marginRankingLoss", "input1", a, "target", target);
  return reduced(applyNamed(rankingOp, { a, b, target, margin: options.margin ?? 0 }), options.reduction);
}

const cosineOp = elementwiseOp("cosineEmbeddingLoss", "target == 1 ? 1 - x : x - margin < 0 ? 0 : x - margin", {
  derivatives: { target: null, margin: null },
});

/** `1 - cos(a, b)` where the target is 1, `max(0, cos(a, b) - margin)` (margin 0 by default) where it is -1; vectors lie along the last dimension. */
export function cosineEmbeddingLoss(a: Tensor, b: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  checkLossOptions("cosineEmbeddingLoss", options, "margin");
  checkPair("cosineEmbeddingLoss", "input1", a, "input2", b);
  const x = a.cosineSimilarity(b, { dim: -1 });
  checkPair("cosineEmbeddingLoss", "the cosines", x, "target", target);
  return reduced(applyNamed(cosineOp, { x, target, margin: options.margin ?? 0 }), options.reduction);
}

const clippedOp = elementwiseOp("tripletMarginLoss", "x < 0 ? 0 : x");

/** Options of `tripletMarginLoss`. */
export interface TripletOptions extends MarginOptions {
  /** Order of the distance. Default 2. */
  readonly p?: number;
  /** Default 1e-6. */
  readonly eps?: number;
  /** Whether the negative is compared with whichever of anchor and positive is nearer. Balntas et al. 2016. Default false. */
  readonly swap?: boolean;
}

/** `max(0, d(anchor, positive) - d(anchor, negative) + margin)`, margin 1 by default; vectors lie along the last dimension. Schroff, Kalenichenko & Philbin 2015, arXiv:1503.03832. */
export function tripletMarginLoss(anchor: Tensor, positive: Tensor, negative: Tensor, options: TripletOptions = {}): Tensor {
  checkLossOptions("tripletMarginLoss", options, "margin", "p", "eps", "swap");
  const { margin = 1, p = 2, eps = 1e-6, swap = false } = options;
  const near = anchor.pairwiseDistance(positive, { p, eps });
  const far = anchor.pairwiseDistance(negative, { p, eps });
  const apart = swap ? far.minimum(positive.pairwiseDistance(negative, { p, eps })) : far;
  return reduced(apply(clippedOp, [near.sub(apart).add(margin)], null), options.reduction);
}

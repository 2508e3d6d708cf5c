import type { Tensor } from "@gradtape/core";
import { fixed, floats, integers, type Row, row, rows } from "../row.ts";

const unit = { low: 0.1, high: 0.9 };
const positive = { low: 0.3, high: 3 };
const signs = fixed([1, -1, 1, -1]);
const sides = fixed([1, -1, 1, -1], "int32");

/** A loss of an input and a target in each reduction. */
const pair = (op: "mseLoss" | "l1Loss" | "smoothL1Loss" | "huberLoss", options: object = {}): Row[] =>
  (["mean", "sum", "none"] as const).flatMap((reduction) =>
    row(
      op,
      [floats([2, 3], { low: -2, high: -0.2 }), floats([2, 3], { low: 0, high: 0.5 })],
      (x, t) => x[op](t, { reduction, ...options }),
      reduction,
    ),
  );

const classes = (options: object) => (x: Tensor, t: Tensor) => x.crossEntropy(t, options);

/** Losses and similarities. */
export const losses: readonly Row[] = [
  ...pair("mseLoss"),
  ...pair("l1Loss"),
  ...pair("smoothL1Loss", { beta: 0.7 }),
  ...pair("smoothL1Loss", { beta: 5 }),
  ...pair("huberLoss", { delta: 0.8 }),
  ...pair("huberLoss", { delta: 5 }),
  ...row("mseLoss", [floats([]), floats([])], undefined, "0-d"),
  ...row("crossEntropy", [floats([4, 3]), integers([4], 3)]),
  ...row("crossEntropy", [floats([4, 3]), fixed([0, -100, 2, 1], "int32")], classes({ labelSmoothing: 0.2 }), "ignored, smoothed"),
  ...row("crossEntropy", [floats([4, 3]), floats([4, 3], unit)], classes({ labelSmoothing: 0.1, reduction: "sum" }), "probabilities"),
  ...row("crossEntropy", [floats([2, 3, 2]), integers([2, 2], 3)], classes({ reduction: "none" }), "spatial"),
  ...row("crossEntropy", [floats([3]), integers([], 3)], undefined, "one sample"),
  ...row("nllLoss", [floats([4, 3]), integers([4], 3)]),
  ...row("nllLoss", [floats([2, 3, 2]), integers([2, 2], 3)], (x, t) => x.nllLoss(t, { ignoreIndex: 1 }), "ignored"),
  ...rows("binaryCrossEntropy", [
    [floats([2, 3], unit), floats([2, 3], unit)],
    [floats([], unit), floats([], unit)],
  ]),
  ...row(
    "binaryCrossEntropy",
    [floats([2, 3], unit), floats([2, 3], unit), floats([3])],
    (x, t, weight) => x.binaryCrossEntropy(t, { weight }),
    "weight",
  ),
  ...row("binaryCrossEntropyWithLogits", [floats([2, 3]), floats([2, 3], unit)]),
  ...row(
    "binaryCrossEntropyWithLogits",
    [floats([2, 3]), floats([2, 3], unit), floats([3]), floats([2, 1])],
    (x, t, posWeight, weight) => x.binaryCrossEntropyWithLogits(t, { posWeight, weight }),
    "weights",
  ),
  ...row("softMarginLoss", [floats([4]), signs], (x, t) => x.softMarginLoss(t)),
  ...row("multilabelSoftMarginLoss", [floats([2, 3]), floats([2, 3], unit)]),
  ...row("multiMarginLoss", [floats([3, 4], { low: -0.3, high: 0.3 }), integers([3], 4)]),
  ...row(
    "multiMarginLoss",
    [floats([3, 4], { low: -0.3, high: 0.3 }), integers([3], 4)],
    (x, t) => x.multiMarginLoss(t, { p: 2, margin: 0.9 }),
    "squared",
  ),
  ...row("klDiv", [floats([2, 3]), floats([2, 3], unit)]),
  ...row("klDiv", [floats([2, 3]), floats([2, 3])], (x, t) => x.klDiv(t, { logTarget: true, reduction: "batchmean" }), "log target"),
  ...row("poissonNllLoss", [floats([2, 3]), floats([2, 3], { low: 1.2, high: 4 })], (x, t) => x.poissonNllLoss(t, { full: true })),
  ...row("poissonNllLoss", [floats([2, 3], positive), floats([2, 3], positive)], (x, t) => x.poissonNllLoss(t, { logInput: false }), "rate"),
  ...row("gaussianNllLoss", [floats([2, 3]), floats([2, 3]), floats([2, 3], positive)], (x, t, v) => x.gaussianNllLoss(t, v, { full: true })),
  ...row("gaussianNllLoss", [floats([2, 3]), floats([2, 3]), floats([2], positive)], undefined, "one variance per row"),
  ...row("cosineSimilarity", [floats([3, 4]), floats([3, 4])]),
  ...row("cosineSimilarity", [floats([3, 4]), floats([1, 4])], (a, b) => a.cosineSimilarity(b, { dim: -1 }), "broadcast"),
  ...row("pairwiseDistance", [floats([3, 4]), floats([3, 4])]),
  ...row("hingeEmbeddingLoss", [floats([4], { away: [1] }), sides], (x, t) => x.hingeEmbeddingLoss(t)),
  ...row("marginRankingLoss", [floats([4], { low: 1, high: 2 }), floats([4], { low: 0, high: 0.9 }), signs], (a, b, t) =>
    a.marginRankingLoss(b, t, { margin: 0.05 }),
  ),
  ...row("cosineEmbeddingLoss", [floats([4, 3]), floats([4, 3]), sides], (a, b, t) => a.cosineEmbeddingLoss(b, t, { margin: -1 })),
  ...row("tripletMarginLoss", [floats([3, 4]), floats([3, 4]), floats([3, 4])], (a, p, n) => a.tripletMarginLoss(p, n, { margin: 9 })),
  ...row(
    "tripletMarginLoss",
    [floats([3, 4]), floats([3, 4]), floats([3, 4])],
    (a, p, n) => a.tripletMarginLoss(p, n, { margin: 9, p: 3, swap: true }),
    "swap",
  ),
];

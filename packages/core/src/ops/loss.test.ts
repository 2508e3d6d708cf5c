import { describe, expect, test } from "vitest";
import { grad, type Tensor, tensor, zeros } from "../index.ts";

const of = (values: Parameters<typeof tensor>[0]): Tensor => tensor(values, { dtype: "float64" });
const labels = (...values: number[]): Tensor => tensor(values, { dtype: "int32" });

describe("losses", () => {
  test("of classification", () => {
    const scores = of([
      [2, 0, 0],
      [0, 1, 0],
    ]);
    expect(scores.crossEntropy(labels(0, 1)).item()).toBeCloseTo((Math.log(1 + 2 * Math.exp(-2)) + Math.log(1 + 2 * Math.exp(-1))) / 2, 14);
    expect(scores.logSoftmax(1).nllLoss(labels(0, 1)).item()).toBeCloseTo(scores.crossEntropy(labels(0, 1)).item(), 14);
    expect(
      of([0.9])
        .binaryCrossEntropy(of([1]))
        .item(),
    ).toBeCloseTo(-Math.log(0.9), 14);
    expect(
      of([1])
        .binaryCrossEntropy(of([0]))
        .item(),
    ).toBe(100);
    expect(
      of([40, -40])
        .binaryCrossEntropyWithLogits(of([1, 0]), { reduction: "sum" })
        .item() /
        (2 * Math.exp(-40)),
    ).toBeCloseTo(1, 12);
    expect(
      of([[0.1, 0.2, 0.4, 0.8]])
        .multiMarginLoss(labels(3))
        .item(),
    ).toBeCloseTo((1 - 0.7 + (1 - 0.6) + (1 - 0.4)) / 4, 14);
    expect(
      of([1])
        .softMarginLoss(of([-1]))
        .item(),
    ).toBeCloseTo(Math.log(1 + Math.E), 14);
    expect(
      of([[0, 2]])
        .multilabelSoftMarginLoss(of([[1, 0]]))
        .item(),
    ).toBeCloseTo((Math.LN2 + Math.log(1 + Math.exp(2))) / 2, 14);
  });

  test("a mean over ignored targets alone is NaN, its gradient 0", () => {
    const x = tensor([[1, 2]], { requiresGrad: true });
    const loss = x.crossEntropy(labels(-100));
    expect(loss.item()).toBe(Number.NaN);
    expect(grad(loss, x).toArray()).toEqual([[0, 0]]);
  });

  test("of regression", () => {
    const [x, t] = [of([0, 0.5, 3]), of([0, 0, 0])];
    const none = { reduction: "none" } as const;
    expect(x.l1Loss(t, none).toArray()).toEqual([0, 0.5, 3]);
    expect(x.smoothL1Loss(t, { ...none, beta: 2 }).toArray()).toEqual([0, 0.0625, 2]);
    expect(x.smoothL1Loss(t, { ...none, beta: 0 }).toArray()).toEqual([0, 0.5, 3]);
    expect(x.huberLoss(t, { ...none, delta: 2 }).toArray()).toEqual([0, 0.125, 4]);
    expect(
      of([1])
        .gaussianNllLoss(of([3]), of([4]))
        .item(),
    ).toBeCloseTo(0.5 * (Math.log(4) + 1), 14);
    expect(
      of([1])
        .poissonNllLoss(of([2]))
        .item(),
    ).toBeCloseTo(Math.E - 2, 14);
  });

  test("of pairs and triplets", () => {
    expect(
      of([[3, 4]])
        .cosineSimilarity(of([[4, 3]]))
        .toArray(),
    ).toEqual([0.96]);
    expect(
      of([[0, 0]])
        .cosineSimilarity(of([[4, 3]]))
        .toArray(),
    ).toEqual([0]);
    const embedded = of([0.5, 0.5, 2]).hingeEmbeddingLoss(labels(1, -1, -1), { reduction: "none" });
    expect(embedded.toArray()).toEqual([0.5, 0.5, 0]);
    expect(
      of([1, 1])
        .marginRankingLoss(of([2, 2]), of([1, -1]), { reduction: "none", margin: 0.5 })
        .toArray(),
    ).toEqual([1.5, 0]);
    const triplet = of([[0, 0]]).tripletMarginLoss(of([[3, 4]]), of([[6, 8]]), { eps: 0, margin: 7 });
    expect(triplet.item()).toBe(2);
    const cosine = of([
      [1, 0],
      [1, 0],
    ]).cosineEmbeddingLoss(
      of([
        [0, 1],
        [1, 0],
      ]),
      labels(1, -1),
      { reduction: "none", margin: 0.25 },
    );
    expect(cosine.toArray()).toEqual([1, 0.75]);
  });
});

describe("bad input", () => {
  const x = zeros([2, 3]);

  test.each<[string, () => unknown, string]>([
    ["shapes", () => x.mseLoss(zeros([2])), "mseLoss: input [2,3] and target [2] must have one shape; reshape or expand one of them"],
    ["class out of range", () => x.crossEntropy(labels(0, 3)), "crossEntropy: target 1 is class 3, but the logits have classes 0 to 2"],
    [
      "target shape",
      () => x.crossEntropy(labels(0)),
      "crossEntropy: logits [2,3] take int32 class indices [2] or probabilities [2,3], got int32 [1]",
    ],
    ["target dtype", () => x.nllLoss(x), "nllLoss: log-probabilities [2,3] take int32 class indices [2], got float32 [2,3]"],
    ["weight", () => x.crossEntropy(labels(0, 1), { weight: zeros([2]) }), "crossEntropy: weight has shape [2], expected [3], one per class"],
    ["reduction", () => x.l1Loss(x, { reduction: "avg" as never }), 'l1Loss: unknown reduction "avg"; use "mean", "sum" or "none"'],
    ["batchmean", () => x.mseLoss(x, { reduction: "batchmean" as never }), 'mseLoss: unknown reduction "batchmean"'],
    [
      "option",
      () => x.crossEntropy(labels(0, 1), { labelSmooting: 0.1 } as never),
      "crossEntropy: unknown option labelSmooting; did you mean labelSmoothing?",
    ],
    ["smoothing", () => x.crossEntropy(labels(0, 1), { labelSmoothing: 2 }), "crossEntropy: labelSmoothing lies between 0 and 1, got 2"],
    ["probability", () => tensor([2]).binaryCrossEntropy(tensor([1])), "binaryCrossEntropy: input 0 is 2, but probabilities lie in [0, 1]"],
    ["variance", () => tensor([2]).gaussianNllLoss(tensor([1]), tensor([-1])), "gaussianNllLoss: variance 0 is -1, but a variance is not negative"],
    ["delta", () => x.huberLoss(x, { delta: 0 }), "huberLoss: delta is above 0, got 0"],
    ["beta", () => x.smoothL1Loss(x, { beta: -1 }), "smoothL1Loss: beta is at least 0, got -1"],
  ])("%s", (_, call, message) => {
    expect(call).toThrow(message);
  });
});

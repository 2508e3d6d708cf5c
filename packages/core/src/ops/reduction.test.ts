import { describe, expect, test } from "vitest";
import { grad, noGrad, type Tensor, tensor, Variable, zeros } from "../index.ts";

const NaN_ = Number.NaN;
const inf = Number.POSITIVE_INFINITY;
const of = (values: Parameters<typeof tensor>[0]): Tensor => tensor(values, { dtype: "float64" });
const gradOf = (fn: (x: Tensor) => Tensor, values: Parameters<typeof tensor>[0]) => {
  const x = tensor(values, { dtype: "float64", requiresGrad: true });
  return grad(fn(x).sum(), x).toArray();
};

describe("reductions", () => {
  test("variance and std divide by what the correction leaves", () => {
    expect(of([1, 3]).variance().item()).toBe(2);
    expect(of([1, 3]).var([0], { correction: 0 }).item()).toBe(1);
    expect(of([1]).variance().item()).toBe(NaN_);
    expect(gradOf((x) => x.std(), [2, 2])).toEqual([0, 0]);
    expect(() => of([1]).variance(0, { unbiased: false } as never)).toThrow("variance: unknown option unbiased");
  });

  test("any, all and countNonzero over dims, of nothing too; NaN counts", () => {
    const x = of([
      [0, NaN_],
      [0, 2],
    ]);
    expect(x.any(0).toArray()).toEqual([false, true]);
    expect(x.all(0).toArray()).toEqual([false, true]);
    expect(x.countNonzero().item()).toBe(2);
    expect([zeros([0]).any().item(), zeros([0]).all().item()]).toEqual([0, 1]);
    expect(x.all([], { keepDim: true }).shape).toEqual([1, 1]);
  });

  test("prod of nothing is 1; its gradient needs no division", () => {
    expect(zeros([0, 2]).prod(0).toArray()).toEqual([1, 1]);
    expect(gradOf((x) => x.prod(), [0, 3, 4])).toEqual([12, 0, 0]);
    expect(gradOf((x) => x.prod(), [0, 0, 4])).toEqual([0, 0, 0]);
  });

  test("norms of every order, and their subgradients at 0", () => {
    const x = of([3, 0, -4]);
    expect([0, 1, 2, inf, -inf].map((p) => x.norm(0, { p }).item())).toEqual([2, 7, 5, 4, 0]);
    for (const p of [0, 0.5, 1, 1.5, 2, 2.5, 3, 4, inf]) expect(gradOf((z) => z.norm(0, { p }), [0, 0])).toEqual([0, 0]);
    expect(gradOf((z) => z.norm(), [3, -4])).toEqual([0.6, -0.8]);
    expect(() => x.norm(0, { p: NaN_ })).toThrow("norm: p is a number or ±Infinity");
    expect(() => zeros([0]).norm(0, { p: inf })).toThrow("norm: there is no extremum of no elements, shape [0]");
  });

  test("logSumExp of infinities: the infinite term takes the gradient, a sum of nothing gives none", () => {
    expect(
      gradOf(
        (x) => x.logSumExp(1),
        [
          [inf, 1],
          [-inf, -inf],
          [0, -inf],
        ],
      ),
    ).toEqual([
      [1, 0],
      [0, 0],
      [1, 0],
    ]);
  });

  test("an axis out of range and an extremum of nothing are refused", () => {
    expect(() => zeros([2, 3]).sum(2)).toThrow("sum: dim 2 is out of range for shape [2,3]; use -2 to 1");
    expect(() => zeros([2, 3]).sum([0, -2])).toThrow("sum: dim 0 appears twice");
    expect(() => zeros([2, 0]).amax(1)).toThrow("amax: there is no extremum of no elements, shape [2,0]");
    expect(() => zeros([2, 0]).argmax(1)).toThrow("argmax: there is no extremum of no elements");
  });
});

describe("scans", () => {
  test("run along any dimension of any layout", () => {
    const x = of([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(x.cumsum(1).toArray()).toEqual([
      [1, 3, 6],
      [4, 9, 15],
    ]);
    expect(x.transpose(0, 1).cumprod(1).toArray()).toEqual([
      [1, 4],
      [2, 10],
      [3, 18],
    ]);
    expect(tensor([true, true, false]).cumsum(0).toArray()).toEqual([1, 2, 2]);
    expect(() => x.cumsum(2)).toThrow("cumsum: dim 2 is out of range for shape [2,3]");
  });

  test("cummax and cummin take the latest of a tie, and keep NaN", () => {
    const { values, indices } = of([1, 3, 3, NaN_, 5]).cummax(0);
    expect(values.toArray()).toEqual([1, 3, 3, NaN_, NaN_]);
    expect(indices.toArray()).toEqual([0, 1, 2, 3, 3]);
    expect(of([2, 1, 1, 4]).cummin(0).indices.toArray()).toEqual([0, 1, 2, 2]);
  });

  test("linearRecurrence is a moving average", () => {
    const smooth = of([0.5]).linearRecurrence(of([8, 4, 2]), 0);
    expect(smooth.toArray()).toEqual([8, 8, 6]);
  });
});

describe("sorting", () => {
  test("is stable, and NaN is the largest", () => {
    const x = of([2, NaN_, 1, 2]);
    expect(x.argsort().toArray()).toEqual([2, 0, 3, 1]);
    expect(x.argsort({ descending: true }).toArray()).toEqual([1, 0, 3, 2]);
    expect(x.sort().values.toArray()).toEqual([1, 2, 2, NaN_]);
    expect(of(3).sort().indices.item()).toBe(0);
  });

  test("topk, kthvalue and median", () => {
    const x = of([
      [5, 1, 4, 2],
      [1, NaN_, 3, 2],
    ]);
    expect(x.topk(2).indices.toArray()).toEqual([
      [0, 2],
      [1, 2],
    ]);
    expect(x.topk(1, { largest: false }).values.toArray()).toEqual([[1], [1]]);
    expect(x.kthvalue(2).values.toArray()).toEqual([2, 2]);
    expect(x.median(1).values.toArray()).toEqual([2, NaN_]);
    expect(x.median(1, { keepDim: true }).indices.toArray()).toEqual([[3], [1]]);
    expect(() => x.topk(5)).toThrow("topk: k is an integer from 0 to 4 for shape [2,4], got 5");
    expect(() => x.kthvalue(0)).toThrow("kthvalue: k is an integer from 1 to 4");
  });
});

describe("normalization", () => {
  const batch = of([
    [1, 10],
    [3, 30],
  ]);

  test("batchNorm moves the running statistics, by momentum or by the count", () => {
    const [mean, variance] = [new Variable(of([0, 0])), new Variable(of([1, 1]))];
    batch.batchNorm({ training: true, runningMean: mean, runningVar: variance, momentum: 0.5 });
    expect(mean.toArray()).toEqual([1, 10]);
    expect(variance.toArray()).toEqual([1.5, 100.5]);
    const count = new Variable(0);
    const all = {
      training: true,
      runningMean: new Variable(of([7, 7])),
      runningVar: new Variable(of([7, 7])),
      momentum: null,
      numBatchesTracked: count,
    };
    batch.batchNorm(all);
    batch.mul(3).batchNorm(all);
    expect(all.runningMean.toArray()).toEqual([4, 40]);
    expect(count.item()).toBe(2);
  });

  test("what does not fit is refused", () => {
    expect(() => batch.slice([0, 1]).batchNorm({ training: true })).toThrow("batchNorm: training needs more than one value per channel");
    expect(() => batch.batchNorm()).toThrow("batchNorm: without training the running statistics are needed");
    expect(() => batch.batchNorm({ training: true, weight: of([1]) })).toThrow("batchNorm: weight has shape [1], expected [2]");
    expect(() => batch.batchNorm({ training: true, momentun: 1 } as never)).toThrow("batchNorm: unknown option momentun; did you mean momentum?");
    expect(() => batch.layerNorm({ normalizedShape: [3] })).toThrow("layerNorm: the last sizes of [2,2] are not normalizedShape [3]");
    expect(() => batch.groupNorm({ numGroups: 3 })).toThrow("groupNorm: 3 groups do not divide the channels of [2,2]");
    expect(() => batch.instanceNorm()).toThrow("instanceNorm: needs an input [N,C,d…], got [2,2]");
  });

  test("statistics are no part of the tape", () => {
    const x = tensor([1, 2, 3], { dtype: "float64", requiresGrad: true });
    const y = x.layerNorm({ normalizedShape: [3] });
    expect(y.node?.edges.filter((edge) => edge !== null)).toHaveLength(1);
    expect(noGrad(() => x.layerNorm({ normalizedShape: [3] })).toArray()).toEqual(y.toArray());
  });
});

import { fixed, floats, type Row, row, rows } from "../row.ts";

const apart = { apart: true };
const away0 = { away: [0], apart: true };
const zeros = fixed([
  [2, 0, 3],
  [0, 0, 4],
  [5, 6, 7],
]);

/** Dims and options over which every reduction is tried: all, one, several, kept. */
const over = (op: "sum" | "mean" | "amax" | "amin" | "variance" | "std" | "prod" | "norm" | "logSumExp" | "var"): Row[] => [
  ...row(op, [floats([2, 3, 2], away0)], (x) => x[op](), "all"),
  ...row(op, [floats([2, 3, 2], away0)], (x) => x[op](1), "dim"),
  ...row(op, [floats([2, 3, 2], away0)], (x) => x[op]([0, -1], { keepDim: true }), "dims, kept"),
];

/** Folds, scans, orders, and what is normalized by them. */
export const reductions: readonly Row[] = [
  ...over("sum"),
  ...over("mean"),
  ...over("amax"),
  ...over("amin"),
  ...over("variance"),
  ...over("var"),
  ...over("std"),
  ...over("prod"),
  ...over("norm"),
  ...over("logSumExp"),
  ...rows("sum", [[floats([])], [floats([0, 3])]], (x) => x.sum(0), "small"),
  ...rows("mean", [[floats([])], [floats([2, 0])]], (x) => x.mean(0), "small"),
  ...rows("prod", [[floats([])], [floats([0, 3])], [zeros]], (x) => x.prod(0), "small, zeros"),
  ...row("prod", [zeros], (x) => x.prod([0, 1]), "zeros, all"),
  ...row("variance", [floats([4, 2])], (x) => x.variance(0, { correction: 0 }), "population"),
  ...row("std", [floats([4, 2])], (x) => x.std(0, { correction: 2 }), "correction"),
  ...[0, 0.5, 1, 1.5, 3, 4, 2.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].flatMap((p) =>
    row("norm", [floats([3, 2], away0)], (x) => x.norm(0, { p }), `p = ${p}`),
  ),
  ...row("norm", [fixed([0, 3, -4])], undefined, "a zero"),
  ...row("norm", [fixed([0, 3, -4])], (x) => x.norm(0, { p: 4 }), "p = 4, a zero"),
  ...row("sumTo", [floats([2, 3])], (x) => x.sumTo([3])),
  ...row("max", [floats([2, 3], apart)]),
  ...row("max", [floats([2, 3], apart)], (x) => x.max(1), "dim"),
  ...row("min", [floats([2, 3], apart)]),
  ...row("min", [floats([2, 3], apart)], (x) => x.min(0, { keepDim: true }), "dim"),
  ...row("softmax", [floats([2, 3, 2])], (x) => x.softmax(1)),
  ...rows("softmax", [[floats([])], [floats([2, 0])]], (x) => x.softmax(-1), "small"),
  ...row("softmin", [floats([2, 3])], (x) => x.softmin(1)),
  ...row("logSoftmax", [floats([2, 3, 2])], (x) => x.logSoftmax(-2)),
  ...row("cumsum", [floats([2, 3, 2])], (x) => x.cumsum(1)),
  ...rows("cumsum", [[floats([])], [floats([2, 0])]], (x) => x.cumsum(-1), "small"),
  ...row("cumprod", [floats([2, 3, 2])], (x) => x.cumprod(1)),
  ...rows("cumprod", [[floats([])], [floats([2, 0])], [zeros]], (x) => x.cumprod(-1), "small, zeros"),
  ...row("linearRecurrence", [floats([2, 4]), floats([2, 4])], (a, b) => a.linearRecurrence(b, 1)),
  ...row("linearRecurrence", [floats([]), floats([4, 2])], (a, b) => a.linearRecurrence(b, 0), "broadcast"),
  ...row("cummax", [floats([2, 4], apart)], (x) => x.cummax(1)),
  ...row("cummin", [floats([4, 2], apart)], (x) => x.cummin(0)),
  ...row("sort", [floats([2, 4], apart)]),
  ...row("sort", [floats([4, 2], apart)], (x) => x.sort({ dim: 0, descending: true }), "descending"),
  ...row("topk", [floats([2, 4], apart)], (x) => x.topk(2)),
  ...row("kthvalue", [floats([2, 4], apart)], (x) => x.kthvalue(2)),
  ...row("median", [floats([2, 4], apart)], (x) => x.median(1)),
  ...row("normalize", [floats([2, 3], away0)]),
  ...row("normalize", [floats([2, 3], away0)], (x) => x.normalize({ p: 3, dim: 0 }), "p = 3"),
];

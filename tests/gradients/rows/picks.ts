import { tensor } from "@gradtape/core";
import { booleans, fixed, floats, integers, type Row, row } from "../row.ts";

/** Gathering, scattering and masks. */
export const picks: readonly Row[] = [
  ...row("gather", [floats([3, 4]), integers([3, 2], 4)], (x, index) => x.gather(1, index)),
  ...row("takeAlongDim", [floats([3, 4]), integers([3, 2], 4)], (x, index) => x.takeAlongDim(index, 1)),
  ...row("take", [floats([3, 4]), integers([5], 12)], (x, index) => x.take(index)),
  ...row("scatterAdd", [floats([3, 4]), integers([2, 4], 3), floats([2, 4])], (x, index, source) => x.scatterAdd(0, index, source)),
  ...row("scatter", [floats([3, 4]), fixed([[2, 0, 1, 0]], "int32"), floats([1, 4])], (x, index, source) => x.scatter(0, index, source)),
  ...row("indexSelect", [floats([3, 4]), integers([5], 4)], (x, index) => x.indexSelect(1, index)),
  ...row("indexAdd", [floats([3, 4]), integers([2], 3), floats([2, 4])], (x, index, source) => x.indexAdd(0, index, source, { alpha: 1.5 })),
  ...row("index", [floats([3, 4, 2]), integers([2], 3), integers([2], 2)], (x, i, k) => x.index([i, null, k])),
  ...row("indexPut", [floats([3, 4]), floats([2, 4])], (x, values) => x.indexPut([tensor([0, 2], { dtype: "int32" })], values)),
  ...row(
    "indexPut",
    [floats([3, 4]), integers([5], 3), floats([5, 4])],
    (x, i, values) => x.indexPut([i], values, { accumulate: true }),
    "accumulate",
  ),
  ...row("maskedSelect", [floats([3, 4]), booleans([3, 4])], (x, mask) => x.maskedSelect(mask)),
  ...row("embedding", [integers([2, 3], 5), floats([5, 2])], (indices, weight) => indices.embedding(weight)),
  ...row("embedding", [integers([2, 3], 5), floats([5, 2])], (indices, weight) => indices.embedding(weight.mul(1)), "of a result"),
  ...row("scatter", [floats([3, 4]), integers([3, 4], 3), floats([4, 5])], (x, index, source) => x.scatter(0, index, source), "repeats"),
  ...row("scatter", [floats([3, 4]), integers([3, 2], 4)], (x, index) => x.scatter(1, index, 2), "number"),
  ...row("index", [floats([3, 4, 2]), integers([2, 1], 4), integers([3], 2)], (x, i, k) => x.index([null, i, k]), "side by side"),
  ...row("index", [floats([2, 3, 2]), booleans([2, 3])], (x, mask) => x.index([mask, -1]), "mask"),
];

import { Variable } from "@gradtape/core";
import { floats, type Row, row } from "../row.ts";

/** What brings activations to zero mean and unit variance. */
export const normalizations: readonly Row[] = [
  ...row("layerNorm", [floats([2, 4]), floats([4]), floats([4])], (x, weight, bias) => x.layerNorm({ normalizedShape: [4], weight, bias })),
  ...row("layerNorm", [floats([2, 3, 2])], (x) => x.layerNorm({ normalizedShape: [3, 2], eps: 0.1 }), "two dims"),
  ...row("layerNorm", [floats([0, 3])], (x) => x.layerNorm({ normalizedShape: [3] }), "empty"),
  ...row("groupNorm", [floats([2, 4, 2]), floats([4]), floats([4])], (x, weight, bias) => x.groupNorm({ numGroups: 2, weight, bias })),
  ...row("batchNorm", [floats([3, 2, 2]), floats([2]), floats([2])], (x, weight, bias) => x.batchNorm({ training: true, weight, bias })),
  ...row("batchNorm", [floats([4, 2])], (x) => x.batchNorm({ training: true }), "plain"),
  ...row(
    "batchNorm",
    [floats([4, 2]), floats([2])],
    (x, weight) => x.batchNorm({ weight, runningMean: new Variable([0.1, 0.2]), runningVar: new Variable([1.1, 0.7]) }),
    "running",
  ),
  ...row("instanceNorm", [floats([2, 2, 4]), floats([2]), floats([2])], (x, weight, bias) => x.instanceNorm({ weight, bias })),
  ...row("rmsNorm", [floats([2, 4]), floats([4])], (x, weight) => x.rmsNorm({ normalizedShape: [4], weight })),
  ...row("rmsNorm", [floats([2, 3, 2])], (x) => x.rmsNorm({ normalizedShape: [3, 2], eps: 0.1 }), "two dims"),
];

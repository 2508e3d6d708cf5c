import { floats, type Row, row } from "../row.ts";

const apart = { apart: true };
const image = [floats([1, 2, 4, 4], apart)];

/** Convolution, pooling and images. */
export const windows: readonly Row[] = [
  ...row("conv1d", [floats([2, 2, 5]), floats([3, 2, 3]), floats([3])]),
  ...row("conv1d", [floats([1, 4, 5]), floats([2, 2, 2])], (x, w) => x.conv1d(w, null, { stride: 2, padding: 1, dilation: 2, groups: 2 }), "options"),
  ...row("conv2d", [floats([1, 2, 4, 3]), floats([2, 2, 2, 2]), floats([2])]),
  ...row("conv2d", [floats([1, 2, 4, 3]), floats([4, 1, 3, 2])], (x, w) => x.conv2d(w, null, { padding: "same", groups: 2 }), "same"),
  ...row("conv3d", [floats([1, 1, 3, 2, 3]), floats([1, 1, 2, 2, 2]), floats([1])]),
  ...row("convTranspose1d", [floats([1, 2, 3]), floats([2, 2, 3]), floats([2])], (x, w, b) =>
    x.convTranspose1d(w, b, { stride: 2, outputPadding: 1 }),
  ),
  ...row("convTranspose2d", [floats([1, 2, 2, 3]), floats([2, 1, 2, 2]), floats([2])], (x, w, b) =>
    x.convTranspose2d(w, b, { groups: 2, padding: 1, stride: 2 }),
  ),
  ...row("convTranspose3d", [floats([1, 1, 2, 2, 2]), floats([1, 1, 2, 1, 2]), floats([1])]),
  ...row("avgPool1d", [floats([1, 2, 5])], (x) => x.avgPool1d({ kernelSize: 2 })),
  ...row("avgPool2d", image, (x) => x.avgPool2d({ kernelSize: 3, stride: 2, padding: 1, countIncludePad: false })),
  ...row("avgPool3d", [floats([1, 1, 2, 3, 2])], (x) => x.avgPool3d({ kernelSize: 2 })),
  ...row("adaptiveAvgPool1d", [floats([1, 2, 5])], (x) => x.adaptiveAvgPool1d({ outputSize: 3 })),
  ...row("adaptiveAvgPool2d", image, (x) => x.adaptiveAvgPool2d({ outputSize: [3, 2] })),
  ...row("maxPool1d", [floats([1, 2, 5], apart)], (x) => x.maxPool1d({ kernelSize: 2, stride: 1 })),
  ...row("maxPool2d", image, (x) => x.maxPool2d({ kernelSize: 2, padding: 1 })),
  ...row("maxPool3d", [floats([1, 1, 2, 3, 2], apart)], (x) => x.maxPool3d({ kernelSize: 2 })),
  ...row("adaptiveMaxPool1d", [floats([1, 2, 5], apart)], (x) => x.adaptiveMaxPool1d({ outputSize: 3 })),
  ...row("adaptiveMaxPool2d", image, (x) => x.adaptiveMaxPool2d({ outputSize: 2 })),
  ...row("unfold", image, (x) => x.unfold({ kernelSize: 2, stride: 2, padding: 1 })),
  ...row("unfold", [floats([5, 2])], (x) => x.unfold(0, 3, 1), "dim"),
  ...row("fold", [floats([1, 8, 4])], (x) => x.fold({ outputSize: 4, kernelSize: 2, stride: 2 })),
  ...row("pixelShuffle", [floats([1, 4, 2, 2])], (x) => x.pixelShuffle(2)),
  ...row("pixelUnshuffle", image, (x) => x.pixelUnshuffle(2)),
  ...(["nearest", "bilinear", "bicubic", "area"] as const).flatMap((mode) =>
    row("interpolate", [floats([1, 1, 3, 2])], (x) => x.interpolate({ size: [4, 3], mode }), mode),
  ),
  ...row("conv1d", [floats([4, 6]), floats([2, 2, 4])], (x, w) => x.conv1d(w, null, { padding: "same", groups: 2 }), "without a batch"),
  ...row(
    "conv2d",
    [floats([2, 2, 5, 4]), floats([3, 2, 3, 2]), floats([3])],
    (x, w, b) => x.conv2d(w, b, { stride: [2, 1], padding: [1, 2], dilation: [1, 2] }),
    "options",
  ),
  ...row("conv2d", [floats([2, 3, 2, 2]), floats([2, 3, 1, 1])], (x, w) => x.conv2d(w), "pointwise"),
  ...row(
    "convTranspose2d",
    [floats([2, 4, 2, 3]), floats([4, 2, 3, 2]), floats([4])],
    (x, w, b) => x.convTranspose2d(w, b, { stride: [3, 1], padding: [1, 0], outputPadding: [2, 1], dilation: [1, 2], groups: 2 }),
    "options",
  ),
  ...row(
    "maxPool2d",
    [floats([2, 5, 6], apart)],
    (x) => x.maxPool2d({ kernelSize: [2, 3], stride: 2, padding: 1, dilation: [2, 1], ceilMode: true }),
    "options",
  ),
  ...row("avgPool2d", [floats([2, 5, 6])], (x) => x.avgPool2d({ kernelSize: [2, 3], stride: 2, padding: 1, ceilMode: true }), "ceil"),
  ...row("avgPool3d", [floats([1, 4, 3, 4])], (x) => x.avgPool3d({ kernelSize: 2, stride: 1, divisorOverride: 3 }), "divisor"),
  ...row("adaptiveMaxPool2d", [floats([2, 5, 7], apart)], (x) => x.adaptiveMaxPool2d({ outputSize: [2, 3] }), "uneven"),
  ...row("unfold", [floats([2, 4, 5])], (x) => x.unfold({ kernelSize: [2, 3], padding: [1, 0], stride: [2, 1], dilation: [1, 2] }), "options"),
  ...row("unfold", [floats([3, 7])], (x) => x.unfold(1, 2, 3), "apart"),
  ...row("fold", [floats([8, 9])], (x) => x.fold({ outputSize: 4, kernelSize: 2, stride: 2, padding: 1 }), "padding"),
  ...row("interpolate", [floats([1, 1, 3, 4])], (x) => x.interpolate({ scaleFactor: 1.6, mode: "bicubic", alignCorners: true }), "corners"),
  ...row("interpolate", [floats([1, 1, 2, 3, 2])], (x) => x.interpolate({ scaleFactor: 2, mode: "trilinear" }), "trilinear"),
];

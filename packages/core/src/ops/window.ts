import { copyKernel, kernel } from "../backend/kernel.ts";
import { restride, type View } from "../backend/view.ts";
import { perDimension } from "../backend/window.ts";
import { normalizeDim, type Shape, showShape, sizeOf } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import { checkOptions } from "../tape/options.ts";
import type { Tensor } from "../tensor/tensor.ts";

interface Windows {
  readonly dims: readonly number[];
  /** Size of the window in each of the dimensions. */
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
}

const reach = ({ kernel: size, dilation }: Windows, k: number): number => dilation[k] * (size[k] - 1) + 1;

/** Number of positions along each dimension of a tensor. */
const counts = (shape: Shape, windows: Windows): number[] =>
  windows.dims.map((d, k) => Math.max(0, Math.floor((shape[d] - reach(windows, k)) / windows.stride[k]) + 1));

/** The view with the window's positions in place of its dimensions, and with the window's own dimensions last. */
function windowed(view: View, windows: Windows): View {
  const { dims, kernel: size, stride, dilation } = windows;
  const count = counts(view.shape, windows);
  const at = (d: number): number => dims.indexOf(d);
  return restride(
    view,
    [...view.shape.map((n, d) => (at(d) < 0 ? n : count[at(d)])), ...size],
    [...view.strides.map((s, d) => (at(d) < 0 ? s : s * stride[at(d)])), ...dims.map((d, k) => view.strides[d] * dilation[k])],
  );
}

const windowsOp: Op<Windows> = operation({
  name: "windows",
  saves: { inputs: [], output: false },
  forward: ([x], windows) => windowed(x as Tensor, windows),
  vjp: [(g, { shapes, attrs }) => apply(overlapAddOp, [g], { ...attrs, shape: shapes[0] })],
});

const add = kernel("y = a + b");

const overlapAddOp: Op<Windows & { readonly shape: Shape }> = operation({
  name: "overlapAdd",
  saves: { inputs: [], output: false },
  forward: ([x], { shape, ...windows }) => {
    const source = x as Tensor;
    const output = source.newZeros(shape);
    const places = windowed(output, windows);
    const disjoint = windows.dims.every((_, k) => windows.kernel[k] === 1 || (windows.dilation[k] === 1 && windows.stride[k] >= windows.kernel[k]));
    if (disjoint) source.device.backend.map(copyKernel, [source], [], [places]);
    else
      for (let index = 0; index < sizeOf(windows.kernel); index++) {
        const place = elementOf(places, windows.kernel, index);
        source.device.backend.map(add, [place, elementOf(source, windows.kernel, index)], [], [place]);
      }
    return output;
  },
  vjp: [(g, { attrs: { shape: _, ...windows } }) => apply(windowsOp, [g], windows)],
});

/** One element of all windows, whose dimensions are the last ones. */
function elementOf(view: View, size: readonly number[], index: number): View {
  const lead = view.shape.length - size.length;
  let { offset } = view;
  let rest = index;
  for (let k = size.length - 1; k >= 0; k--) {
    offset += (rest % size[k]) * view.strides[lead + k];
    rest = Math.floor(rest / size[k]);
  }
  return restride(view, view.shape.slice(0, lead), view.strides.slice(0, lead), offset);
}

/** What `unfold` and `fold` cut out: one number for both dimensions or one for each. */
export interface UnfoldOptions {
  /** Size of the window. */
  readonly kernelSize: number | readonly number[];
  /** Default 1. */
  readonly stride?: number | readonly number[];
  /** Zeros on each side. Default 0. */
  readonly padding?: number | readonly number[];
  /** Distance of the window's elements. Default 1. */
  readonly dilation?: number | readonly number[];
}

interface Patches {
  readonly windows: Windows;
  /** Size of the image with its padding. */
  readonly padded: readonly number[];
  readonly count: readonly number[];
  readonly padding: readonly number[];
}

function patchesOf(op: string, size: readonly number[], options: UnfoldOptions): Patches {
  checkOptions(op, options, ["kernelSize", "stride", "padding", "dilation", ...(op === "fold" ? ["outputSize"] : [])]);
  const padding = perDimension(op, "padding", options.padding ?? 0, 2, 0);
  const padded = size.map((n, d) => n + 2 * padding[d]);
  const windows = {
    dims: [2, 3],
    kernel: perDimension(op, "kernelSize", options.kernelSize, 2, 1),
    stride: perDimension(op, "stride", options.stride ?? 1, 2, 1),
    dilation: perDimension(op, "dilation", options.dilation ?? 1, 2, 1),
  };
  const count = counts([0, 0, ...padded], windows);
  if (count.includes(0))
    throw new RangeError(`${op}: kernel ${showShape(windows.kernel)} does not fit ${showShape(size)} with padding ${showShape(padding)}`);
  return { windows, padded, count, padding };
}

/**
 * Two meanings, as in PyTorch. `unfold(x, { kernelSize, … })` lays out the patches of images as columns: `[N,C,H,W]` → `[N, C·kH·kW, positions]`.
 * `unfold(x, dim, size, step)` gives the windows of one dimension, a view: positions in its place, and their `size` elements as a last dimension.
 */
export function unfold(x: Tensor, options: UnfoldOptions): Tensor;
export function unfold(x: Tensor, dim: number, size: number, step?: number): Tensor;
export function unfold(x: Tensor, first: number | UnfoldOptions, size = 1, step = 1): Tensor {
  if (typeof first === "number") {
    const dim = normalizeDim("unfold", first, x.shape);
    if (!(Number.isInteger(size) && Number.isInteger(step) && size >= 1 && step >= 1) || x.ndim === 0 || size > x.shape[dim])
      throw new RangeError(`unfold: windows of ${size} elements every ${step} do not fit dimension ${dim} of ${showShape(x.shape)}`);
    return apply(windowsOp, [x], { dims: [dim], kernel: [size], stride: [step], dilation: [1] });
  }
  if (x.ndim === 3) return x.unsqueeze(0).unfold(first).squeeze(0);
  if (x.ndim !== 4) throw new RangeError(`unfold: takes images [N,C,H,W] or [C,H,W], got ${showShape(x.shape)}`);
  const { windows, count, padding } = patchesOf("unfold", x.shape.slice(2), first);
  const padded = x.pad({ padding: [padding[1], padding[1], padding[0], padding[0]] });
  return apply(windowsOp, [padded], windows)
    .permute([0, 1, 4, 5, 2, 3])
    .reshape([x.shape[0], x.shape[1] * sizeOf(windows.kernel), sizeOf(count)]);
}

/** The adjoint of `unfold`: adds patches where they overlap, `[N, C·kH·kW, positions]` → `[N,C,H,W]` with H and W of `outputSize`. */
export function fold(x: Tensor, options: UnfoldOptions & { readonly outputSize: number | readonly number[] }): Tensor {
  if (x.ndim === 2) return x.unsqueeze(0).fold(options).squeeze(0);
  const size = perDimension("fold", "outputSize", options.outputSize, 2, 1);
  const { windows, padded, count, padding } = patchesOf("fold", size, options);
  const channels = x.shape[1] / sizeOf(windows.kernel);
  if (x.ndim !== 3 || !Number.isInteger(channels) || x.shape[2] !== sizeOf(count))
    throw new RangeError(
      `fold: an image ${showShape(size)} takes patches [N, C·${sizeOf(windows.kernel)}, ${sizeOf(count)}], got ${showShape(x.shape)}`,
    );
  const patches = x.reshape([x.shape[0], channels, ...windows.kernel, ...count]).permute([0, 1, 4, 5, 2, 3]);
  const image = apply(overlapAddOp, [patches], { ...windows, shape: [x.shape[0], channels, ...padded] });
  return image.pad({ padding: [-padding[1], -padding[1], -padding[0], -padding[0]] });
}

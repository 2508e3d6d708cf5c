import { accumulate } from "../backend/accumulate.ts";
import { copyKernel } from "../backend/kernel.ts";
import { allocate, isDense, restride, type View } from "../backend/view.ts";
import {
  contiguousStrides,
  type Dims,
  inferShape,
  normalizeDim,
  normalizeDims,
  reshapeStrides,
  type Shape,
  sameShape,
  showShape,
  sizeOf,
} from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import type { Tensor } from "../tensor/tensor.ts";

const nothing = { inputs: [], output: false } as const;

/** The view itself where it lies row-major, else a copy that does. */
function dense(x: View): View {
  if (isDense(x)) return x;
  const copy = allocate(x.storage.device, x.dtype, x.shape);
  x.storage.device.backend.map(copyKernel, [x], [], [copy]);
  return copy;
}

const reshapeOp: Op<{ readonly shape: Shape }> = operation({
  name: "reshape",
  primitive: true,
  saves: nothing,
  forward: ([x], { shape }) => {
    const view = x as Tensor;
    const strides = reshapeStrides(view.shape, view.strides, shape);
    return strides === undefined ? restride(dense(view), shape, contiguousStrides(shape)) : restride(view, shape, strides);
  },
  vjp: [(g, { shapes }) => g.reshape(shapes[0])],
});

/** The same elements in row-major order under another shape; one size may be -1. No copy where the tensor lies row-major. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const full = inferShape("reshape", shape, x.shape);
  return sameShape(full, x.shape) ? x : apply(reshapeOp, [x], { shape: full });
}

/** One dimension in place of `startDim` … `endDim`; all by default. */
export function flatten(x: Tensor, options: { readonly startDim?: number; readonly endDim?: number } = {}): Tensor {
  const start = normalizeDim("flatten", options.startDim ?? 0, x.shape);
  const end = normalizeDim("flatten", options.endDim ?? -1, x.shape);
  if (start > end) throw new RangeError(`flatten: startDim ${start} lies behind endDim ${end}`);
  return x.reshape([...x.shape.slice(0, start), sizeOf(x.shape.slice(start, end + 1)), ...x.shape.slice(end + 1)]);
}

/** A new dimension of size 1 at `dim`. */
export function unsqueeze(x: Tensor, dim: number): Tensor {
  const at = normalizeDim("unsqueeze", dim, [...x.shape, 1]);
  return x.reshape([...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** Without the given dimensions where their size is 1; without all such dimensions by default. */
export function squeeze(x: Tensor, dims?: Dims): Tensor {
  const drop = normalizeDims("squeeze", dims, x.shape);
  return x.reshape(x.shape.filter((n, d) => n !== 1 || !drop.includes(d)));
}

const permuteOp: Op<{ readonly order: readonly number[] }> = operation({
  name: "permute",
  primitive: true,
  saves: nothing,
  forward: ([x], { order }) => {
    const { shape, strides } = x as Tensor;
    return restride(
      x as Tensor,
      order.map((d) => shape[d]),
      order.map((d) => strides[d]),
    );
  },
  vjp: [(g, { attrs: { order } }) => g.permute(order.map((_, d) => order.indexOf(d)))],
});

/** Dimensions in another order; a view. */
export function permute(x: Tensor, order: readonly number[]): Tensor {
  const dims = order.map((dim) => normalizeDim("permute", dim, x.shape));
  if (dims.length !== x.ndim || new Set(dims).size !== x.ndim)
    throw new RangeError(`permute: ${showShape(order)} does not name each of the ${x.ndim} dimensions of ${showShape(x.shape)} once`);
  return apply(permuteOp, [x], { order: dims });
}

/** Two dimensions exchanged; a view. */
export function transpose(x: Tensor, dim0: number, dim1: number): Tensor {
  const order = x.shape.map((_, d) => d);
  const a = normalizeDim("transpose", dim0, x.shape);
  const b = normalizeDim("transpose", dim1, x.shape);
  if (x.ndim === 0) return x;
  [order[a], order[b]] = [b, a];
  return x.permute(order);
}

const expandOp: Op<{ readonly shape: Shape }> = operation({
  name: "expand",
  primitive: true,
  saves: nothing,
  forward: ([x], { shape }) => {
    const view = x as Tensor;
    const lead = shape.length - view.ndim;
    return restride(
      view,
      shape,
      shape.map((n, d) => (d < lead || (view.shape[d - lead] === 1 && n !== 1) ? 0 : view.strides[d - lead])),
    );
  },
  vjp: [(g) => g],
});

/** Dimensions of size 1 stretched to `shape` without a copy; -1 keeps a size, new dimensions come first. */
export function expand(x: Tensor, shape: Shape): Tensor {
  const lead = shape.length - x.ndim;
  const full = shape.map((n, d) => (n === -1 && d >= lead ? x.shape[d - lead] : n));
  if (lead < 0 || full.some((n, d) => n < 0 || (d >= lead && x.shape[d - lead] !== n && x.shape[d - lead] !== 1)))
    throw new RangeError(`expand: ${showShape(x.shape)} cannot be stretched to ${showShape(shape)}; only dimensions of size 1 stretch`);
  return sameShape(full, x.shape) ? x : apply(expandOp, [x], { shape: full });
}

interface Window {
  /** First index of each dimension. */
  readonly starts: readonly number[];
  /** Step of each dimension; negative ones walk backwards. */
  readonly steps: readonly number[];
}

/** The strided window of a view. */
const windowOf = (view: View, shape: Shape, { starts, steps }: Window): View =>
  restride(
    view,
    shape,
    steps.map((step, d) => step * view.strides[d]),
    starts.reduce((at, start, d) => at + start * view.strides[d], view.offset),
  );

const sliceOp: Op<Window & { readonly shape: Shape }> = operation({
  name: "slice",
  primitive: true,
  saves: nothing,
  forward: ([x], attrs) => windowOf(x as Tensor, attrs.shape, attrs),
  vjp: [
    (g, { shapes, attrs }, into) => {
      if (into === undefined) return apply(placeOp, [g], { starts: attrs.starts, steps: attrs.steps, shape: shapes[0] });
      accumulate(windowOf(into, g.shape, attrs), g);
      return into;
    },
  ],
});

const placeOp: Op<Window & { readonly shape: Shape }> = operation({
  name: "place",
  saves: nothing,
  forward: ([x], attrs) => {
    const source = x as Tensor;
    const output = source.newZeros(attrs.shape);
    source.device.backend.map(copyKernel, [source], [], [windowOf(output, source.shape, attrs)]);
    return output;
  },
  vjp: [(g, { shapes, attrs }) => apply(sliceOp, [g], { starts: attrs.starts, steps: attrs.steps, shape: shapes[0] })],
});

/** What `slice` takes of a dimension: an index (the dimension goes), `[start, end]` or `[start, end, step]` as in Python with `null` for an open end, or `null` for all of it. */
export type Range = number | readonly [number | null, (number | null)?, number?] | null;

/** The part of a tensor that the ranges name, one per dimension from the first; a view. `x.slice(0, [1, null], [null, null, 2])` is Python's `x[0, 1:, ::2]`. */
export function slice(x: Tensor, ...ranges: Range[]): Tensor {
  if (ranges.length > x.ndim) throw new RangeError(`slice: ${ranges.length} ranges for ${x.ndim} dimensions of ${showShape(x.shape)}`);
  const picked = x.shape.map((n, d) => resolveRange(ranges[d] ?? null, n, d, x.shape));
  const window = apply(sliceOp, [x], { starts: picked.map((r) => r.start), steps: picked.map((r) => r.step), shape: picked.map((r) => r.count) });
  return window.reshape(window.shape.filter((_, d) => typeof ranges[d] !== "number"));
}

function resolveRange(range: Range, n: number, d: number, shape: Shape): { start: number; step: number; count: number } {
  if (typeof range === "number") {
    if (!Number.isInteger(range) || range < -n || range >= n)
      throw new RangeError(`slice: index ${range} is out of range for dimension ${d} of ${showShape(shape)}`);
    return { start: range < 0 ? range + n : range, step: 1, count: 1 };
  }
  const [from, to, step = 1] = range ?? [null, null];
  if (!Number.isInteger(step) || step === 0) throw new RangeError(`slice: a step is an integer other than 0, got ${step} for dimension ${d}`);
  const low = step > 0 ? 0 : -1;
  const high = step > 0 ? n : n - 1;
  const bound = (at: number | null | undefined, open: number): number =>
    at === null || at === undefined ? open : Math.min(Math.max(at < 0 ? at + n : at, low), high);
  const start = bound(from, step > 0 ? low : high);
  const end = bound(to, step > 0 ? high : low);
  const count = Math.max(0, Math.ceil((end - start) / step));
  return { start: count === 0 ? 0 : start, step, count };
}

/** `length` indices of a dimension from `start`; a view. */
export function narrow(x: Tensor, dim: number, start: number, length: number): Tensor {
  const at = normalizeDim("narrow", dim, x.shape);
  if (!(start >= 0 && length >= 0 && start + length <= x.shape[at]))
    throw new RangeError(`narrow: ${start} to ${start + length} does not lie in dimension ${at} of ${showShape(x.shape)}`);
  return x.slice(...x.shape.map((_, d): Range => (d === at ? [start, start + length] : null)));
}

/** One index of a dimension, which goes; a view. */
export function select(x: Tensor, dim: number, index: number): Tensor {
  const at = normalizeDim("select", dim, x.shape);
  return x.slice(...x.shape.map((_, d): Range => (d === at ? index : null)));
}

/** The given dimensions walked backwards; a view. */
export function flip(x: Tensor, dims: Dims): Tensor {
  const turned = typeof dims === "number" || dims.length > 0 ? normalizeDims("flip", dims, x.shape) : [];
  return x.slice(...x.shape.map((_, d): Range => (turned.includes(d) ? [null, null, -1] : null)));
}

/** The same values row-major in memory of their own layout; the tensor itself where it already lies so. */
export const contiguous = (x: Tensor): Tensor => (isDense(x) ? x : apply(contiguousOp, [x], null));

const contiguousOp: Op<null> = operation({
  name: "contiguous",
  primitive: true,
  saves: nothing,
  forward: ([x]) => dense(x as Tensor),
  vjp: [(g) => g],
});

/** Consecutive pieces of a dimension, of `size` indices each (the last may be smaller) or of the listed sizes; views. */
export function split(x: Tensor, size: number | readonly number[], options: { readonly dim?: number } = {}): Tensor[] {
  const dim = normalizeDim("split", options.dim ?? 0, x.shape);
  const n = x.shape[dim];
  if (typeof size === "number" && !(size >= 1)) throw new RangeError(`split: a size is at least 1, got ${size}`);
  const sizes = typeof size === "number" ? Array.from({ length: Math.max(1, Math.ceil(n / size)) }, (_, i) => Math.min(size, n - i * size)) : size;
  if (sizes.reduce((a, b) => a + b, 0) !== n)
    throw new RangeError(`split: sizes ${showShape(sizes)} do not add up to ${n}, dimension ${dim} of ${showShape(x.shape)}`);
  let start = 0;
  return sizes.map((length) => {
    start += length;
    return x.narrow(dim, start - length, length);
  });
}

import { copyKernel } from "../backend/kernel.ts";
import { allocate, restride } from "../backend/view.ts";
import { type Dims, normalizeDim, type Shape, showShape, sizeOf } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import type { Tensor } from "../tensor/tensor.ts";

const listOf = (dims: Dims): readonly number[] => (typeof dims === "number" ? [dims] : dims);

/** The transpose of a matrix; a view. A tensor of fewer dimensions is its own transpose. */
export function t(x: Tensor): Tensor {
  if (x.ndim > 2) throw new RangeError(`t: needs at most 2 dimensions, got ${showShape(x.shape)}; use transpose or permute`);
  return x.ndim < 2 ? x : x.transpose(0, 1);
}

/** Dimensions moved to other places, the rest keeps its order; a view. */
export function movedim(x: Tensor, source: Dims, destination: Dims): Tensor {
  const from = listOf(source).map((dim) => normalizeDim("movedim", dim, x.shape));
  const to = listOf(destination).map((dim) => normalizeDim("movedim", dim, x.shape));
  if (from.length !== to.length || new Set(from).size !== from.length || new Set(to).size !== to.length)
    throw new RangeError(`movedim: source ${showShape(from)} and destination ${showShape(to)} must be equally many different dimensions`);
  const rest = x.shape.map((_, d) => d).filter((d) => !from.includes(d));
  return x.permute(x.shape.map((_, d) => (to.includes(d) ? from[to.indexOf(d)] : (rest.shift() as number))));
}

/** Two dimensions exchanged, as `transpose`; NumPy's name. */
export const swapaxes = (x: Tensor, axis0: number, axis1: number): Tensor => x.transpose(axis0, axis1);

/** The tensor stretched to `shape` without a copy, as `expand`. */
export const broadcastTo = (x: Tensor, shape: Shape): Tensor => x.expand(shape);

/** The tensor stretched to the shape of another without a copy. */
export const expandAs = (x: Tensor, other: Tensor): Tensor => x.expand(other.shape);

/** The same elements in row-major order under the shape of another tensor. */
export const reshapeAs = (x: Tensor, other: Tensor): Tensor => x.reshape(other.shape);

/** One dimension in several; one of `sizes` may be -1. The inverse of `flatten`. */
export function unflatten(x: Tensor, dim: number, sizes: Shape): Tensor {
  const at = normalizeDim("unflatten", dim, x.shape);
  const known = sizeOf(sizes.filter((n) => n !== -1));
  const full = sizes.map((n) => (n === -1 ? x.shape[at] / known : n));
  if (sizeOf(full) !== x.shape[at] || full.some((n) => !Number.isInteger(n) || n < 0))
    throw new RangeError(`unflatten: dimension ${at} of ${showShape(x.shape)} cannot become ${showShape(sizes)}`);
  return x.reshape([...x.shape.slice(0, at), ...full, ...x.shape.slice(at + 1)]);
}

/** The pieces into which rolling cuts a dimension of size `n`: where they start, where they go, how long they are. */
function pieces(n: number, shift: number): { readonly from: number; readonly to: number; readonly length: number }[] {
  const by = n === 0 ? 0 : ((shift % n) + n) % n;
  return [
    { from: 0, to: by, length: n - by },
    { from: n - by, to: 0, length: by },
  ].filter(({ length }) => length > 0);
}

const rollOp: Op<{ readonly shifts: readonly number[] }> = operation({
  name: "roll",
  saves: { inputs: [], output: false },
  forward: ([x], { shifts }) => {
    const input = x as Tensor;
    const output = allocate(input.device, input.dtype, input.shape);
    const copy = (d: number, shape: Shape, from: number, to: number): void => {
      if (d < shifts.length)
        for (const piece of pieces(input.shape[d], shifts[d]))
          copy(d + 1, [...shape, piece.length], from + piece.from * input.strides[d], to + piece.to * output.strides[d]);
      else input.device.backend.map(copyKernel, [restride(input, shape, input.strides, from)], [], [restride(output, shape, output.strides, to)]);
    };
    copy(0, [], input.offset, output.offset);
    return output;
  },
  vjp: [(g, { attrs: { shifts } }) => apply(rollOp, [g], { shifts: shifts.map((shift) => -shift) })],
});

/** Elements moved on by `shifts` along dimensions; what falls off the end comes back at the start. Without `dims` the flattened tensor is rolled. */
export function roll(x: Tensor, shifts: number | readonly number[], dims?: Dims): Tensor {
  const by = listOf(shifts);
  if (by.some((shift) => !Number.isInteger(shift))) throw new RangeError(`roll: a shift is an integer, got ${showShape(by)}`);
  if (dims === undefined && by.length === 1) return apply(rollOp, [x.reshape([-1])], { shifts: by }).reshape(x.shape);
  const along = listOf(dims ?? []).map((dim) => normalizeDim("roll", dim, x.shape));
  if (by.length !== along.length) throw new RangeError(`roll: ${by.length} shifts and ${along.length} dims; there must be equally many`);
  const shiftOf = (d: number): number => along.reduce((total, dim, k) => (dim === d ? total + by[k] : total), 0);
  return apply(rollOp, [x], { shifts: x.shape.map((_, d) => shiftOf(d)) });
}

/** The tensor put next to itself, so many times per dimension; further repeats come first. NumPy's `tile`, PyTorch's `Tensor.repeat`. */
export function repeat(x: Tensor, repeats: readonly number[]): Tensor {
  const lead = repeats.length - x.ndim;
  if (lead < 0 || repeats.some((n) => !Number.isInteger(n) || n < 0))
    throw new RangeError(
      `repeat: ${showShape(repeats)} must name a non-negative number for each of the ${x.ndim} dimensions of ${showShape(x.shape)}`,
    );
  const shape = repeats.map((_, d) => (d < lead ? 1 : x.shape[d - lead]));
  return x
    .reshape(shape.flatMap((n) => [1, n]))
    .expand(shape.flatMap((n, d) => [repeats[d], n]))
    .reshape(shape.map((n, d) => n * repeats[d]));
}

/** As `repeat`, where missing repeats count as 1. */
export const tile = (x: Tensor, repeats: readonly number[]): Tensor =>
  x.repeat([...new Array<number>(Math.max(0, x.ndim - repeats.length)).fill(1), ...repeats]);

/** Each element several times in a row: the same number for all, or one number per index of `dim`. Without `dim` the tensor is flattened. */
export function repeatInterleave(x: Tensor, repeats: number | readonly number[], options: { readonly dim?: number } = {}): Tensor {
  if (options.dim === undefined) return x.reshape([-1]).repeatInterleave(repeats, { dim: 0 });
  const dim = normalizeDim("repeatInterleave", options.dim, x.shape);
  const counts = listOf(repeats);
  if (counts.some((n) => !Number.isInteger(n) || n < 0) || (typeof repeats !== "number" && counts.length !== x.shape[dim]))
    throw new RangeError(
      `repeatInterleave: ${showShape(counts)} must be one number, or one for each of the ${x.shape[dim]} indices of dimension ${dim}`,
    );
  if (typeof repeats !== "number")
    return x.indexSelect(
      dim,
      counts.flatMap((n, i) => new Array<number>(n).fill(i)),
    );
  const { shape } = x;
  const [before, after] = [shape.slice(0, dim + 1), shape.slice(dim + 1)];
  return x
    .unsqueeze(dim + 1)
    .expand([...before, repeats, ...after])
    .reshape([...shape.slice(0, dim), shape[dim] * repeats, ...after]);
}

/** Turns the plane of two dimensions by 90 degrees, `k` times, from the first towards the second. */
export function rot90(x: Tensor, k = 1, dims: readonly [number, number] = [0, 1]): Tensor {
  const [a, b] = dims.map((dim) => normalizeDim("rot90", dim, x.shape));
  if (x.ndim < 2 || a === b) throw new RangeError(`rot90: needs two different dimensions, got ${showShape(dims)} of ${showShape(x.shape)}`);
  const turns = ((k % 4) + 4) % 4;
  if (turns === 0) return x;
  if (turns === 2) return x.flip([a, b]);
  return turns === 1 ? x.flip(b).transpose(a, b) : x.flip(a).transpose(a, b);
}

/** The first dimension backwards: rows upside down. A view. */
export const flipud = (x: Tensor): Tensor => x.flip(0);

/** The second dimension backwards: columns from right to left. A view. */
export function fliplr(x: Tensor): Tensor {
  if (x.ndim < 2) throw new RangeError(`fliplr: needs at least 2 dimensions, got ${showShape(x.shape)}`);
  return x.flip(1);
}

/** The slices of a dimension, 0 by default, which goes; views. */
export function unbind(x: Tensor, dim = 0): Tensor[] {
  const at = normalizeDim("unbind", dim, x.shape);
  if (x.ndim === 0) throw new RangeError("unbind: a tensor of shape [] has no dimension to take apart");
  return Array.from({ length: x.shape[at] }, (_, i) => x.select(at, i));
}

/** At most `chunks` consecutive pieces of a dimension, of ⌈n / chunks⌉ indices each but the last; views. */
export function chunk(x: Tensor, chunks: number, options: { readonly dim?: number } = {}): Tensor[] {
  const dim = normalizeDim("chunk", options.dim ?? 0, x.shape);
  if (!Number.isInteger(chunks) || chunks < 1) throw new RangeError(`chunk: the number of chunks is an integer of at least 1, got ${chunks}`);
  if (x.ndim === 0) throw new RangeError("chunk: a tensor of shape [] has no dimension to split");
  if (x.shape[dim] === 0) return x.split(new Array<number>(chunks).fill(0), { dim });
  return x.split(Math.ceil(x.shape[dim] / chunks), { dim });
}

/** Pieces of a dimension that differ by at most one index in size (a number of them), or that start at the listed indices; views. */
export function tensorSplit(x: Tensor, sections: number | readonly number[], options: { readonly dim?: number } = {}): Tensor[] {
  const dim = normalizeDim("tensorSplit", options.dim ?? 0, x.shape);
  if (x.ndim === 0) throw new RangeError("tensorSplit: a tensor of shape [] has no dimension to split");
  const n = x.shape[dim];
  if (typeof sections === "number") {
    if (!Number.isInteger(sections) || sections < 1) throw new RangeError(`tensorSplit: needs at least 1 section, got ${sections}`);
    return x.split(
      Array.from({ length: sections }, (_, i) => Math.floor(n / sections) + (i < n % sections ? 1 : 0)),
      { dim },
    );
  }
  const bound = (at: number): number => Math.min(n, Math.max(0, at < 0 ? at + n : at));
  const edges = [0, ...sections.map(bound), n];
  return edges.slice(1).map((end, i) => x.narrow(dim, edges[i], Math.max(0, end - edges[i])));
}

/** Splits along columns: dimension 1, or 0 of a one-dimensional tensor. As `tensorSplit`. */
export const hsplit = (x: Tensor, sections: number | readonly number[]): Tensor[] => x.tensorSplit(sections, { dim: x.ndim === 1 ? 0 : 1 });

/** Splits along rows: dimension 0. As `tensorSplit`. */
export const vsplit = (x: Tensor, sections: number | readonly number[]): Tensor[] => x.tensorSplit(sections, { dim: 0 });

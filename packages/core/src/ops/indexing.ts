import { copyKernel } from "../backend/kernel.ts";
import { allocate } from "../backend/view.ts";
import { broadcastShapes, contiguousStrides, normalizeDim, type Shape, sameShape, showShape } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import { checkIndices, indexTensor } from "../tensor/indices.ts";
import { contiguousData, fromData, Tensor } from "../tensor/tensor.ts";
import { filled } from "./conversion.ts";

interface AlongDim {
  readonly dim: number;
}

function checkIndex(op: string, x: Tensor, dim: number, index: Tensor): void {
  if (index.ndim !== x.ndim || index.shape.some((n, d) => d !== dim && n > x.shape[d]))
    throw new RangeError(`${op}: an index of shape ${showShape(index.shape)} does not fit ${showShape(x.shape)} outside dimension ${dim}`);
  checkIndices(op, index, dim, x.shape);
}

const gatherOp: Op<AlongDim> = operation({
  name: "gather",
  primitive: true,
  saves: { inputs: [1], output: false },
  forward: ([x, index], { dim }) => {
    const input = x as Tensor;
    const at = index as Tensor;
    const output = allocate(input.device, input.dtype, at.shape);
    input.device.backend.gather(input, dim, at, output);
    return output;
  },
  vjp: [
    (g, { inputs, shapes, attrs: { dim } }, into) => {
      const at = inputs[1] as Tensor;
      if (into === undefined) return apply(scatterOp, [g, at], { dim, shape: shapes[0] });
      into.device.backend.scatterAdd(into, dim, at, g);
      return into;
    },
    null,
  ],
});

/** The gradient of `gather`: what was picked goes back to where it came from, into zeros. */
const scatterOp: Op<AlongDim & { readonly shape: Shape }> = operation({
  name: "gatherBackward",
  primitive: true,
  saves: { inputs: [1], output: false },
  forward: ([source, index], { dim, shape }) => {
    const { device, dtype } = source as Tensor;
    const output = filled(device, dtype, shape, 0);
    device.backend.scatterAdd(output, dim, index as Tensor, source as Tensor);
    return output;
  },
  vjp: [(g, { inputs, attrs }) => g.gather(attrs.dim, inputs[1] as Tensor), null],
});

/** Picks along a dimension: `y[i,j] = x[index[i,j],j]` for `dim` 0. The index is int32; one that is out of range is an error. */
export function gather(x: Tensor, dim: number, index: Tensor): Tensor {
  const at = normalizeDim("gather", dim, x.shape);
  if (x.ndim === 0)
    return x
      .reshape([1])
      .gather(0, index.reshape([1]))
      .reshape(index.shape);
  checkIndex("gather", x, at, index);
  return apply(gatherOp, [x, index], { dim: at });
}

const scatterAddOp: Op<AlongDim> = operation({
  name: "scatterAdd",
  primitive: true,
  saves: { inputs: [1], output: false },
  forward: ([x, index, source], { dim }) => {
    const input = x as Tensor;
    const output = allocate(input.device, input.dtype, input.shape);
    input.device.backend.map(copyKernel, [input], [], [output]);
    input.device.backend.scatterAdd(output, dim, index as Tensor, source as Tensor);
    return output;
  },
  vjp: [(g) => g, null, (g, { inputs, attrs }) => g.gather(attrs.dim, inputs[1] as Tensor)],
});

/** The part of a source that an index uses: as much as its shape, from the start. */
function fitted(op: string, source: Tensor, shape: Shape): Tensor {
  if (sameShape(source.shape, shape)) return source;
  if (source.ndim !== shape.length || shape.some((n, d) => n > source.shape[d]))
    throw new RangeError(`${op}: a source of shape ${showShape(source.shape)} does not hold a value for each of index ${showShape(shape)}`);
  return source.slice(...shape.map((n): [number, number] => [0, n]));
}

/** Adds along a dimension: `y = x`, then `y[index[i,j],j] += source[i,j]` for `dim` 0. The index is int32; the source is at least as large. */
export function scatterAdd(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  const at = normalizeDim("scatterAdd", dim, x.shape);
  if (x.ndim === 0)
    return x
      .reshape([1])
      .scatterAdd(0, index.reshape([1]), source.reshape([1]))
      .reshape([]);
  checkIndex("scatterAdd", x, at, index);
  return apply(scatterAddOp, [x, index, fitted("scatterAdd", source, index.shape)], { dim: at });
}

/** For each source element, whether no later one goes to the same place of a tensor of this shape; found on the host, assumed on other devices. */
function lastOnes(index: Tensor, dim: number, shape: Shape): Tensor | undefined {
  if (index.storage.data === undefined) return undefined;
  const strides = contiguousStrides(shape);
  const inner = contiguousStrides(index.shape);
  const targets = contiguousData(index);
  const last = new Map<number, number>();
  targets.forEach((k, i) => {
    let place = k * strides[dim];
    for (let d = 0; d < shape.length; d++) if (d !== dim) place += (Math.floor(i / inner[d]) % index.shape[d]) * strides[d];
    last.set(place, i);
  });
  if (last.size === targets.length) return undefined;
  const wins = new Uint8Array(targets.length);
  for (const i of last.values()) wins[i] = 1;
  return fromData(wins, "bool", index.shape, index.device);
}

/**
 * Overwrites along a dimension: `y = x`, then `y[index[i,j],j] = source[i,j]` for `dim` 0. The index is int32; the source is a number or at least as
 * large as the index. Of several values for one place the last stays, and it alone gets the gradient.
 */
export function scatter(x: Tensor, dim: number, index: Tensor, source: Tensor | number): Tensor {
  const at = normalizeDim("scatter", dim, x.shape);
  const values = typeof source === "number" ? x.newOnes(index.shape).mul(source).to(x.dtype) : fitted("scatter", source, index.shape);
  if (x.ndim === 0)
    return x
      .reshape([1])
      .scatter(0, index.reshape([1]), values.reshape([1]))
      .reshape([]);
  checkIndex("scatter", x, at, index);
  const hit = x.newZeros().scatterAdd(at, index, x.newOnes(index.shape)).ne(0);
  const cleared = x.maskedFill(hit, 0);
  const wins = lastOnes(index, at, x.shape);
  return cleared.scatterAdd(at, index, wins === undefined ? values : wins.where(values, 0));
}

/** The slices of a dimension that a list of indices or a one-dimensional int32 tensor names, in its order; repeats add up in the gradient. */
export function indexSelect(x: Tensor, dim: number, index: Tensor | readonly number[]): Tensor {
  if (x.ndim === 0) throw new RangeError("indexSelect: a tensor of shape [] has no dimension to select from");
  const at = normalizeDim("indexSelect", dim, x.shape);
  const list = index instanceof Tensor ? index : indexTensor(index, [index.length], x.device);
  if (list.ndim !== 1) throw new RangeError(`indexSelect: an index has one dimension, got ${showShape(list.shape)}`);
  checkIndices("indexSelect", list, at, x.shape);
  const shape = x.shape.map((n, d) => (d === at ? list.size : n));
  return x.gather(at, list.reshape(shape.map((_, d) => (d === at ? -1 : 1))).expand(shape));
}

/** Adds slices along a dimension: `y = x`, then `y[index[i]] += alpha * source[i]` for `dim` 0, with a one-dimensional int32 index. */
export function indexAdd(x: Tensor, dim: number, index: Tensor, source: Tensor, options: { readonly alpha?: number } = {}): Tensor {
  const at = normalizeDim("indexAdd", dim, x.shape);
  const wanted = x.shape.map((n, d) => (d === at ? index.size : n));
  if (index.ndim !== 1 || !sameShape(wanted, source.shape))
    throw new RangeError(
      `indexAdd: an index of shape ${showShape(index.shape)} along dimension ${at} of ${showShape(x.shape)} needs a source of ${showShape(wanted)}, got ${showShape(source.shape)}`,
    );
  checkIndices("indexAdd", index, at, x.shape);
  const places = index.reshape(wanted.map((_, d) => (d === at ? -1 : 1))).expand(wanted);
  const { alpha = 1 } = options;
  return x.scatterAdd(at, places, alpha === 1 ? source : source.mul(alpha));
}

/** The elements that an int32 index names in the flattened tensor, in the shape of the index; negative ones count from the end. */
export function take(x: Tensor, index: Tensor): Tensor {
  const flat = x.reshape([-1]);
  const at = index.lt(0).where(index.add(x.size), index);
  return flat.indexSelect(0, at.reshape([-1])).reshape(index.shape);
}

/** As `gather`, where the shapes outside `dim` broadcast: what `argmax` and `sort` give with their dimension kept. */
export function takeAlongDim(x: Tensor, index: Tensor, dim: number): Tensor {
  const at = normalizeDim("takeAlongDim", dim, x.shape);
  if (index.ndim !== x.ndim)
    throw new RangeError(`takeAlongDim: index ${showShape(index.shape)} and tensor ${showShape(x.shape)} must have equally many dimensions`);
  const without = (shape: Shape): Shape => shape.map((n, d) => (d === at ? 1 : n));
  const shape = broadcastShapes("takeAlongDim", without(x.shape), without(index.shape));
  const wide = (tensor: Tensor): Tensor => tensor.expand(shape.map((n, d) => (d === at ? tensor.shape[at] : n)));
  return wide(x).gather(at, wide(index));
}

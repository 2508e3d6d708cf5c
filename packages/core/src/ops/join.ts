import { copyKernel } from "../backend/kernel.ts";
import { allocate, restride } from "../backend/view.ts";
import { promote } from "../dtype.ts";
import { broadcastShapes, normalizeDim, type Shape, sameShape, showShape } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A one-dimensional tensor of nothing, which fits everywhere, as in PyTorch. */
const isNothing = (shape: Shape): boolean => shape.length === 1 && shape[0] === 0;

const extent = (shape: Shape, dim: number): number => (isNothing(shape) ? 0 : shape[dim]);

const concatOp: Op<{ readonly dim: number }> = operation({
  name: "concat",
  saves: { inputs: [], output: false },
  forward: (parts, { dim }) => {
    const tensors = parts as Tensor[];
    const first = tensors.find((part) => !isNothing(part.shape)) ?? tensors[0];
    const total = tensors.reduce((n, part) => n + extent(part.shape, dim), 0);
    const output = allocate(
      first.device,
      tensors.map((part) => part.dtype).reduce(promote),
      first.shape.map((n, d) => (d === dim ? total : n)),
    );
    let start = 0;
    for (const part of tensors) {
      if (isNothing(part.shape)) continue;
      const place = restride(output, part.shape, output.strides, output.offset + start * output.strides[dim]);
      first.device.backend.map(copyKernel, [part], [], [place]);
      start += part.shape[dim];
    }
    return output;
  },
  vjp:
    (index) =>
    (g, { shapes, attrs: { dim } }) =>
      isNothing(shapes[index])
        ? g.reshape([-1]).narrow(0, 0, 0)
        : g.narrow(
            dim,
            shapes.slice(0, index).reduce((n, shape) => n + extent(shape, dim), 0),
            shapes[index][dim],
          ),
});

/** Tensors joined along an existing dimension, 0 by default; all other sizes must agree. One of shape `[0]` is skipped. */
export function concat(tensors: readonly Tensor[], dim = 0): Tensor {
  if (tensors.length === 0) throw new RangeError("concat: needs at least one tensor");
  const { shape } = tensors.find((part) => !isNothing(part.shape)) ?? tensors[0];
  if (shape.length === 0) throw new RangeError("concat: tensors of shape [] cannot be joined; use stack");
  const at = normalizeDim("concat", dim, shape);
  tensors.forEach((part, k) => {
    if (isNothing(part.shape)) return;
    if (part.ndim !== shape.length || part.shape.some((n, d) => d !== at && n !== shape[d]))
      throw new RangeError(`concat: tensor ${k} of shape ${showShape(part.shape)} does not fit ${showShape(shape)} outside dimension ${at}`);
  });
  return apply(concatOp, tensors, { dim: at });
}

/** Tensors of one shape joined along a new dimension, 0 by default. */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  if (tensors.length === 0) throw new RangeError("stack: needs at least one tensor");
  const [{ shape }] = tensors;
  tensors.forEach((part, k) => {
    if (!sameShape(part.shape, shape))
      throw new RangeError(`stack: tensor ${k} has shape ${showShape(part.shape)}, tensor 0 has ${showShape(shape)}`);
  });
  const at = normalizeDim("stack", dim, [...shape, 1]);
  return concat(
    tensors.map((part) => part.unsqueeze(at)),
    at,
  );
}

/** As `concat`; PyTorch's short name. */
export const cat = (tensors: readonly Tensor[], dim = 0): Tensor => concat(tensors, dim);

/** Tensors next to each other: joined along dimension 1, or 0 of one-dimensional ones. */
export const hstack = (tensors: readonly Tensor[]): Tensor =>
  concat(
    tensors.map((x) => (x.ndim === 0 ? x.reshape([1]) : x)),
    tensors[0]?.ndim > 1 ? 1 : 0,
  );

/** Tensors below each other: joined along dimension 0, where vectors count as rows. */
export const vstack = (tensors: readonly Tensor[]): Tensor => concat(tensors.map((x) => (x.ndim < 2 ? x.reshape([1, x.size]) : x)));

/** The tensors stretched to the one shape to which they broadcast; views. */
export function broadcastTensors(tensors: readonly Tensor[]): Tensor[] {
  const shape = broadcastShapes("broadcastTensors", ...tensors.map((x) => x.shape));
  return tensors.map((x) => x.expand(shape));
}

/** The coordinates of a grid over one-dimensional tensors; views. "ij" (the default, as in PyTorch) gives the first one the first dimension, "xy" the second. */
export function meshgrid(tensors: readonly Tensor[], options: { readonly indexing?: "ij" | "xy" } = {}): Tensor[] {
  const { indexing = "ij" } = options;
  if (indexing !== "ij" && indexing !== "xy") throw new TypeError(`meshgrid: unknown indexing "${String(indexing)}"; use "ij" or "xy"`);
  tensors.forEach((x, k) => {
    if (x.ndim > 1) throw new RangeError(`meshgrid: tensor ${k} has shape ${showShape(x.shape)}; each has one dimension`);
  });
  const sizes = tensors.map((x) => x.size);
  const grids = tensors.map((x, k) => x.reshape(sizes.map((_, d) => (d === k ? -1 : 1))).expand(sizes));
  return indexing === "xy" && tensors.length > 1 ? grids.map((grid) => grid.transpose(0, 1)) : grids;
}

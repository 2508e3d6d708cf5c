import { copyKernel } from "../backend/kernel.ts";
import { allocate, restride } from "../backend/view.ts";
import { promote } from "../dtype.ts";
import { normalizeDim, sameShape, showShape } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import type { Op } from "../tape/op.ts";
import type { Tensor } from "../tensor/tensor.ts";

const concatOp: Op<{ readonly dim: number }> = {
  name: "concat",
  saves: { inputs: [], output: false },
  forward: (parts, { dim }) => {
    const tensors = parts as Tensor[];
    const [first] = tensors;
    const total = tensors.reduce((n, part) => n + part.shape[dim], 0);
    const output = allocate(
      first.device,
      tensors.map((part) => part.dtype).reduce(promote),
      first.shape.map((n, d) => (d === dim ? total : n)),
    );
    let start = 0;
    for (const part of tensors) {
      const place = restride(output, part.shape, output.strides, output.offset + start * output.strides[dim]);
      first.device.backend.map(copyKernel, [part], [], [place]);
      start += part.shape[dim];
    }
    return output;
  },
  vjp:
    (index) =>
    (g, { shapes, attrs: { dim } }) =>
      g.narrow(
        dim,
        shapes.slice(0, index).reduce((n, shape) => n + shape[dim], 0),
        shapes[index][dim],
      ),
};

/** Tensors joined along an existing dimension, 0 by default; all other sizes must agree. */
export function concat(tensors: readonly Tensor[], dim = 0): Tensor {
  if (tensors.length === 0) throw new RangeError("concat: needs at least one tensor");
  const [{ shape }] = tensors;
  if (shape.length === 0) throw new RangeError("concat: tensors of shape [] cannot be joined; use stack");
  const at = normalizeDim("concat", dim, shape);
  tensors.forEach((part, k) => {
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

import { copyKernel } from "../backend/kernel.ts";
import { allocate } from "../backend/view.ts";
import { normalizeDim, showShape } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import type { Op } from "../tape/op.ts";
import type { Tensor } from "../tensor/tensor.ts";

interface AlongDim {
  readonly dim: number;
}

function checkIndex(op: string, x: Tensor, dim: number, index: Tensor): void {
  if (index.dtype !== "int32") throw new TypeError(`${op}: an index is an int32 tensor, got ${index.dtype}; convert it with .to("int32")`);
  if (index.ndim !== x.ndim || index.shape.some((n, d) => d !== dim && n > x.shape[d]))
    throw new RangeError(`${op}: an index of shape ${showShape(index.shape)} does not fit ${showShape(x.shape)} outside dimension ${dim}`);
}

const gatherOp: Op<AlongDim> = {
  name: "gather",
  saves: { inputs: [1], output: false },
  forward: ([x, index], { dim }) => {
    const input = x as Tensor;
    const at = index as Tensor;
    const output = allocate(input.device, input.dtype, at.shape);
    input.device.backend.gather(input, dim, at, output);
    return output;
  },
  vjp: [(g, { inputs, shapes, attrs }) => g.newZeros(shapes[0]).scatterAdd(attrs.dim, inputs[1] as Tensor, g), null],
};

/** Picks along a dimension: `y[i,j] = x[index[i,j],j]` for `dim` 0. The index is int32; one that is out of range is an error. */
export function gather(x: Tensor, dim: number, index: Tensor): Tensor {
  const at = normalizeDim("gather", dim, x.shape);
  checkIndex("gather", x, at, index);
  return apply(gatherOp, [x, index], { dim: at });
}

const scatterAddOp: Op<AlongDim> = {
  name: "scatterAdd",
  saves: { inputs: [1], output: false },
  forward: ([x, index, source], { dim }) => {
    const input = x as Tensor;
    const output = allocate(input.device, input.dtype, input.shape);
    input.device.backend.map(copyKernel, [input], [], [output]);
    input.device.backend.scatterAdd(output, dim, index as Tensor, source as Tensor);
    return output;
  },
  vjp: [(g) => g, null, (g, { inputs, attrs }) => g.gather(attrs.dim, inputs[1] as Tensor)],
};

/** Adds along a dimension: `y = x`, then `y[index[i,j],j] += source[i,j]` for `dim` 0. Index and source have one shape. */
export function scatterAdd(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  const at = normalizeDim("scatterAdd", dim, x.shape);
  checkIndex("scatterAdd", x, at, index);
  if (showShape(index.shape) !== showShape(source.shape))
    throw new RangeError(`scatterAdd: index ${showShape(index.shape)} and source ${showShape(source.shape)} must have one shape`);
  return apply(scatterAddOp, [x, index, source], { dim: at });
}

/** The slices of a dimension that a one-dimensional int32 index names, in its order; repeats add up in the gradient. */
export function indexSelect(x: Tensor, dim: number, index: Tensor): Tensor {
  const at = normalizeDim("indexSelect", dim, x.shape);
  if (index.ndim !== 1) throw new RangeError(`indexSelect: an index has one dimension, got ${showShape(index.shape)}`);
  const shape = x.shape.map((n, d) => (d === at ? index.size : n));
  return x.gather(at, index.reshape(shape.map((_, d) => (d === at ? -1 : 1))).expand(shape));
}

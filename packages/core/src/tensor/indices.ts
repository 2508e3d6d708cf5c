import type { Device } from "../backend/device.ts";
import { restride, type View } from "../backend/view.ts";
import { type Shape, showShape } from "../shape.ts";
import { contiguousData, fromData, type Tensor } from "./tensor.ts";

/** An int32 tensor of indices. */
export const indexTensor = (indices: Iterable<number>, shape: Shape, device: Device): Tensor =>
  fromData(Int32Array.from(indices), "int32", shape, device);

/** The view with every element once: dimensions along which it repeats itself have size 1. */
const unstretched = (view: View): View =>
  restride(
    view,
    view.shape.map((n, d) => (view.strides[d] === 0 && n > 1 ? 1 : n)),
    view.strides,
  );

/** Refuses, by the name of the op that was called, an index that is not int32, or out of range where the host can read it. */
export function checkIndices(op: string, index: Tensor, dim: number, shape: Shape): void {
  if (index.dtype !== "int32") throw new TypeError(`${op}: an index is an int32 tensor, got ${index.dtype}; convert it with .to("int32")`);
  if (index.storage.data === undefined) return;
  const data = contiguousData(unstretched(index));
  const last = shape[dim] - 1;
  // Both signs at once, without a branch for each index: the check would take longer than what is done with the index.
  let signs = 0;
  for (let k = 0; k < data.length; k++) signs |= data[k] | (last - data[k]);
  if (signs >= 0) return;
  const wrong = data.find((k) => k < 0 || k > last);
  throw new RangeError(`${op}: index ${wrong} is out of range for dimension ${dim} of ${showShape(shape)}; use 0 to ${last}`);
}

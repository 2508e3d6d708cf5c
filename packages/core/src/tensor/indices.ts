import type { Device } from "../backend/device.ts";
import { type Shape, showShape } from "../shape.ts";
import { contiguousData, fromData, type Tensor } from "./tensor.ts";

/** An int32 tensor of indices. */
export const indexTensor = (indices: Iterable<number>, shape: Shape, device: Device): Tensor =>
  fromData(Int32Array.from(indices), "int32", shape, device);

/** Refuses, by the name of the op that was called, an index that is not int32, or out of range where the host can read it. */
export function checkIndices(op: string, index: Tensor, dim: number, shape: Shape): void {
  if (index.dtype !== "int32") throw new TypeError(`${op}: an index is an int32 tensor, got ${index.dtype}; convert it with .to("int32")`);
  if (index.storage.data === undefined) return;
  const data = contiguousData(index);
  const size = shape[dim];
  for (let k = 0; k < data.length; k++)
    if (data[k] < 0 || data[k] >= size)
      throw new RangeError(`${op}: index ${data[k]} is out of range for dimension ${dim} of ${showShape(shape)}; use 0 to ${size - 1}`);
}

import { type DType, newArray, type TypedArray } from "../dtype.ts";
import { contiguousStrides, isContiguous, type Shape, sameShape, sizeOf } from "../shape.ts";
import type { Lifetime } from "./backend.ts";
import type { Device } from "./device.ts";
import { own } from "./region.ts";

/** A block of memory on one device; `version` counts its in-place changes, so that a stale saved value can be refused. */
export interface Storage {
  readonly device: Device;
  readonly dtype: DType;
  readonly length: number;
  version: number;
  /** How many gradients on their way show it, while a backward pass that made it owns it; -1 when none does. */
  holders: number;
  /** The values, where the host can address them; `undefined` on a GPU. */
  readonly data: TypedArray | undefined;
  /** Whether the memory was given back; the values can no longer be read. */
  readonly freed?: boolean;
}

/** A strided window on a storage: what backends read and write. Strides and offset count elements. */
export interface View {
  readonly storage: Storage;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** The typed array under a view; an error when the values are not on the host. */
export function hostData(view: View): TypedArray {
  const { data } = view.storage;
  if (data === undefined)
    throw new Error(`the values are on ${view.storage.device.name}; read them with await tensor.read(), or move the tensor with .to(cpu)`);
  return data;
}

/** Fresh memory on the device; its contents are undefined until written. */
export function allocateStorage(device: Device, dtype: DType, length: number): Storage {
  const storage = device.backend.allocate(dtype, length, "value");
  own(storage);
  return storage;
}

/** A fresh contiguous view on the device; its contents are undefined until written. */
export const allocate = (device: Device, dtype: DType, shape: Shape, lifetime: Lifetime = "value"): View => ({
  storage: lifetime === "value" ? allocateStorage(device, dtype, sizeOf(shape)) : device.backend.allocate(dtype, sizeOf(shape), lifetime),
  dtype,
  shape,
  strides: contiguousStrides(shape),
  offset: 0,
});

/** The same storage seen with another shape and strides. */
export const restride = (view: View, shape: Shape, strides: readonly number[], offset: number = view.offset): View => ({
  storage: view.storage,
  dtype: view.dtype,
  shape,
  strides,
  offset,
});

/** The view stretched to `shape` by strides of 0; the shapes must already be known to broadcast. */
export function broadcastView(view: View, shape: Shape): View {
  if (sameShape(view.shape, shape)) return view;
  const lead = shape.length - view.shape.length;
  const strides = shape.map((n, d) => (d < lead || (view.shape[d - lead] === 1 && n !== 1) ? 0 : view.strides[d - lead]));
  return restride(view, shape, strides);
}

/** Whether the view's elements lie row-major without gaps. */
export const isDense = (view: View): boolean => isContiguous(view.shape, view.strides);

/** A storage over a typed array of the host. */
export const hostStorage = (device: Device, dtype: DType, data: TypedArray): Storage => ({
  device,
  dtype,
  length: data.length,
  version: 0,
  holders: -1,
  data,
});

/** A host storage of `length` zeros. */
export const newHostStorage = (device: Device, dtype: DType, length: number): Storage => hostStorage(device, dtype, newArray(dtype, length));

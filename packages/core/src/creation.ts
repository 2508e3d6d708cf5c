import type ndarray from "ndarray";
import { cpu, type Device } from "./backend/device.ts";
import { allocate, hostStorage } from "./backend/view.ts";
import { checkDType, type DType, dtypeOf, newArray, type TypedArray } from "./dtype.ts";
import { filled } from "./ops/conversion.ts";
import { defaultGenerator, type Generator } from "./random.ts";
import { checkShape, type Shape, showShape, sizeOf } from "./shape.ts";
import { requireGrad } from "./tape/autograd.ts";
import { fromData, type NestedNumbers, Tensor } from "./tensor/tensor.ts";

/** How a new tensor is made. */
export interface CreationOptions {
  /** Default: float32 for numbers, bool for booleans, that of a typed array (bytes: int32). */
  readonly dtype?: DType;
  /** Whether gradients flow to it. Default false. */
  readonly requiresGrad?: boolean;
  /** Default: the CPU. */
  readonly device?: Device;
}

let defaultDType: DType = "float32";

/** Sets the dtype of tensors made from numbers, float32 unless changed; returns the one before. */
export function setDefaultDType(dtype: "float32" | "float64"): DType {
  checkDType("setDefaultDType", dtype);
  const before = defaultDType;
  defaultDType = dtype;
  return before;
}

const finish = (made: Tensor, options: CreationOptions): Tensor => (options.requiresGrad === true ? requireGrad(made) : made);

/**
 * A tensor from a number, nested arrays, a typed array (copied) or an ndarray (copied).
 * @param options `shape` is needed only to give flat values more dimensions. Errors: ragged arrays, values that are not numbers, a shape that does not fit.
 */
export function tensor(
  values: NestedNumbers | ArrayBufferView | ndarray.NdArray,
  options: CreationOptions & { readonly shape?: Shape } = {},
): Tensor {
  if (options.dtype !== undefined) checkDType("tensor", options.dtype);
  const { flat, shape, natural } = flatten(values);
  const size = sizeOf(shape);
  const wanted = options.shape ?? shape;
  checkShape("tensor", wanted);
  if (sizeOf(wanted) !== size) throw new RangeError(`tensor: ${size} values do not fill shape ${showShape(wanted)}, which has ${sizeOf(wanted)}`);
  const dtype = options.dtype ?? natural;
  const data = newArray(dtype, size);
  if (dtype === "bool") for (let i = 0; i < size; i++) data[i] = flat[i] ? 1 : 0;
  else data.set(flat);
  return finish(fromData(data, dtype, wanted, options.device ?? cpu), options);
}

interface Flat {
  readonly flat: ArrayLike<number>;
  readonly shape: Shape;
  readonly natural: DType;
}

function flatten(values: NestedNumbers | ArrayBufferView | ndarray.NdArray): Flat {
  if (ArrayBuffer.isView(values)) {
    const dtype = dtypeOf(values);
    if (dtype === undefined || values instanceof BigInt64Array || values instanceof BigUint64Array)
      throw new TypeError("tensor: a typed array holds numbers; BigInt arrays and DataView do not");
    const flat = values as TypedArray;
    return { flat, shape: [flat.length], natural: dtype };
  }
  if (isNdarray(values)) {
    const view = new Tensor({
      storage: hostStorage(cpu, dtypeOf(values.data as TypedArray) ?? "float64", values.data as TypedArray),
      dtype: dtypeOf(values.data as TypedArray) ?? "float64",
      shape: values.shape,
      strides: values.stride,
      offset: values.offset,
    });
    return { flat: view.data(), shape: values.shape, natural: view.dtype };
  }
  const shape: number[] = [];
  for (let level: unknown = values; Array.isArray(level); level = level[0]) shape.push(level.length);
  const flat: number[] = [];
  let booleans = true;
  const visit = (value: unknown, d: number): void => {
    if (Array.isArray(value)) {
      if (value.length !== shape[d])
        throw new RangeError(`tensor: ragged arrays, ${value.length} values where ${shape[d] ?? "one number"} stood before in dimension ${d}`);
      for (const item of value) visit(item, d + 1);
    } else {
      if (d !== shape.length) throw new RangeError(`tensor: ragged arrays, a number where an array of ${shape[d]} stood before in dimension ${d}`);
      if (typeof value !== "number" && typeof value !== "boolean")
        throw new TypeError(`tensor: expected numbers, got ${value === null ? "null" : typeof value}`);
      if (typeof value === "number") booleans = false;
      flat.push(Number(value));
    }
  };
  visit(values, 0);
  return { flat, shape, natural: booleans && flat.length > 0 ? "bool" : defaultDType };
}

const isNdarray = (values: object | number | boolean): values is ndarray.NdArray =>
  typeof values === "object" && "data" in values && "stride" in values && "shape" in values && "offset" in values;

/** One value everywhere. */
export function full(shape: Shape, value: number, options: CreationOptions = {}): Tensor {
  checkShape("full", shape);
  const dtype = options.dtype ?? defaultDType;
  checkDType("full", dtype);
  return finish(new Tensor(filled(options.device ?? cpu, dtype, shape, value)), options);
}

/** Zeros. */
export const zeros = (shape: Shape, options?: CreationOptions): Tensor => full(shape, 0, options);

/** Ones. */
export const ones = (shape: Shape, options?: CreationOptions): Tensor => full(shape, 1, options);

/** Zeros with the shape, dtype and device of another tensor. */
export const zerosLike = (x: Tensor, options: CreationOptions = {}): Tensor => full(x.shape, 0, { dtype: x.dtype, device: x.device, ...options });

/** Ones with the shape, dtype and device of another tensor. */
export const onesLike = (x: Tensor, options: CreationOptions = {}): Tensor => full(x.shape, 1, { dtype: x.dtype, device: x.device, ...options });

function generated(size: number, shape: Shape, options: CreationOptions, value: (i: number) => number): Tensor {
  const dtype = options.dtype ?? defaultDType;
  checkDType("tensor", dtype);
  const data = newArray(dtype, size);
  for (let i = 0; i < size; i++) data[i] = value(i);
  return finish(fromData(data, dtype, shape, options.device ?? cpu), options);
}

/** `start, start + step, …` below `end`; `arange(end)` starts at 0. float32 unless `dtype` says otherwise. */
export function arange(start: number, end?: number, step = 1, options: CreationOptions = {}): Tensor {
  const [from, to] = end === undefined ? [0, start] : [start, end];
  const size = Math.max(0, Math.ceil((to - from) / step));
  if (!Number.isFinite(size)) throw new RangeError(`arange: from ${from} to ${to} by ${step} is not a finite number of steps`);
  return generated(size, [size], options, (i) => from + i * step);
}

/** `steps` values from `start` to `end`, both included, evenly apart. */
export function linspace(start: number, end: number, steps: number, options: CreationOptions = {}): Tensor {
  checkShape("linspace", [steps]);
  return generated(steps, [steps], options, (i) => (i === steps - 1 && steps > 1 ? end : start + ((end - start) * i) / Math.max(1, steps - 1)));
}

/** Identity matrix `[rows, columns]`, square by default. */
export function eye(rows: number, columns: number = rows, options: CreationOptions = {}): Tensor {
  checkShape("eye", [rows, columns]);
  return generated(rows * columns, [rows, columns], options, (i) => (Math.floor(i / columns) === i % columns ? 1 : 0));
}

/** How random tensors are drawn: from the given generator, else the default one. */
export interface RandomOptions extends CreationOptions {
  readonly generator?: Generator;
}

/** Uniform on [0, 1). */
export function rand(shape: Shape, options: RandomOptions = {}): Tensor {
  checkShape("rand", shape);
  const generator = options.generator ?? defaultGenerator;
  const dtype = options.dtype ?? defaultDType;
  if (dtype !== "float32" && dtype !== "float64") return generated(sizeOf(shape), shape, options, () => generator.random());
  const data = newArray(dtype, sizeOf(shape)) as Float32Array | Float64Array;
  generator.randoms(data);
  return finish(fromData(data, dtype, shape, options.device ?? cpu), options);
}

/** Standard normal. */
export function randn(shape: Shape, options: RandomOptions = {}): Tensor {
  checkShape("randn", shape);
  const generator = options.generator ?? defaultGenerator;
  return generated(sizeOf(shape), shape, options, () => generator.normal());
}

/** Uniform integers from `low` to `high` - 1; int32 unless `dtype` says otherwise. */
export function randint(low: number, high: number, shape: Shape, options: RandomOptions = {}): Tensor {
  checkShape("randint", shape);
  if (!(Number.isInteger(low) && Number.isInteger(high) && low < high))
    throw new RangeError(`randint: needs integers low < high, got ${low} and ${high}`);
  const generator = options.generator ?? defaultGenerator;
  return generated(sizeOf(shape), shape, { dtype: "int32", ...options }, () => low + generator.integer(high - low));
}

/** A random order of 0 … n-1, int32. */
export function randperm(n: number, options: RandomOptions = {}): Tensor {
  checkShape("randperm", [n]);
  const order = (options.generator ?? defaultGenerator).permutation(n);
  return generated(n, [n], { dtype: "int32", ...options }, (i) => order[i]);
}

/** A fresh contiguous tensor whose contents are undefined; fill it with a kernel before anyone reads it. */
export const empty = (shape: Shape, options: CreationOptions = {}): Tensor =>
  new Tensor(allocate(options.device ?? cpu, options.dtype ?? defaultDType, shape));

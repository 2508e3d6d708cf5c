/// <reference lib="esnext.disposable" />
import { cpu, type Device } from "../backend/device.ts";
import { copyKernel } from "../backend/kernel.ts";
import { release } from "../backend/ownership.ts";
import { allocate, hostData, isDense, type Storage, type View } from "../backend/view.ts";
import { type DType, isFloat, newArray, type TypedArray } from "../dtype.ts";
import type { TensorMethods } from "../methods.ts";
import { type Shape, showShape, sizeOf } from "../shape.ts";
import type { TapeNode } from "../tape/node.ts";
import { formatTensor } from "./format.ts";

/** Numbers nested as deep as a tensor has dimensions. */
export type NestedNumbers = number | boolean | readonly NestedNumbers[];

/** Chaining methods: every op of `@gradtape/core`, with the tensor as its first argument. */
export interface Tensor extends TensorMethods, Disposable {}

/**
 * An immutable array of numbers with a shape, a dtype, a device and, when gradients flow through it, a node on the tape. It is a strided view on
 * a storage: transpose, slice, flip and broadcast copy nothing.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: methods.ts installs every op on the prototype
export class Tensor implements View {
  readonly storage: Storage;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
  /** The operation that made this tensor, or its leaf; `null` where no gradient flows. */
  node: TapeNode | null = null;

  /** @param storage other memory, at whose start the tensor lies as the view does in its own. */
  constructor(view: View, storage?: Storage) {
    this.storage = storage ?? view.storage;
    this.dtype = storage === undefined ? view.dtype : storage.dtype;
    this.shape = view.shape;
    this.strides = view.strides;
    this.offset = storage === undefined ? view.offset : 0;
  }

  /** Where the values live. */
  get device(): Device {
    return this.storage.device;
  }

  /** Number of dimensions. */
  get ndim(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Whether gradients flow to or through this tensor. */
  get requiresGrad(): boolean {
    return this.node !== null;
  }

  /** Whether no operation on the tape made this tensor; `backward()` leaves its gradient in `grad`. */
  get isLeaf(): boolean {
    return this.node === null || this.node.op === null;
  }

  /** The gradient that `backward()` accumulated here; `null` before, and on interior tensors without `retainGrad()`. */
  get grad(): Tensor | null {
    return this.node?.grad ?? null;
  }

  set grad(gradient: Tensor | null) {
    if (this.node === null) {
      if (gradient === null) return;
      throw new Error("grad: this tensor does not require a gradient; create it with { requiresGrad: true }");
    }
    if (gradient !== null && (gradient.shape.length !== this.shape.length || gradient.shape.some((n, d) => n !== this.shape[d])))
      throw new RangeError(`grad: a gradient of shape ${showShape(gradient.shape)} does not fit a tensor of shape ${showShape(this.shape)}`);
    this.node.setGrad(gradient);
  }

  /** The values in row-major order, as a copy of their own. Waits where a GPU still computes them; `read()` does not. */
  data(): TypedArray {
    return contiguousData(this).slice();
  }

  /** The values in row-major order, as a copy of their own, as soon as the device has them: works on every device and never blocks the page. */
  async read(): Promise<TypedArray> {
    const { backend } = this.device;
    return this.storage.data === undefined && backend.readLater !== undefined ? await backend.readLater(this) : this.data();
  }

  /** The values as nested arrays; a 0-d tensor gives a number, `bool` gives booleans. */
  toArray(): NestedNumbers {
    const values = contiguousData(this);
    const pick = this.dtype === "bool" ? (i: number) => values[i] !== 0 : (i: number) => values[i];
    let at = 0;
    const nest = (d: number): NestedNumbers => (d === this.ndim ? pick(at++) : Array.from({ length: this.shape[d] }, () => nest(d + 1)));
    return nest(0);
  }

  /** The value of a tensor of one element; an error names the shape of any other. */
  item(): number {
    if (this.size !== 1)
      throw new RangeError(`item: only a tensor of one element has an item, this one has shape ${showShape(this.shape)}; use toArray() or data()`);
    return this.storage.data === undefined ? contiguousData(this)[0] : hostData(this)[this.offset];
  }

  /**
   * Gives the memory back at once, to be used again; a later read, of views of it too, is an error. Needed on a GPU alone: the CPU's memory is collected, but
   * loops over large tensors are faster with it. Also called at the end of a block by `using`. Disposing twice does nothing.
   */
  dispose(): void {
    const { storage } = this;
    if (storage.freed === true) return;
    release(storage);
    storage.device.backend.free?.(storage);
  }

  /** Prints like NumPy, with the dtype when it is not float32 and a mark when gradients flow. */
  toString(): string {
    return formatTensor(this);
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

// Engines without `using` lack the symbol.
if (Symbol.dispose !== undefined)
  Object.defineProperty(Tensor.prototype, Symbol.dispose, {
    value(this: Tensor) {
      this.dispose();
    },
    configurable: true,
  });

/** The values in row-major order: the storage itself where it already lies so, else a copy. Not to be written to. */
export function contiguousData(view: View): TypedArray {
  const { backend } = view.storage.device;
  if (view.storage.data === undefined && backend.read !== undefined) return backend.read(view);
  const size = sizeOf(view.shape);
  if (isDense(view)) {
    const data = hostData(view);
    return view.offset === 0 && data.length === size ? data : data.subarray(view.offset, view.offset + size);
  }
  hostData(view);
  const copy = allocate(view.storage.device, view.dtype, view.shape);
  view.storage.device.backend.map(copyKernel, [view], [], [copy]);
  return contiguousData(copy);
}

/** A tensor over host values in row-major order; takes the array as it is, without a copy. */
export function fromData(values: TypedArray, dtype: DType, shape: Shape, device: Device = cpu): Tensor {
  const view = allocate(device, dtype, shape);
  device.backend.write(values, view);
  return new Tensor(view);
}

/** Numbers in row-major order, with the dtype and the device of another tensor: what an operation brings along. */
export function numbersLike(like: Tensor, values: ArrayLike<number>, shape: Shape): Tensor {
  const data = newArray(like.dtype, sizeOf(shape));
  data.set(values);
  return fromData(data, like.dtype, shape, like.device);
}

/** Checks that gradients can flow to values of this dtype. */
export function checkDifferentiable(op: string, dtype: DType): void {
  if (!isFloat(dtype)) throw new TypeError(`${op}: only float32 and float64 tensors can require a gradient, this one is ${dtype}`);
}

/** Zeros of a dtype on the host. */
export const hostZeros = (dtype: DType, shape: Shape): TypedArray => newArray(dtype, sizeOf(shape));

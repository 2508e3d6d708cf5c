import {
  type Backend,
  type Convolution,
  copyKernel,
  type Device,
  type DType,
  gateKernel,
  isDense,
  type Kernel,
  kernel,
  type Lifetime,
  type MemoryReport,
  type Pooling,
  type Reduction,
  type Scan,
  type Storage,
  sizeOf,
  type TypedArray,
  type View,
  type Window,
} from "@gradtape/core";
import type { Adapter } from "./adapter.ts";
import { convolve, convolveInput, convolveWeight } from "./convolution.ts";
import { Engine } from "./engine.ts";
import { map } from "./map.ts";
import { matmul } from "./matmul.ts";
import { gather, scatterAdd } from "./pick.ts";
import { pool, unpool } from "./pooling.ts";
import { reduce } from "./reduce.ts";
import { argsort, scan } from "./scan.ts";
import type { GpuStorage } from "./storage.ts";

const sum = kernel("y = a + b");

/** Gradtape's backend contract on a GPU: every operation is one or more launches into textures, nothing leaves the device. */
export class GpuBackend implements Backend {
  readonly name = "gpu";
  readonly engine: Engine;

  constructor(adapter: Adapter, device: Device, options: { readonly trace: boolean }) {
    this.engine = new Engine(adapter, device, options);
  }

  memory(): MemoryReport {
    return this.engine.memory();
  }

  allocate(dtype: DType, length: number, _lifetime: Lifetime): Storage {
    return this.engine.allocate(dtype, length);
  }

  free(storage: Storage): void {
    this.engine.free(storage as GpuStorage);
  }

  write(values: ArrayLike<number>, output: View): void {
    this.#into(output, (storage) => void this.engine.upload(storage, values));
  }

  read(view: View): TypedArray {
    return this.#withDense(view, (storage, offset, size) => typed(view.dtype, this.engine.read(storage).subarray(offset, offset + size)));
  }

  async readLater(view: View): Promise<TypedArray> {
    return await this.#withDense(view, async (storage, offset, size) =>
      typed(view.dtype, (await this.engine.readLater(storage)).subarray(offset, offset + size)),
    );
  }

  map(kernel: Kernel, inputs: readonly View[], uniforms: readonly number[], outputs: readonly View[]): void {
    map(this.engine, kernel, inputs, uniforms, outputs);
  }

  reduce(reduction: Reduction, input: View, axes: readonly number[], output: View): void {
    this.#into(output, (storage) => void reduce(this.engine, reduction, input, axes, storage));
  }

  matmul(a: View, b: View, output: View, start?: View, gate?: View): void {
    if (start === undefined) this.#into(output, (storage) => void matmul(this.engine, a, b, storage));
    else {
      const product = this.engine.scratch(output.dtype, sizeOf(output.shape));
      matmul(this.engine, a, b, product);
      this.map(sum, [start, denseView(product, output)], [], [output]);
      this.engine.free(product);
    }
    if (gate !== undefined) this.map(gateKernel, [gate, output], [], [output]);
  }

  gather(input: View, axis: number, index: View, output: View): void {
    this.#into(output, (storage) => void gather(this.engine, input, axis, index, storage));
  }

  scatterAdd(output: View, axis: number, index: View, source: View): void {
    this.#into(output, (storage) => void scatterAdd(this.engine, output.shape, axis, index, source, storage), { keep: true });
  }

  scan(kind: Scan, inputs: readonly View[], axis: number, output: View): void {
    const wide = inputs.map((input) => stretch(input, output.shape));
    this.#into(output, (storage) => void scan(this.engine, kind, wide, axis, storage));
  }

  argsort(input: View, axis: number, order: "ascending" | "descending", output: View): void {
    this.#into(output, (storage) => void argsort(this.engine, input, axis, order, storage));
  }

  convolve(x: View, weight: View, output: View, convolution: Convolution): boolean {
    return convolve(this.engine, x, weight, convolution, output.storage as GpuStorage);
  }

  convolveInput(g: View, weight: View, output: View, convolution: Convolution): boolean {
    return convolveInput(this.engine, g, weight, convolution, output.storage as GpuStorage);
  }

  convolveWeight(x: View, g: View, output: View, convolution: Convolution): boolean {
    return convolveWeight(this.engine, x, g, convolution, output.storage as GpuStorage);
  }

  pool(pooling: Pooling, x: View, output: View, window: Window): boolean {
    pool(this.engine, pooling, x, window, output.storage as GpuStorage);
    return true;
  }

  unpool(pooling: Pooling, g: View, numbers: View | undefined, output: View, window: Window): boolean {
    unpool(this.engine, pooling, g, numbers, window, output.storage as GpuStorage);
    return true;
  }

  /** Lets `work` fill the storage of a view that shows it whole and in order, else a scratch one that is then copied to the view. */
  #into(view: View, work: (storage: GpuStorage) => void, { keep = false } = {}): void {
    const storage = view.storage as GpuStorage;
    const size = sizeOf(view.shape);
    if (view.offset === 0 && storage.length === size && isDense(view)) {
      work(storage);
      return;
    }
    const scratch = this.engine.scratch(view.dtype, size);
    const whole = denseView(scratch, view);
    if (keep) this.map(copyKernel, [view], [], [whole]);
    work(scratch);
    this.map(copyKernel, [whole], [], [view]);
    this.engine.free(scratch);
  }

  /** Calls `work` with a storage in which the view's elements lie in order from `offset` on. */
  #withDense<T>(view: View, work: (storage: GpuStorage, offset: number, size: number) => T): T {
    const size = sizeOf(view.shape);
    const storage = view.storage as GpuStorage;
    // A part of something large is copied first: textures are read whole.
    const worth = storage.mirror !== undefined || 4 * size >= storage.length || storage.length <= 4096;
    if (size === 0 || (isDense(view) && worth)) return work(storage, view.offset, size);
    const scratch = this.engine.scratch(view.dtype, size);
    this.map(copyKernel, [view], [], [denseView(scratch, view)]);
    const result = work(scratch, 0, size);
    if (result instanceof Promise) return result.finally(() => void this.engine.free(scratch)) as T;
    this.engine.free(scratch);
    return result;
  }
}

const denseView = (storage: GpuStorage, like: View): View => ({
  storage,
  dtype: like.dtype,
  shape: like.shape,
  strides: like.shape.map((_, d) => sizeOf(like.shape.slice(d + 1))),
  offset: 0,
});

function stretch(view: View, shape: readonly number[]): View {
  const lead = shape.length - view.shape.length;
  return {
    ...view,
    shape,
    strides: shape.map((n, d) => (d < lead || (view.shape[d - lead] === 1 && n !== 1) ? 0 : view.strides[d - lead])),
  };
}

/** A copy as the typed array of a dtype. */
const typed = (dtype: DType, values: Float32Array): TypedArray =>
  dtype === "int32" ? Int32Array.from(values) : dtype === "bool" ? Uint8Array.from(values) : values.slice();

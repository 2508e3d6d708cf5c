import type { DType, TypedArray } from "../dtype.ts";
import type { Convolution } from "./convolution.ts";
import type { Kernel } from "./kernel.ts";
import type { RowKernel } from "./rows.ts";
import type { Storage, View } from "./view.ts";
import type { Window } from "./window.ts";

/** How a reduction folds its elements; `argmax` and `argmin` give the first index and take exactly one axis. */
export type Reduction = "sum" | "prod" | "max" | "min" | "argmax" | "argmin";

/** How long memory will be needed: a "value" until the collector finds that nobody holds it, a "variable" as long as its model or optimizer lives. */
export type Lifetime = "value" | "variable";

/**
 * How a scan goes along an axis. "affine", of inputs a and b: `y₀ = b₀`, `yₖ = aₖ yₖ₋₁ + bₖ`, of which running sums and products, their gradients and every
 * linear recurrence are made. "argmax" and "argmin", of one input: the index of the running extremum, the latest of a tie; NaN beats every number.
 */
export type Scan = "affine" | "argmax" | "argmin";

/** What becomes of the elements that a window sees in one position: their sum, or the number, within its plane, of the first maximum; of several NaN the last. */
export type Pooling = "sum" | "argmax";

/** Memory of a device whose owners free it. */
export interface MemoryReport {
  /** Blocks of memory that tensors hold and that only their owners will free. */
  readonly blocks: number;
  /** Bytes of them. */
  readonly bytes: number;
  /** Blocks whose values the host has too, so that the device frees them by itself when it needs room. */
  readonly mirrored: number;
  /** Bytes of free blocks that wait for reuse. */
  readonly spare: number;
  /** Blocks that the collector freed because no owner did, since the device was made. */
  readonly lost: number;
}

/**
 * What a device must be able to do; everything else is composed from it. Inputs are views of any strides, outputs are allocated by the caller.
 * A backend proves itself with `conformance(backend)`.
 */
export interface Backend {
  readonly name: string;
  /** Memory for `length` elements; its contents are undefined. */
  allocate(dtype: DType, length: number, lifetime: Lifetime): Storage;
  /** Takes back memory that nobody can reach any more; a later read of the storage must be an error. Backends whose memory is garbage collected have none. */
  free?(storage: Storage): void;
  /** Writes host values over a dense view, converting to its dtype. */
  write(values: ArrayLike<number>, output: View): void;
  /** What its memory holds, for backends whose memory has owners. */
  memory?(): MemoryReport;
  /** The values in row-major order, for backends whose storages are not typed arrays: waits for the device. Left out where that cannot be. */
  read?(view: View): TypedArray;
  /** The same without waiting: the values as they are now, once the device has them. */
  readLater?(view: View): Promise<TypedArray>;
  /** One fused loop over the broadcast inputs; outputs may be the inputs themselves (in place). All outputs share one shape. */
  map(kernel: Kernel, inputs: readonly View[], uniforms: readonly number[], outputs: readonly View[]): void;
  /**
   * Runs a formula over rows, the lines along the last dimension: inputs broadcast to one shape, outputs dense, of size 1 there where they are one number for a row.
   * Returns whether the backend has a kernel for it; composed of `map` and `reduce` where not.
   */
  mapRows?(kernel: RowKernel, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]): boolean;
  /** Folds `axes`; the output has size 1 there. NaN propagates through max and min. */
  reduce(reduction: Reduction, input: View, axes: readonly number[], output: View): void;
  /**
   * `[…,m,k] x […,k,n] → […,m,n]`; batch dimensions already broadcast, any strides (a transpose is free). The product is added to `start`, where there is one: a
   * view of the output's shape, which may be the output itself and else shares no memory with it. Where a `gate` of the output's shape is at most 0, the result is
   * 0: the mask of a ReLU, or, where the gate is the output itself, a ReLU; else it shares no memory with the output.
   */
  matmul(a: View, b: View, output: View, start?: View, gate?: View): void;
  /** `output[…,i,…] = input[…,index[…,i,…],…]` along `axis`; index and output have one shape. */
  gather(input: View, axis: number, index: View, output: View): void;
  /** `output[…,index[…,i,…],…] += source[…,i,…]` along `axis`; index and source have one shape. */
  scatterAdd(output: View, axis: number, index: View, source: View): void;
  /** Goes along `axis`, where each element needs the one before; inputs and output have one shape. */
  scan(scan: Scan, inputs: readonly View[], axis: number, output: View): void;
  /** The int32 indices that sort each line along `axis`: stable, NaN is the largest. */
  argsort(input: View, axis: number, order: "ascending" | "descending", output: View): void;
  /**
   * Convolution `[N,in,…] x [out,in/groups,…kernel] → [N,out,…]`, output dense. Returns whether the backend has a kernel for it; composed of `map` and
   * `matmul` where not. So its two gradients.
   */
  convolve?(x: View, weight: View, output: View, convolution: Convolution): boolean;
  /** The gradient of a convolution's input, a transposed convolution, from the gradient `g` of its output. */
  convolveInput?(g: View, weight: View, output: View, convolution: Convolution): boolean;
  /** The gradient of a convolution's weight, from its input and the gradient `g` of its output. */
  convolveWeight?(x: View, g: View, output: View, convolution: Convolution): boolean;
  /** Pools what a window sees in each position: `[…,…input] → […,…output]`, output dense, int32 for numbers. Returns whether the backend has a kernel for it. */
  pool?(pooling: Pooling, x: View, output: View, window: Window): boolean;
  /** The adjoint, `[…,…output] → […,…input]`: an element gets the sum of the windows that see it, or of those that found its number. */
  unpool?(pooling: Pooling, g: View, numbers: View | undefined, output: View, window: Window): boolean;
}

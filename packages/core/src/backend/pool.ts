import { isFloat } from "../dtype.ts";
import { showShape } from "../shape.ts";
import type { View } from "./view.ts";
import { perDimension, type Window } from "./window.ts";

/** Options that all pooling has: one number for all dimensions or one for each. */
export interface PoolOptions {
  /** Size of the window. */
  readonly kernelSize: number | readonly number[];
  /** Step of the window, its size by default. */
  readonly stride?: number | readonly number[];
  /** Elements by which the window may start before the first; at most half its size. Default 0. */
  readonly padding?: number | readonly number[];
  /** Whether a last window that reaches outside counts too. Default false. */
  readonly ceilMode?: boolean;
}

/** The window of a pooling op over the last `n` dimensions of a tensor. */
export function poolWindow(op: string, n: number, x: View, options: PoolOptions & { readonly dilation?: number | readonly number[] }): Window {
  if (x.shape.length < n) throw new RangeError(`${op}: pools the last ${n} dimensions, got shape ${showShape(x.shape)}`);
  if (!isFloat(x.dtype)) throw new TypeError(`${op}: takes float32 or float64, got ${x.dtype}; convert it with .to("float32")`);
  if (options?.kernelSize === undefined) throw new TypeError(`${op}: give { kernelSize }`);
  const size = perDimension(op, "kernelSize", options.kernelSize, n, 1);
  const stride = perDimension(op, "stride", options.stride ?? size, n, 1);
  const padding = perDimension(op, "padding", options.padding ?? 0, n, 0);
  const dilation = perDimension(op, "dilation", options.dilation ?? 1, n, 1);
  if (padding.some((p, d) => 2 * p > size[d]))
    throw new RangeError(`${op}: padding ${showShape(padding)} is more than half the kernel ${showShape(size)}`);
  const input = x.shape.slice(x.shape.length - n);
  const output = input.map((length, d) => {
    const room = length + 2 * padding[d] - dilation[d] * (size[d] - 1) - 1;
    if (options.ceilMode !== true) return Math.floor(room / stride[d]) + 1;
    const count = Math.ceil(room / stride[d]) + 1;
    return (count - 1) * stride[d] >= length + padding[d] ? count - 1 : count;
  });
  if (output.some((length) => length < 1))
    throw new RangeError(`${op}: kernel ${showShape(size)} does not fit shape ${showShape(x.shape)} with padding ${showShape(padding)}`);
  return { kernel: size, stride, padding, dilation, input, output };
}

/** Options of adaptive pooling. */
export interface AdaptivePoolOptions {
  /** Sizes of the result: one number for all dimensions or one for each, where null keeps a size. */
  readonly outputSize: number | null | readonly (number | null)[];
}

/** Where the bins of a dimension start, and how many elements they have. */
export interface Bins {
  readonly starts: readonly number[];
  readonly sizes: readonly number[];
  readonly most: number;
}

/** The bins of an adaptive pooling op over the last `n` dimensions of a tensor, for each of them. */
export function binsOf(op: string, n: number, x: View, { outputSize }: AdaptivePoolOptions): Bins[] {
  if (x.shape.length < n) throw new RangeError(`${op}: pools the last ${n} dimensions, got shape ${showShape(x.shape)}`);
  const plane = x.shape.slice(x.shape.length - n);
  const wanted = typeof outputSize === "number" || outputSize === null ? plane.map(() => outputSize) : outputSize;
  const sizes = perDimension(
    op,
    "outputSize",
    wanted?.map((size, d) => size ?? plane[d]),
    n,
    1,
  );
  if (plane.includes(0)) throw new RangeError(`${op}: there is nothing to pool in shape ${showShape(x.shape)}`);
  return plane.map((length, d) => {
    const starts = Array.from({ length: sizes[d] }, (_, i) => Math.floor((i * length) / sizes[d]));
    const counts = starts.map((start, i) => Math.ceil(((i + 1) * length) / sizes[d]) - start);
    return { starts, sizes: counts, most: Math.max(...counts) };
  });
}

/** For each bin the index of its element `k`, or of its last one where it has fewer. */
export const elementsAt = ({ starts, sizes }: Bins, k: number): number[] => starts.map((start, i) => start + Math.min(k, sizes[i] - 1));

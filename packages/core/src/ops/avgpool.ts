import { kernel } from "../backend/kernel.ts";
import { type AdaptivePoolOptions, binsOf, type PoolOptions, poolWindow } from "../backend/pool.ts";
import { allocate, type View } from "../backend/view.ts";
import { taps, type Window } from "../backend/window.ts";
import type { Shape } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import { checkOptions } from "../tape/options.ts";
import { fromData, numbersLike, Tensor } from "../tensor/tensor.ts";

/** Options of `avgPool1d`, `avgPool2d` and `avgPool3d`. */
export interface AvgPoolOptions extends PoolOptions {
  /** Whether padding counts as zeros in the mean. Default true. */
  readonly countIncludePad?: boolean;
  /** Divides the sums in place of the number of elements. */
  readonly divisorOverride?: number | null;
}

const lead = (shape: Shape, n: number): Shape => shape.slice(0, shape.length - n);

interface Averaging extends Window {
  /** By what each window's sum is divided: one number, or a factor for each position along each dimension. */
  readonly divisor: number | readonly (readonly number[])[];
}

const zero = kernel("y = 0");
const add = kernel("y = a + b");
const addTo = (view: View, more: View): void => view.storage.device.backend.map(add, [view, more], [], [view]);

/** The sum of what the window sees in each position. */
function sums(x: Tensor, window: Window): Tensor {
  const output = allocate(x.device, x.dtype, [...lead(x.shape, window.input.length), ...window.output]);
  const { backend } = x.device;
  if (backend.pool?.("sum", x, output, window) !== true) {
    backend.map(zero, [], [], [output]);
    for (const tap of taps(window)) addTo(tap.positions(output), tap.touched(x));
  }
  return new Tensor(output);
}

/** For each element the sum of the windows that see it. */
function spread(x: Tensor, window: Window): Tensor {
  const output = allocate(x.device, x.dtype, [...lead(x.shape, window.input.length), ...window.input]);
  const { backend } = x.device;
  if (backend.unpool?.("sum", x, undefined, output, window) !== true) {
    backend.map(zero, [], [], [output]);
    for (const tap of taps(window)) addTo(tap.touched(output), tap.positions(x));
  }
  return new Tensor(output);
}

function divided(x: Tensor, divisor: Averaging["divisor"]): Tensor {
  if (typeof divisor === "number") return x.div(divisor);
  const plane = divisor.reduce<number[]>((products, counts) => products.flatMap((p) => counts.map((c) => p * c)), [1]);
  const shape = divisor.map((counts) => counts.length);
  return x.div(numbersLike(x, plane, shape));
}

interface AveragingOps {
  readonly average: Op<Averaging>;
  readonly adjoint: Op<Averaging>;
}

/** The mean of windows and its adjoint, which gives each element its share of the windows that it lies in. */
function averaging(n: number): AveragingOps {
  const saves = { inputs: [], output: false };
  const average: Op<Averaging> = operation({
    name: `avgPool${n}d`,
    saves,
    forward: ([x], attrs) => divided(sums(x as Tensor, attrs), attrs.divisor),
    vjp: [(g, { attrs }) => apply(adjoint, [g], attrs)],
  });
  const adjoint: Op<Averaging> = operation({
    name: `avgPool${n}dBackward`,
    saves,
    forward: ([x], attrs) => spread(divided(x as Tensor, attrs.divisor), attrs),
    vjp: [(g, { attrs }) => apply(average, [g], attrs)],
  });
  return { average, adjoint };
}

const avgOps = [1, 2, 3].map(averaging);

function avgPool(n: number, x: Tensor, options: AvgPoolOptions): Tensor {
  const op = avgOps[n - 1].average;
  checkOptions(op.name, options, ["kernelSize", "stride", "padding", "ceilMode", "countIncludePad", "divisorOverride"]);
  const window = poolWindow(op.name, n, x, options);
  const { countIncludePad = true, divisorOverride } = options;
  if (divisorOverride === 0) throw new RangeError(`${op.name}: divisorOverride must not be 0`);
  const counts = window.output.map((length, d) =>
    Array.from({ length }, (_, o) => {
      const start = o * window.stride[d] - window.padding[d];
      const end = Math.min(start + window.kernel[d], window.input[d] + (countIncludePad ? window.padding[d] : 0));
      return end - (countIncludePad ? start : Math.max(0, start));
    }),
  );
  const even = counts.every((list) => list.every((count) => count === list[0]));
  const divisor = divisorOverride ?? (even ? counts.reduce((product, [count]) => product * count, 1) : counts);
  return apply(op, [x], { ...window, divisor });
}

/** Mean of each window over the last dimension: `[…,L]` → `[…,L']`. */
export const avgPool1d = (x: Tensor, options: AvgPoolOptions): Tensor => avgPool(1, x, options);

/** Mean of each window over the last two dimensions: `[…,H,W]` → `[…,H',W']`. */
export const avgPool2d = (x: Tensor, options: AvgPoolOptions): Tensor => avgPool(2, x, options);

/** Mean of each window over the last three dimensions. */
export const avgPool3d = (x: Tensor, options: AvgPoolOptions): Tensor => avgPool(3, x, options);

/** Means of the bins of each dimension in turn: bins are boxes, so that the mean of means is the mean. */
function adaptiveAvgPool(n: number, x: Tensor, options: AdaptivePoolOptions): Tensor {
  checkOptions(`adaptiveAvgPool${n}d`, options, ["outputSize"]);
  const bins = binsOf(`adaptiveAvgPool${n}d`, n, x, options);
  if (bins.every(({ starts }) => starts.length === 1))
    return x.mean(
      bins.map((_, d) => x.ndim - n + d),
      { keepDim: true },
    );
  return bins.reduce((y, { starts, sizes, most }, d) => {
    const dim = x.ndim - n + d;
    if (starts.length === x.shape[dim]) return y;
    const shape = [...y.shape.slice(0, dim), starts.length, most, ...y.shape.slice(dim + 1)];
    if (sizes.every((size) => size === most) && starts.length * most === x.shape[dim]) return y.reshape(shape).mean(dim + 1);
    const at = starts.flatMap((start, i) => Array.from({ length: most }, (_, k) => start + Math.min(k, sizes[i] - 1)));
    const inside = Uint8Array.from(sizes.flatMap((size) => Array.from({ length: most }, (_, k) => (k < size ? 1 : 0))));
    const after = y.shape.slice(dim + 1).map(() => 1);
    const mask = fromData(inside, "bool", [starts.length, most, ...after], x.device);
    const count = numbersLike(x, sizes, [starts.length, ...after]);
    return mask
      .where(y.indexSelect(dim, at).reshape(shape), 0)
      .sum(dim + 1)
      .div(count);
  }, x);
}

/** Means of `outputSize` bins that cover the last dimension: `[…,L]` → `[…,outputSize]`. */
export const adaptiveAvgPool1d = (x: Tensor, options: AdaptivePoolOptions): Tensor => adaptiveAvgPool(1, x, options);

/** Means of `outputSize` bins that cover the last two dimensions: `[…,H,W]` → `[…,oH,oW]`. */
export const adaptiveAvgPool2d = (x: Tensor, options: AdaptivePoolOptions): Tensor => adaptiveAvgPool(2, x, options);

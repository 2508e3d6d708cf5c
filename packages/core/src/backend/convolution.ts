import { contiguousStrides, sizeOf } from "../shape.ts";
import { accumulate } from "./accumulate.ts";
import type { Backend } from "./backend.ts";
import { copyKernel, kernel } from "./kernel.ts";
import { allocate, isDense, restride, type View } from "./view.ts";
import { reachesOut, taps, type Window } from "./window.ts";

/** What a convolution needs to know beside its operands: the window, and into how many groups the channels fall. */
export interface Convolution extends Window {
  readonly groups: number;
}

/** Elements of the patches that are laid out at a time: they should stay in a processor's cache. */
const PATCH_LIMIT = 1 << 18;

const zero = kernel("y = 0");

const run = (view: View): Backend => view.storage.device.backend;
const fillZero = (view: View): void => run(view).map(zero, [], [], [view]);

/** A dense view under another shape. */
const shaped = (view: View, ...shape: number[]): View => restride(view, shape, contiguousStrides(shape));

const dense = (view: View): View => {
  if (isDense(view)) return view;
  const copy = allocate(view.storage.device, view.dtype, view.shape);
  run(view).map(copyKernel, [view], [], [copy]);
  return copy;
};

/** The transpose of the last two dimensions. */
function turned(view: View): View {
  const swap = (list: readonly number[]): number[] => [...list.slice(0, -2), list[list.length - 1], list[list.length - 2]];
  return restride(view, swap(view.shape), swap(view.strides));
}

/** Samples `from` to `from + count` of the first dimension. */
const samples = (view: View, from: number, count: number): View =>
  restride(view, [count, ...view.shape.slice(1)], view.strides, view.offset + from * view.strides[0]);

/** Sizes that all three products share, per group where groups matter. */
interface Sizes {
  readonly batch: number;
  readonly channels: number;
  /** Rows of the patch matrix of one group: its channels times the elements of the window. */
  readonly rows: number;
  /** Output channels of one group. */
  readonly outputs: number;
  readonly kernel: number;
  readonly positions: number;
}

function sizesOf(x: View, weight: View, c: Convolution): Sizes {
  const [batch, channels] = x.shape;
  const kernelSize = sizeOf(c.kernel);
  return {
    batch,
    channels,
    rows: (channels / c.groups) * kernelSize,
    outputs: weight.shape[0] / c.groups,
    kernel: kernelSize,
    positions: sizeOf(c.output),
  };
}

/** Calls `work` with the first sample and the number of samples of each portion whose patches fit the limit. */
function inPortions({ batch, channels, kernel: size, positions }: Sizes, work: (from: number, count: number) => void): void {
  const most = Math.max(1, Math.floor(PATCH_LIMIT / Math.max(1, channels * size * positions)));
  for (let from = 0; from < batch; from += most) work(from, Math.min(most, batch - from));
}

/** One view for all portions of the same number of samples: there are at most two such numbers. */
function shared(make: (count: number) => View): (count: number) => View {
  let last: View | undefined;
  let lastCount = -1;
  return (count) => {
    if (last === undefined || count !== lastCount) last = make(count);
    lastCount = count;
    return last;
  };
}

/** Fresh memory for patches; where the window reaches outside of the input it stays 0. */
function blank(like: View, shape: readonly number[], c: Convolution): View {
  const view = allocate(like.storage.device, like.dtype, shape);
  if (reachesOut(c)) fillZero(view);
  return view;
}

/** One element of the window in a view of patches `[samples, channels, kernel, …positions]`, whatever its strides. */
const element = (patches: View, index: number): View =>
  restride(
    patches,
    [...patches.shape.slice(0, 2), ...patches.shape.slice(3)],
    [...patches.strides.slice(0, 2), ...patches.strides.slice(3)],
    patches.offset + index * patches.strides[2],
  );

/** Lays out what the window sees in each position; leaves what lies outside. */
function spread(x: View, patches: View, c: Convolution): void {
  for (const tap of taps(c)) run(x).map(copyKernel, [tap.touched(x)], [], [tap.positions(element(patches, tap.index))]);
}

/** The adjoint of `spread`: adds every patch to where it was seen. */
function gatherUp(patches: View, x: View, c: Convolution): void {
  for (const tap of taps(c)) accumulate(tap.touched(x), tap.positions(element(patches, tap.index)));
}

const isPointwise = (c: Convolution): boolean =>
  c.kernel.every((k, d) => k === 1 && c.stride[d] === 1 && c.padding[d] === 0 && c.input[d] === c.output[d]);

/** The weight `[out, in / groups, …kernel]` as one matrix per group. */
const matrices = (weight: View, c: Convolution, { outputs, rows }: Sizes): View => shaped(dense(weight), 1, c.groups, outputs, rows);

/** The same batch of matrices for each of `count` samples. */
const repeated = (view: View, count: number): View => restride(view, [count, ...view.shape.slice(1)], [0, ...view.strides.slice(1)]);

/**
 * Convolution as matrix products: the patches of a few samples are laid out as the columns of a matrix (Chellapilla, Puri & Simard 2006), which the
 * weight multiplies. x `[N,in,…]`, weight `[out,in/groups,…kernel]`, a dense output `[N,out,…]`.
 */
export function convolve(x: View, weight: View, output: View, c: Convolution): void {
  const sizes = sizesOf(x, weight, c);
  const { rows, outputs, positions } = sizes;
  const w = matrices(weight, c, sizes);
  const direct = isPointwise(c) && isDense(x);
  const patches = shared((count) => blank(x, [count, sizes.channels, sizes.kernel, ...c.output], c));
  inPortions(sizes, (from, count) => {
    const some = samples(x, from, count);
    const columns = direct ? some : patches(count);
    if (!direct) spread(some, columns, c);
    const y = samples(output, from, count);
    run(x).matmul(repeated(w, count), shaped(columns, count, c.groups, rows, positions), shaped(y, count, c.groups, outputs, positions));
  });
}

/** The gradient of a convolution's input, which is the transposed convolution of `g`: adds overlapping patches. Any dense output `[N,in,…]`. */
export function convolveInput(g: View, weight: View, output: View, c: Convolution): void {
  const sizes = sizesOf(output, weight, c);
  const { rows, outputs, positions } = sizes;
  const w = turned(matrices(weight, c, sizes));
  const gradient = dense(g);
  const direct = isPointwise(c);
  if (!direct) fillZero(output);
  const patches = shared((count) => allocate(g.storage.device, g.dtype, [count, sizes.channels, sizes.kernel, ...c.output]));
  inPortions(sizes, (from, count) => {
    const y = samples(output, from, count);
    const columns = direct ? y : patches(count);
    const arrived = shaped(samples(gradient, from, count), count, c.groups, outputs, positions);
    run(g).matmul(repeated(w, count), arrived, shaped(columns, count, c.groups, rows, positions));
    if (!direct) gatherUp(columns, y, c);
  });
}

/** The gradient of a convolution's weight, from its input and the gradient `g` of its output: one product per portion of samples, over all positions. */
export function convolveWeight(x: View, g: View, output: View, c: Convolution): void {
  const sizes = sizesOf(x, output, c);
  const { rows, outputs, positions, channels } = sizes;
  const { device } = x.storage;
  fillZero(output);
  const total = shaped(output, c.groups, outputs, rows);
  const patches = shared((count) => blank(x, [channels, sizes.kernel, count, ...c.output], c));
  const arrivals = shared((count) => allocate(device, g.dtype, [g.shape[1], count, ...c.output]));
  inPortions(sizes, (from, count) => {
    const layout = patches(count);
    const swap = (list: readonly number[]): number[] => [list[2], list[0], list[1], ...list.slice(3)];
    spread(samples(x, from, count), restride(layout, swap(layout.shape), swap(layout.strides)), c);
    const arrived = arrivals(count);
    const front = (list: readonly number[]): number[] => [list[1], list[0], ...list.slice(2)];
    const some = samples(g, from, count);
    run(x).map(copyKernel, [restride(some, front(some.shape), front(some.strides))], [], [arrived]);
    const seen = turned(shaped(layout, c.groups, rows, count * positions));
    run(x).matmul(shaped(arrived, c.groups, outputs, count * positions), seen, total, total);
  });
}

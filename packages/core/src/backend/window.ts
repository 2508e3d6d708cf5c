import { sizeOf } from "../shape.ts";
import { restride, type View } from "./view.ts";

/** A window that moves over the last dimensions of a tensor; one number for each of them. */
export interface Window {
  /** Size of the window. */
  readonly kernel: readonly number[];
  /** How far it moves from one position to the next. */
  readonly stride: readonly number[];
  /** How far it may start before the first element; what lies outside counts as absent. */
  readonly padding: readonly number[];
  /** Distance of its elements. */
  readonly dilation: readonly number[];
  /** Sizes of the dimensions that it moves over. */
  readonly input: readonly number[];
  /** Number of its positions. */
  readonly output: readonly number[];
}

/** One element of the window, in every position in which it lies inside: which elements it touches, and in which positions. */
export interface Tap {
  /** Row-major number of the element in the window. */
  readonly index: number;
  /** The elements touched, of a view that the window moves over. */
  readonly touched: (input: View) => View;
  /** The positions, of a view of one value for each. */
  readonly positions: (output: View) => View;
}

interface Run {
  readonly start: number;
  readonly step: number;
}

/** Part of the last dimensions of a view. */
function part(view: View, runs: readonly Run[], counts: readonly number[]): View {
  const lead = view.shape.length - runs.length;
  const inner = view.strides.slice(lead);
  return restride(
    view,
    [...view.shape.slice(0, lead), ...counts],
    [...view.strides.slice(0, lead), ...inner.map((stride, d) => stride * runs[d].step)],
    inner.reduce((at, stride, d) => at + runs[d].start * stride, view.offset),
  );
}

/** The elements of a window that ever lie inside, in row-major order. */
export function taps({ kernel, stride, padding, dilation, input, output }: Window): Tap[] {
  const found: Tap[] = [];
  for (let index = 0; index < sizeOf(kernel); index++) {
    const touched: Run[] = [];
    const positions: Run[] = [];
    const counts: number[] = [];
    let rest = index;
    for (let d = kernel.length - 1; d >= 0; d--) {
      const shift = (rest % kernel[d]) * dilation[d] - padding[d];
      rest = Math.floor(rest / kernel[d]);
      const first = Math.max(0, Math.ceil(-shift / stride[d]));
      const last = Math.min(output[d] - 1, Math.floor((input[d] - 1 - shift) / stride[d]));
      touched.unshift({ start: first * stride[d] + shift, step: stride[d] });
      positions.unshift({ start: first, step: 1 });
      counts.unshift(Math.max(0, last - first + 1));
    }
    if (counts.every((n) => n > 0))
      found.push({ index, touched: (view) => part(view, touched, counts), positions: (view) => part(view, positions, counts) });
  }
  return found;
}

/** Whether some position of the window reaches outside of the input. */
export const reachesOut = ({ kernel, stride, padding, dilation, input, output }: Window): boolean =>
  kernel.some((k, d) => padding[d] > 0 || (output[d] - 1) * stride[d] - padding[d] + (k - 1) * dilation[d] >= input[d]);

/** An option that is one number for all dimensions or one for each: as a list, checked to be integers of at least `least`. */
export function perDimension(op: string, option: string, value: number | readonly number[], n: number, least: number): number[] {
  const list =
    typeof value === "number"
      ? new Array<number>(n).fill(value)
      : Array.isArray(value) && value.length === 1
        ? new Array<number>(n).fill(value[0])
        : value;
  if (!Array.isArray(list) || list.length !== n || list.some((v) => !Number.isInteger(v) || v < least))
    throw new RangeError(`${op}: ${option} is an integer of at least ${least}${n > 1 ? `, or ${n} of them` : ""}, got ${JSON.stringify(value)}`);
  return list as number[];
}

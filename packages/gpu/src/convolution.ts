import { type Convolution, restride, sizeOf, type View } from "@gradtape/core";
import { correlate } from "./correlation.ts";
import type { Engine } from "./engine.ts";
import type { GpuStorage } from "./storage.ts";
import { weightGradient } from "./weightgradient.ts";

/** A dimension of channels as one of groups and one of the channels in each. */
function grouped(view: View, dim: number, groups: number): { readonly shape: number[]; readonly strides: number[] } {
  const size = view.shape[dim] / groups;
  const split = (list: readonly number[], ...two: number[]): number[] => [...list.slice(0, dim), ...two, ...list.slice(dim + 1)];
  return { shape: split(view.shape, groups, size), strides: split(view.strides, view.strides[dim] * size, view.strides[dim]) };
}

/** `[N,channels,…]` as `[N,…,groups,channels / groups]`. */
export function channelsLast(view: View, groups: number): View {
  const { shape, strides } = grouped(view, 1, groups);
  const order = (list: readonly number[]): number[] => [list[0], ...list.slice(3), list[1], list[2]];
  return restride(view, order(shape), order(strides));
}

/** A weight `[outputs,inputs / groups,…kernel]` as `[groups,…kernel,inputs / groups,outputs / groups]`. */
function taps(weight: View, groups: number): View {
  const { shape, strides } = grouped(weight, 0, groups);
  const order = (list: readonly number[]): number[] => [list[0], ...list.slice(3), list[2], list[1]];
  return restride(weight, order(shape), order(strides));
}

/** The same with every kernel turned around, and with inputs and outputs exchanged. */
function turnedTaps(weight: View, groups: number): View {
  const { shape, strides, offset } = taps(weight, groups);
  const d = shape.length;
  const swap = (list: readonly number[]): number[] => [...list.slice(0, -2), list[d - 1], list[d - 2]];
  const isKernel = (k: number): boolean => k > 0 && k < d - 2;
  const end = strides.reduce((at, stride, k) => at + (isKernel(k) ? stride * (shape[k] - 1) : 0), offset);
  return restride(
    weight,
    swap(shape),
    swap(strides).map((stride, k) => (isKernel(k) ? -stride : stride)),
    end,
  );
}

/** A product of matrices does it as well, without copies. */
const isProduct = (c: Convolution): boolean =>
  c.kernel.every((k, d) => k === 1 && c.stride[d] === 1 && c.padding[d] === 0) && sizeOf(c.input) % 4 === 0;

/** Convolution into a dense storage; returns whether it is done here. */
export function convolve(engine: Engine, x: View, weight: View, c: Convolution, output: GpuStorage): boolean {
  if (isProduct(c)) return false;
  const { groups, stride, dilation, padding } = c;
  correlate(engine, { x: channelsLast(x, groups), before: padding, weight: taps(weight, groups), stride, dilation, positions: c.output }, output);
  return true;
}

/** The gradient of a convolution's input: the turned kernels over the gradient of the output, spread by the stride. */
export function convolveInput(engine: Engine, g: View, weight: View, c: Convolution, output: GpuStorage): boolean {
  if (isProduct(c)) return false;
  const { groups, dilation } = c;
  const before = c.padding.map((padding, d) => dilation[d] * (c.kernel[d] - 1) - padding);
  const stride = c.stride.map(() => 1);
  const turned = turnedTaps(weight, groups);
  correlate(engine, { x: channelsLast(g, groups), before, spacing: c.stride, weight: turned, stride, dilation, positions: c.input }, output);
  return true;
}

/** The gradient of a convolution's weight. */
export function convolveWeight(engine: Engine, x: View, g: View, c: Convolution, output: GpuStorage): boolean {
  if (x.shape[0] === 0) return false;
  weightGradient(engine, channelsLast(x, c.groups), channelsLast(g, c.groups), c, output);
  return true;
}

import type { TypedArray } from "../../dtype.ts";
import type { Scan } from "../backend.ts";
import { hostData, restride, type View } from "../view.ts";
import { forEachRow, innerSteps, layoutOf } from "./layout.ts";

/** Calls `line` for every line of the views along `axis`, with the position where it starts in each; all views have the shape of the first. */
function forEachLine(views: readonly View[], axis: number, line: (starts: readonly number[]) => void): void {
  const without = (list: readonly number[]): number[] => list.filter((_, d) => d !== axis);
  const shape = without(views[0].shape);
  const layout = layoutOf(
    shape,
    views.map((view) => restride(view, shape, without(view.strides))),
  );
  const steps = innerSteps(layout);
  forEachRow(layout, (starts, length) => {
    for (let i = 0; i < length; i++) line(steps.map((step, k) => starts[k] + i * step));
  });
}

/** Walks every line of the inputs; sums are kept in float64 whatever the dtype. */
export function scanLines(scan: Scan, inputs: readonly View[], axis: number, output: View): void {
  const n = output.shape[axis];
  if (n === 0) return;
  const out = hostData(output);
  const outStep = output.strides[axis];
  const sources = inputs.map(hostData);
  const steps = inputs.map((input) => input.strides[axis]);
  const walk = scan === "affine" ? affine : scan === "argmax" ? latest((x, best) => x >= best) : latest((x, best) => x <= best);
  forEachLine([output, ...inputs], axis, ([at, ...starts]) => walk(n, sources, starts, steps, out, at, outStep));
}

type Walk = (
  n: number,
  sources: readonly TypedArray[],
  starts: readonly number[],
  steps: readonly number[],
  out: TypedArray,
  at: number,
  outStep: number,
) => void;

const affine: Walk = (n, [a, b], [aStart, bStart], [aStep, bStep], out, at, outStep) => {
  let y = b[bStart];
  out[at] = y;
  for (let k = 1; k < n; k++) {
    y = a[aStart + k * aStep] * y + b[bStart + k * bStep];
    out[at + k * outStep] = y;
  }
};

const latest =
  (replaces: (x: number, best: number) => boolean): Walk =>
  (n, [x], [start], [step], out, at, outStep) => {
    let best = x[start];
    let index = 0;
    for (let k = 0; k < n; k++) {
      const value = x[start + k * step];
      if (Number.isNaN(value) || replaces(value, best)) [best, index] = [value, k];
      out[at + k * outStep] = index;
    }
  };

/** Indices that sort every line; equal elements keep their order, NaN counts as the largest. */
export function sortLines(input: View, axis: number, descending: boolean, output: View): void {
  const n = output.shape[axis];
  const source = hostData(input);
  const out = hostData(output);
  const values = new Float64Array(n);
  const order = new Int32Array(n);
  const rising = (i: number, j: number): number => compare(values[i], values[j]);
  const falling = (i: number, j: number): number => compare(values[j], values[i]);
  forEachLine([output, input], axis, ([to, from]) => {
    for (let k = 0; k < n; k++) {
      values[k] = source[from + k * input.strides[axis]];
      order[k] = k;
    }
    order.sort(descending ? falling : rising);
    for (let k = 0; k < n; k++) out[to + k * output.strides[axis]] = order[k];
  });
}

function compare(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

import { kernel } from "../backend/kernel.ts";
import { type AdaptivePoolOptions, binsOf, elementsAt, type PoolOptions, poolWindow } from "../backend/pool.ts";
import { allocate, type View } from "../backend/view.ts";
import { taps, type Window } from "../backend/window.ts";
import { type Shape, sameShape, sizeOf } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import { checkOptions } from "../tape/options.ts";
import { indexTensor } from "../tensor/indices.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { ValuesAndIndices } from "./reduction.ts";

/** Options of `maxPool1d`, `maxPool2d` and `maxPool3d`. */
export interface MaxPoolOptions extends PoolOptions {
  /** Distance of the window's elements. Default 1. */
  readonly dilation?: number | readonly number[];
  /** Whether the result is `{ values, indices }`. Default false. */
  readonly returnIndices?: boolean;
}

const lead = (shape: Shape, n: number): Shape => shape.slice(0, shape.length - n);

/** Candidates that are compared in one pass. */
const TOGETHER = 4;

/** What was best so far against so many candidates, one after the other. */
const contests = Array.from({ length: TOGETHER }, (_, last) => {
  const line = (k: number): string => {
    const [best, at] = k === 0 ? ["best", "at"] : [`best${k}`, `at${k}`];
    const unseen = k === 0 ? "at < 0 || " : "";
    const [newBest, newAt] = k === last ? ["best", "at"] : [`best${k + 1}`, `at${k + 1}`];
    return `wins${k} = ${unseen}x${k} > ${best} || isnan(x${k})
            ${newAt} = wins${k} ? i${k} : ${at}
            ${newBest} = wins${k} ? x${k} : ${best}`;
  };
  return kernel(Array.from({ length: last + 1 }, (_, k) => line(k)).join("\n"), [], ["best", "at"]);
});

/** Numbers of the elements of a plane, as a view that broadcasts over everything before it. */
const numbering = (x: Tensor, plane: Shape): Tensor =>
  indexTensor(
    Array.from({ length: sizeOf(plane) }, (_, i) => i),
    plane,
    x.device,
  );

/** One comparison of all windows with one of their elements: what is there, its number in the plane, and the places of the windows. */
interface Candidate {
  readonly x: View;
  readonly number: View;
  readonly place: (view: View) => View;
}

/** For each window the number of its first maximum in the plane; of several NaN the last, as in PyTorch. */
function searchMaxima(x: Tensor, shape: Shape, candidates: Iterable<Candidate>): Tensor {
  const best = x.newZeros(shape);
  const at = new Tensor(allocate(x.device, "int32", shape));
  const { backend } = x.device;
  backend.map(unseen, [], [], [at]);
  for (const group of together(candidates, at)) {
    const contest = contests[group.length - 1];
    const { place } = group[0];
    const operands: Record<string, View> = { best: place(best), at: place(at) };
    group.forEach(({ x: seen, number }, k) => {
      operands[`x${k}`] = seen;
      operands[`i${k}`] = { ...number, shape: seen.shape, strides: [...lead(seen.shape, number.shape.length).map(() => 0), ...number.strides] };
    });
    backend.map(
      contest,
      contest.inputs.map((name) => operands[name]),
      [],
      contest.outputs.map(({ name }) => operands[name]),
    );
  }
  return at;
}

/** Candidates in their order, grouped where they stand for all windows. */
function* together(candidates: Iterable<Candidate>, all: View): Iterable<readonly Candidate[]> {
  let group: Candidate[] = [];
  for (const candidate of candidates) {
    const whole = sameShape(candidate.place(all).shape, all.shape);
    if (group.length === TOGETHER || (!whole && group.length > 0)) {
      yield group;
      group = [];
    }
    if (whole) group.push(candidate);
    else yield [candidate];
  }
  if (group.length > 0) yield group;
}

const unseen = kernel("at = -1");

/** Where a window does not tell it, any element of a plane may have any number. */
type Attrs = Window | Record<string, never>;

/** The adjoint of picking: adds what each window got to the element that it picked. */
function scatter(g: Tensor, indices: Tensor, shape: Shape, n: number, attrs: Attrs): Tensor {
  const { backend } = g.device;
  if ("kernel" in attrs && backend.unpool !== undefined) {
    const output = allocate(g.device, g.dtype, shape);
    if (backend.unpool("argmax", g, indices, output, attrs as Window)) return new Tensor(output);
  }
  const before = lead(shape, n);
  const blank = g.newZeros([...before, sizeOf(shape.slice(before.length))]);
  return blank.scatterAdd(before.length, flat(indices, n), flat(g, n)).reshape(shape);
}

/** An op that takes the element with a given number of each plane, and its adjoint. */
function maxOp(name: string, n: number): Op<Attrs> {
  const adjoint: Op<{ readonly shape: Shape; readonly attrs: Attrs }> = operation({
    name: `${name}Backward`,
    saves: { inputs: [1], output: false },
    forward: ([g, indices], { shape, attrs }) => scatter(g as Tensor, indices as Tensor, shape, n, attrs),
    vjp: [(h, { inputs: [, indices], attrs }) => apply(op, [h, indices as Tensor], attrs.attrs), null],
  });
  const op: Op<Attrs> = operation({
    name,
    saves: { inputs: [1], output: false },
    forward: ([x, indices]) => {
      const [input, at] = [x, indices] as Tensor[];
      const picked = new Tensor(allocate(input.device, input.dtype, at.shape));
      input.device.backend.gather(flat(input, n), input.ndim - n, flat(at, n), flat(picked, n));
      return picked;
    },
    vjp: [(g, { inputs: [, indices], shapes: [shape], attrs }) => apply(adjoint, [g, indices as Tensor], { shape, attrs }), null],
  });
  return op;
}

const flat = (x: Tensor, n: number): Tensor => x.reshape([...lead(x.shape, n), sizeOf(x.shape.slice(x.ndim - n))]);

const maxOps = [1, 2, 3].map((n) => maxOp(`maxPool${n}d`, n));
const adaptiveMaxOps = [1, 2, 3].map((n) => maxOp(`adaptiveMaxPool${n}d`, n));

/** The number in its plane of each window's maximum. */
function maxima(n: number, x: Tensor, window: Window): Tensor {
  const shape = [...lead(x.shape, n), ...window.output];
  const { backend } = x.device;
  if (backend.pool !== undefined) {
    const numbers = allocate(x.device, "int32", shape);
    if (backend.pool("argmax", x, numbers, window)) return new Tensor(numbers);
  }
  const plane = numbering(x, window.input);
  const candidates = taps(window).map(({ touched, positions }) => ({ x: touched(x), number: touched(plane), place: positions }));
  return searchMaxima(x, shape, candidates);
}

function maxPool(n: number, x: Tensor, options: MaxPoolOptions): Tensor | ValuesAndIndices {
  const op = maxOps[n - 1];
  checkOptions(op.name, options, ["kernelSize", "stride", "padding", "dilation", "ceilMode", "returnIndices"]);
  const window = poolWindow(op.name, n, x, options);
  const indices = maxima(n, x, window);
  const values = apply(op, [x, indices], window);
  return options.returnIndices === true ? { values, indices } : values;
}

/** Largest element of each window over the last dimension: `[…,L]` → `[…,L']`. Of a tie the first gets the gradient; a NaN wins. */
export function maxPool1d(x: Tensor, options: MaxPoolOptions & { readonly returnIndices: true }): ValuesAndIndices;
export function maxPool1d(x: Tensor, options: MaxPoolOptions & { readonly returnIndices?: false }): Tensor;
export function maxPool1d(x: Tensor, options: MaxPoolOptions): Tensor | ValuesAndIndices {
  return maxPool(1, x, options);
}

/** Largest element of each window over the last two dimensions: `[…,H,W]` → `[…,H',W']`. Of a tie the first gets the gradient; a NaN wins. */
export function maxPool2d(x: Tensor, options: MaxPoolOptions & { readonly returnIndices: true }): ValuesAndIndices;
export function maxPool2d(x: Tensor, options: MaxPoolOptions & { readonly returnIndices?: false }): Tensor;
export function maxPool2d(x: Tensor, options: MaxPoolOptions): Tensor | ValuesAndIndices {
  return maxPool(2, x, options);
}

/** Largest element of each window over the last three dimensions. Of a tie the first gets the gradient; a NaN wins. */
export function maxPool3d(x: Tensor, options: MaxPoolOptions & { readonly returnIndices: true }): ValuesAndIndices;
export function maxPool3d(x: Tensor, options: MaxPoolOptions & { readonly returnIndices?: false }): Tensor;
export function maxPool3d(x: Tensor, options: MaxPoolOptions): Tensor | ValuesAndIndices {
  return maxPool(3, x, options);
}

function adaptiveMaxPool(n: number, x: Tensor, options: AdaptivePoolOptions & { readonly returnIndices?: boolean }): Tensor | ValuesAndIndices {
  const op = adaptiveMaxOps[n - 1];
  checkOptions(op.name, options, ["outputSize", "returnIndices"]);
  const bins = binsOf(op.name, n, x, options);
  const values = x.detach();
  const plane = numbering(x, x.shape.slice(x.ndim - n));
  function* candidates(d: number, seen: Tensor, number: Tensor): Generator<Candidate> {
    if (d === n) yield { x: seen, number, place: (view) => view };
    else
      for (let k = 0; k < bins[d].most; k++) {
        const at = elementsAt(bins[d], k);
        yield* candidates(d + 1, seen.indexSelect(x.ndim - n + d, at), number.indexSelect(d, at));
      }
  }
  const indices = searchMaxima(x, [...lead(x.shape, n), ...bins.map(({ starts }) => starts.length)], candidates(0, values, plane));
  const picked = apply(op, [x, indices], {});
  return options.returnIndices === true ? { values: picked, indices } : picked;
}

/** Largest element of each of `outputSize` bins that cover the last dimension. Of a tie the first gets the gradient; a NaN wins. */
export function adaptiveMaxPool1d(x: Tensor, options: AdaptivePoolOptions & { readonly returnIndices: true }): ValuesAndIndices;
export function adaptiveMaxPool1d(x: Tensor, options: AdaptivePoolOptions & { readonly returnIndices?: false }): Tensor;
export function adaptiveMaxPool1d(x: Tensor, options: AdaptivePoolOptions & { readonly returnIndices?: boolean }): Tensor | ValuesAndIndices {
  return adaptiveMaxPool(1, x, options);
}

/** Largest element of each of `outputSize` bins that cover the last two dimensions. Of a tie the first gets the gradient; a NaN wins. */
export function adaptiveMaxPool2d(x: Tensor, options: AdaptivePoolOptions & { readonly returnIndices: true }): ValuesAndIndices;
export function adaptiveMaxPool2d(x: Tensor, options: AdaptivePoolOptions & { readonly returnIndices?: false }): Tensor;
export function adaptiveMaxPool2d(x: Tensor, options: AdaptivePoolOptions & { readonly returnIndices?: boolean }): Tensor | ValuesAndIndices {
  return adaptiveMaxPool(2, x, options);
}

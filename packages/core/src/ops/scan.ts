import { copyKernel } from "../backend/kernel.ts";
import { allocate, broadcastView, restride, type View } from "../backend/view.ts";
import type { DType } from "../dtype.ts";
import { broadcastShapes, contiguousStrides, type Dims, normalizeDim, normalizeDims, reducedShape, type Shape, sizeOf } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { filled } from "./conversion.ts";

interface Along {
  readonly dim: number;
}

const nothing = { inputs: [], output: false } as const;
const numeric = (dtype: DType): DType => (dtype === "bool" ? "int32" : dtype);

/** A tensor of no dimensions counts as a line of one element. */
function lines(op: string, x: Tensor, dim: number, scan: (x: Tensor, dim: number) => Tensor): Tensor {
  const at = normalizeDim(op, dim, x.shape);
  return x.ndim === 0 ? scan(x.reshape([1]), 0).reshape([]) : scan(x, at);
}

/** One place on along a dimension: the last index goes, the first becomes `fill`. */
const shiftOp: Op<Along & { readonly fill: number }> = operation({
  name: "shift",
  saves: nothing,
  forward: ([x], { dim, fill }) => {
    const input = x as Tensor;
    const output = filled(input.device, input.dtype, input.shape, fill);
    const shape = input.shape.map((n, d) => (d === dim ? Math.max(0, n - 1) : n));
    input.device.backend.map(
      copyKernel,
      [restride(input, shape, input.strides)],
      [],
      [restride(output, shape, output.strides, output.offset + output.strides[dim])],
    );
    return output;
  },
  vjp: [(g, { attrs: { dim } }) => shifted(g.flip(dim), dim, 0).flip(dim)],
});

const shifted = (x: Tensor, dim: number, fill: number): Tensor => apply(shiftOp, [x], { dim, fill });

const recurrenceOp: Op<Along> = operation({
  name: "linearRecurrence",
  forward: ([a, b], { dim }) => {
    const [factor, term] = [a as Tensor, b as Tensor];
    return scanned(factor, term, broadcastShapes("linearRecurrence", factor.shape, term.shape), dim, factor.add(term).dtype);
  },
  vjp: [
    (g, { inputs, output, attrs: { dim } }) => adjoint(inputs[0] as Tensor, g, dim).mul(shifted(output as Tensor, dim, 0)),
    (g, { inputs, attrs: { dim } }) => adjoint(inputs[0] as Tensor, g, dim),
  ],
});

function scanned(a: View, b: View, shape: Shape, dim: number, dtype: DType): View {
  const { device } = a.storage;
  const output = allocate(device, dtype, shape);
  device.backend.scan("affine", [broadcastView(a, shape), broadcastView(b, shape)], dim, output);
  return output;
}

/** What arrives at each term of a recurrence: `rₖ = gₖ + aₖ₊₁ rₖ₊₁`, a recurrence again, which runs backwards. */
function adjoint(a: Tensor, g: Tensor, dim: number): Tensor {
  const factors = a.expand(g.shape).flip(dim);
  return apply(recurrenceOp, [shifted(factors, dim, 0), g.flip(dim)], { dim }).flip(dim);
}

/**
 * The recurrence `y₀ = b₀`, `yₖ = aₖ yₖ₋₁ + bₖ` along a dimension: running averages, discounted sums, state-space models. `a` and `b` broadcast; `a₀` is not read.
 * Its gradient is a recurrence too, so that it exists to every order.
 */
export function linearRecurrence(a: Tensor, b: Tensor, dim: number): Tensor {
  const shape = broadcastShapes("linearRecurrence", a.shape, b.shape);
  const at = normalizeDim("linearRecurrence", dim, shape);
  if (shape.length === 0) return b;
  return apply(recurrenceOp, [a.expand(shape), b.expand(shape)], { dim: at });
}

const cumsumOp: Op<Along> = operation({
  name: "cumsum",
  saves: nothing,
  forward: ([x], { dim }) => {
    const input = x as Tensor;
    return scanned(filled(input.device, input.dtype, [], 1), input, input.shape, dim, numeric(input.dtype));
  },
  vjp: [(g, { attrs: { dim } }) => g.flip(dim).cumsum(dim).flip(dim)],
});

/** Running sums along a dimension; bool gives int32. */
export const cumsum = (x: Tensor, dim: number): Tensor => lines("cumsum", x, dim, (line, at) => apply(cumsumOp, [line], { dim: at }));

const cumprodOp: Op<Along> = operation({
  name: "cumprod",
  forward: ([x], { dim }) => {
    const input = x as Tensor;
    const first = input.narrow(dim, 0, Math.min(1, input.shape[dim]));
    const start = filled(input.device, input.dtype, input.shape, 0);
    input.device.backend.map(copyKernel, [first], [], [restride(start, first.shape, start.strides)]);
    return scanned(input, start, input.shape, dim, numeric(input.dtype));
  },
  vjp: [(g, { inputs, output, attrs: { dim } }) => adjoint(inputs[0] as Tensor, g, dim).mul(shifted(output as Tensor, dim, 1))],
});

/** Running products along a dimension; the gradient divides by nothing and is right where elements are 0. */
export const cumprod = (x: Tensor, dim: number): Tensor => lines("cumprod", x, dim, (line, at) => apply(cumprodOp, [line], { dim: at }));

interface Folded {
  readonly dims: readonly number[];
  readonly keepDim: boolean;
}

const prodOp: Op<Folded> = operation({
  name: "prod",
  forward: ([x], { dims, keepDim }) => {
    const input = x as Tensor;
    const kept = allocate(input.device, numeric(input.dtype), reducedShape(input.shape, dims, true));
    input.device.backend.reduce("prod", input, dims, kept);
    const shape = reducedShape(input.shape, dims, keepDim);
    return restride(kept, shape, contiguousStrides(shape));
  },
  vjp: [
    (g, { inputs, output, shapes: [shape], attrs: { dims } }) => {
      const [x, y] = [inputs[0] as Tensor, output as Tensor];
      const kept = reducedShape(shape, dims, true);
      if (y.storage.data !== undefined && y.data().every((value: number) => value !== 0)) return g.mul(y).reshape(kept).div(x);
      return g.reshape(kept).mul(others(x, dims));
    },
  ],
});

/** For each element the product of all others, from the products before and after it: no division, hence right at zeros. */
function others(x: Tensor, dims: readonly number[]): Tensor {
  const order = [...x.shape.map((_, d) => d).filter((d) => !dims.includes(d)), ...dims];
  const moved = x.permute(order);
  const rows = moved.reshape([...moved.shape.slice(0, x.ndim - dims.length), sizeOf(dims.map((d) => x.shape[d]))]);
  const dim = rows.ndim - 1;
  const before = shifted(rows.cumprod(dim), dim, 1);
  const after = shifted(rows.flip(dim).cumprod(dim), dim, 1).flip(dim);
  return before
    .mul(after)
    .reshape(moved.shape)
    .permute(order.map((_, d) => order.indexOf(d)));
}

/** Product over the dimensions, all by default, 1 over no elements; the gradient is right where elements are 0. Bool gives int32. */
export const prod = (x: Tensor, dims?: Dims, options?: { readonly keepDim?: boolean }): Tensor =>
  apply(prodOp, [x], { dims: normalizeDims("prod", dims, x.shape), keepDim: options?.keepDim ?? false });

function extremum(scan: "argmax" | "argmin", name: string): Op<Along> {
  return operation({
    name,
    forward: ([x], { dim }) => {
      const input = x as Tensor;
      const output = allocate(input.device, "int32", input.shape);
      input.device.backend.scan(scan, [input], dim, output);
      return output;
    },
  });
}

const cummaxOp = extremum("argmax", "cummax");
const cumminOp = extremum("argmin", "cummin");

function running(op: Op<Along>, x: Tensor, dim: number): { readonly values: Tensor; readonly indices: Tensor } {
  const indices = lines(op.name, x, dim, (line, at) => apply(op, [line], { dim: at }));
  const values = x.ndim === 0 ? x : x.gather(dim, indices);
  return { values, indices };
}

/** Running maxima along a dimension and where they stand; of a tie the latest, NaN stays once it came. The gradient goes to the element that stands. */
export const cummax = (x: Tensor, dim: number): { readonly values: Tensor; readonly indices: Tensor } => running(cummaxOp, x, dim);

/** Running minima along a dimension and where they stand; of a tie the latest, NaN stays once it came. The gradient goes to the element that stands. */
export const cummin = (x: Tensor, dim: number): { readonly values: Tensor; readonly indices: Tensor } => running(cumminOp, x, dim);

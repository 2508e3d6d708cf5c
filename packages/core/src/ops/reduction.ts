import type { Reduction } from "../backend/backend.ts";
import { kernel } from "../backend/kernel.ts";
import { allocate, restride, type View } from "../backend/view.ts";
import { type DType, isFloat } from "../dtype.ts";
import { contiguousStrides, type Dims, normalizeDim, normalizeDims, reducedShape, type Shape, sameShape, showShape, sizeOf } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import { checkOptions } from "../tape/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { elementwiseOp, unary } from "./elementwise.ts";

/** Whether reduced dimensions stay with size 1. */
export interface KeepDim {
  readonly keepDim?: boolean;
}

interface ReduceAttrs {
  readonly dims: readonly number[];
  readonly keepDim: boolean;
}

function reduce(reduction: Reduction, x: Tensor, { dims, keepDim }: ReduceAttrs, dtype: DType): View {
  const kept = allocate(x.device, dtype, reducedShape(x.shape, dims, true));
  x.device.backend.reduce(reduction, x, dims, kept);
  const shape = reducedShape(x.shape, dims, keepDim);
  return restride(kept, shape, contiguousStrides(shape));
}

/** The gradient of a reduction, or its result, with the reduced dimensions back as 1. */
const restored = (g: Tensor, shape: Shape, { dims }: ReduceAttrs): Tensor => g.reshape(reducedShape(shape, dims, true));

/** The gradient of a sum: the same for every element. A single number broadcasts by itself. */
const spread = (g: Tensor, shape: Shape, attrs: ReduceAttrs): Tensor =>
  (attrs.dims.length === shape.length ? g : restored(g, shape, attrs)).expand(shape);

const wide = (dtype: DType): DType => (dtype === "bool" ? "int32" : dtype);

const sumOp: Op<ReduceAttrs> = operation({
  name: "sum",
  primitive: true,
  saves: { inputs: [], output: false },
  forward: ([x], attrs) => reduce("sum", x as Tensor, attrs, wide((x as Tensor).dtype)),
  vjp: [(g, { shapes, attrs }) => spread(g, shapes[0], attrs)],
});

const attrsOf = (op: string, x: Tensor, dims: Dims | undefined, options: KeepDim | undefined): ReduceAttrs => ({
  dims: normalizeDims(op, dims, x.shape),
  keepDim: options?.keepDim ?? false,
});

/** Sum over the dimensions, all by default; accumulated in float64. */
export const sum = (x: Tensor, dims?: Dims, options?: KeepDim): Tensor => apply(sumOp, [x], attrsOf("sum", x, dims, options));

const share = kernel("y = total / count", ["count"]);

const meanOp: Op<ReduceAttrs> = operation({
  name: "mean",
  primitive: true,
  saves: { inputs: [], output: false },
  forward: ([x], attrs) => {
    const input = x as Tensor;
    const total = reduce("sum", input, attrs, input.dtype);
    input.device.backend.map(share, [total], [count(input.shape, attrs)], [total]);
    return total;
  },
  vjp: [(g, { shapes, attrs }) => spread(g.div(count(shapes[0], attrs)), shapes[0], attrs)],
});

const count = (shape: Shape, { dims }: ReduceAttrs): number => sizeOf(dims.map((d) => shape[d]));

/** Arithmetic mean over the dimensions, all by default; NaN over no elements. */
export const mean = (x: Tensor, dims?: Dims, options?: KeepDim): Tensor =>
  apply(meanOp, [isFloat(x.dtype) ? x : x.to("float32")], attrsOf("mean", x, dims, options));

/** How `variance` and `std` count. */
export interface SpreadOptions extends KeepDim {
  /** What is taken off the number of elements in the divisor: 1 (Bessel's correction) by default, 0 for that of the whole population. */
  readonly correction?: number;
}

interface SpreadAttrs extends ReduceAttrs {
  readonly correction: number;
}

const listed = (dims: readonly number[]): Dims | undefined => (dims.length > 0 ? dims : undefined);
const freedom = (shape: Shape, attrs: SpreadAttrs): number => Math.max(0, count(shape, attrs) - attrs.correction);

const varianceOp: Op<SpreadAttrs> = operation({
  name: "variance",
  saves: { inputs: [0], output: false },
  forward: ([x], attrs) => {
    const input = (x as Tensor).to(isFloat((x as Tensor).dtype) ? (x as Tensor).dtype : "float32");
    const deviation = input.sub(input.mean(listed(attrs.dims), { keepDim: true }));
    return deviation.square().sum(listed(attrs.dims), attrs).div(freedom(input.shape, attrs));
  },
  vjp: [
    (g, { inputs, shapes, attrs }) => {
      const x = inputs[0] as Tensor;
      const deviation = x.sub(x.mean(listed(attrs.dims), { keepDim: true }));
      return restored(g, shapes[0], attrs)
        .mul(2 / freedom(shapes[0], attrs))
        .mul(deviation);
    },
  ],
});

/** Mean squared deviation from the mean over the dimensions, all by default. NaN where the correction leaves nothing to divide by. */
export function variance(x: Tensor, dims?: Dims, options: SpreadOptions = {}): Tensor {
  checkOptions("variance", options, ["correction", "keepDim"]);
  return apply(varianceOp, [x], { ...attrsOf("variance", x, dims, options), correction: options.correction ?? 1 });
}

const rootOp = elementwiseOp("std", "sqrt(x)", { derivatives: { x: "y == 0 ? 0 : 0.5 / y" } });

/** Standard deviation, the square root of `variance`; its gradient is 0 where it is 0. */
export const std = (x: Tensor, dims?: Dims, options?: SpreadOptions): Tensor => apply(rootOp, [x.variance(dims, options)], null);

const nonzero = unary("nonzero", "x != 0", { result: "bool" });

/** How many elements over the dimensions, all by default, are not 0; int32. NaN is not 0. */
export const countNonzero = (x: Tensor, dims?: Dims): Tensor => nonzero(x).sum(dims);

/** Whether an element over the dimensions, all by default, is true (not 0), as bool; false over no elements. */
export const any = (x: Tensor, dims?: Dims, options?: KeepDim): Tensor => nonzero(x).sum(dims, options).gt(0);

/** Whether all elements over the dimensions, all by default, are true (not 0), as bool; true over no elements. */
export const all = (x: Tensor, dims?: Dims, options?: KeepDim): Tensor => x.logicalNot().sum(dims, options).eq(0);

/** The tensor summed over the dimensions along which `shape` was broadcast. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.ndim - shape.length;
  const dims = x.shape.flatMap((n, d) => (d < lead || (shape[d - lead] === 1 && n !== 1) ? [d] : []));
  return (dims.length === 0 ? x : x.sum(dims, { keepDim: true })).reshape(shape);
}

/** An extremum shares its gradient evenly among the elements that attain it. */
function extremum(name: "amax" | "amin", reduction: "max" | "min"): Op<ReduceAttrs> {
  return operation({
    name,
    primitive: true,
    forward: ([x], attrs) => {
      const input = x as Tensor;
      if (count(input.shape, attrs) === 0) throw new RangeError(`${name}: there is no extremum of no elements, shape ${showShape(input.shape)}`);
      return reduce(reduction, input, attrs, input.dtype);
    },
    vjp: [
      (g, { inputs, output, shapes, attrs }) => {
        const [x] = inputs as Tensor[];
        const best = restored(output as Tensor, shapes[0], attrs);
        const attained = x.eq(best).logicalOr(x.isNaN().logicalAnd(best.isNaN())).to(g.dtype);
        const share = attained.div(attained.sum(attrs.dims.length > 0 ? attrs.dims : undefined, { keepDim: true }));
        return restored(g, shapes[0], attrs).mul(share);
      },
    ],
  });
}

const amaxOp = extremum("amax", "max");
const aminOp = extremum("amin", "min");

/** Maximum over the dimensions, all by default; ties share the gradient evenly, NaN wins. An error over no elements. */
export const amax = (x: Tensor, dims?: Dims, options?: KeepDim): Tensor => apply(amaxOp, [x], attrsOf("amax", x, dims, options));

/** Minimum over the dimensions, all by default; ties share the gradient evenly, NaN wins. An error over no elements. */
export const amin = (x: Tensor, dims?: Dims, options?: KeepDim): Tensor => apply(aminOp, [x], attrsOf("amin", x, dims, options));

function search(op: "argmax" | "argmin", x: Tensor, dim: number | undefined, options: KeepDim | undefined): Tensor {
  const flat = dim === undefined || x.ndim === 0 ? x.reshape([-1]) : x;
  const at = dim === undefined ? 0 : normalizeDim(op, dim, x.shape);
  if (flat.shape[at] === 0) throw new RangeError(`${op}: there is no extremum of no elements, shape ${showShape(x.shape)}`);
  const found = apply(op === "argmax" ? argmaxOp : argminOp, [flat], { dims: [at], keepDim: dim !== undefined && (options?.keepDim ?? false) });
  return x.ndim === 0 ? found.reshape([]) : found;
}

const argmaxOp: Op<ReduceAttrs> = operation({
  name: "argmax",
  primitive: true,
  forward: ([x], attrs) => reduce("argmax", x as Tensor, attrs, "int32"),
});
const argminOp: Op<ReduceAttrs> = operation({
  name: "argmin",
  primitive: true,
  forward: ([x], attrs) => reduce("argmin", x as Tensor, attrs, "int32"),
});

/** Index of the first maximum along a dimension, or of the flattened tensor; int32. NaN counts as the maximum. */
export const argmax = (x: Tensor, dim?: number, options?: KeepDim): Tensor => search("argmax", x, dim, options);

/** Index of the first minimum along a dimension, or of the flattened tensor; int32. NaN counts as the minimum. */
export const argmin = (x: Tensor, dim?: number, options?: KeepDim): Tensor => search("argmin", x, dim, options);

/** Extreme values along a dimension and the indices where they stand. */
export interface ValuesAndIndices {
  readonly values: Tensor;
  readonly indices: Tensor;
}

function along(x: Tensor, dim: number, options: KeepDim | undefined, indices: Tensor): ValuesAndIndices {
  const values = (x.ndim === 0 ? x.reshape([1]) : x).gather(dim, indices);
  const squeezed = (t: Tensor): Tensor => (x.ndim === 0 ? t.reshape([]) : options?.keepDim === true ? t : t.squeeze(dim));
  return { values: squeezed(values), indices: squeezed(indices) };
}

/** The maximum of all elements (ties share the gradient), or with a dimension `{ values, indices }` along it (the first of a tie gets the gradient). */
export function max(x: Tensor): Tensor;
export function max(x: Tensor, dim: number, options?: KeepDim): ValuesAndIndices;
export function max(x: Tensor, dim?: number, options?: KeepDim): Tensor | ValuesAndIndices {
  return dim === undefined ? x.amax() : along(x, dim, options, x.reshape(x.ndim === 0 ? [1] : x.shape).argmax(dim, { keepDim: true }));
}

/** The minimum of all elements (ties share the gradient), or with a dimension `{ values, indices }` along it (the first of a tie gets the gradient). */
export function min(x: Tensor): Tensor;
export function min(x: Tensor, dim: number, options?: KeepDim): ValuesAndIndices;
export function min(x: Tensor, dim?: number, options?: KeepDim): Tensor | ValuesAndIndices {
  return dim === undefined ? x.amin() : along(x, dim, options, x.reshape(x.ndim === 0 ? [1] : x.shape).argmin(dim, { keepDim: true }));
}

import { copyKernel } from "../backend/kernel.ts";
import { restride, type View } from "../backend/view.ts";
import { normalizeDim, type Shape, showShape } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import { checkOptions } from "../tape/options.ts";
import { fromData, type Tensor } from "../tensor/tensor.ts";

/** Which diagonal: `offset` steps to the right of the main one, in the plane of two dimensions. */
export interface DiagonalOptions {
  /** Default 0, the main diagonal; negative ones lie below. */
  readonly offset?: number;
  readonly dim1?: number;
  readonly dim2?: number;
}

interface Plane {
  readonly offset: number;
  readonly dim1: number;
  readonly dim2: number;
}

/** A diagonal of a view, as the last dimension of a view. */
function along(view: View, { offset, dim1, dim2 }: Plane): View {
  const [row, column] = [Math.max(0, -offset), Math.max(0, offset)];
  const length = Math.max(0, Math.min(view.shape[dim1] - row, view.shape[dim2] - column));
  const rest = <T>(list: readonly T[]): T[] => list.filter((_, d) => d !== dim1 && d !== dim2);
  const [down, right] = [view.strides[dim1], view.strides[dim2]];
  const start = length === 0 ? view.offset : view.offset + row * down + column * right;
  return restride(view, [...rest(view.shape), length], [...rest(view.strides), down + right], start);
}

const diagonalOp: Op<Plane> = operation({
  name: "diagonal",
  saves: { inputs: [], output: false },
  forward: ([x], plane) => along(x as Tensor, plane),
  vjp: [(g, { shapes, attrs }) => apply(placeOp, [g], { ...attrs, shape: shapes[0] })],
});

const placeOp: Op<Plane & { readonly shape: Shape }> = operation({
  name: "diagEmbed",
  saves: { inputs: [], output: false },
  forward: ([x], { shape, ...plane }) => {
    const source = x as Tensor;
    const output = source.newZeros(shape);
    source.device.backend.map(copyKernel, [source], [], [along(output, plane)]);
    return output;
  },
  vjp: [(g, { attrs: { offset, dim1, dim2 } }) => apply(diagonalOp, [g], { offset, dim1, dim2 })],
});

function planeOf(op: string, shape: Shape, options: DiagonalOptions, first: number, second: number): Plane {
  checkOptions(op, options, ["offset", "dim1", "dim2"]);
  const { offset = 0, dim1, dim2 } = options;
  const a = shape.length < 2 ? 0 : normalizeDim(op, dim1 ?? first, shape);
  const b = shape.length < 2 ? 0 : normalizeDim(op, dim2 ?? second, shape);
  if (a === b) throw new RangeError(`${op}: needs two different dimensions, got ${dim1 ?? first} and ${dim2 ?? second} of shape ${showShape(shape)}`);
  if (!Number.isInteger(offset)) throw new RangeError(`${op}: an offset is an integer, got ${offset}`);
  return { offset, dim1: a, dim2: b };
}

/** The diagonal of the plane of `dim1` and `dim2` (the first two), as the last dimension; a view. */
export const diagonal = (x: Tensor, options: DiagonalOptions = {}): Tensor => apply(diagonalOp, [x], planeOf("diagonal", x.shape, options, 0, 1));

/** The last dimension as a diagonal of a plane of zeros, which becomes the dimensions `dim1` and `dim2` (the last two). */
export function diagEmbed(x: Tensor, options: DiagonalOptions = {}): Tensor {
  if (x.ndim === 0) throw new RangeError("diagEmbed: needs at least one dimension, got shape []");
  const size = x.shape[x.ndim - 1] + Math.abs(options.offset ?? 0);
  const plane = planeOf("diagEmbed", [...x.shape, size], options, -2, -1);
  const rest = x.shape.slice(0, -1);
  const shape = [...x.shape, 1].map((_, d) => (d === plane.dim1 || d === plane.dim2 ? size : (rest.shift() as number)));
  return apply(placeOp, [x], { ...plane, shape });
}

/** The diagonal of a matrix, or the matrix with this diagonal; `diagonal` counts from the main one. */
export function diag(x: Tensor, options: { readonly diagonal?: number } = {}): Tensor {
  if (x.ndim !== 1 && x.ndim !== 2) throw new RangeError(`diag: needs a vector or a matrix, got ${showShape(x.shape)}`);
  checkOptions("diag", options, ["diagonal"]);
  const { diagonal: offset = 0 } = options;
  return x.ndim === 1 ? x.diagEmbed({ offset }) : x.diagonal({ offset });
}

/** Sum of the main diagonal of a matrix. */
export function trace(x: Tensor): Tensor {
  if (x.ndim !== 2) throw new RangeError(`trace: needs a matrix, got ${showShape(x.shape)}`);
  return x.diagonal().sum();
}

interface Triangle {
  readonly diagonal: number;
}

/** One part of the plane of the last two dimensions, the rest 0, even where it is NaN. */
function triangle(name: "tril" | "triu", keeps: (column: number, row: number, diagonal: number) => boolean): Op<Triangle> {
  const op: Op<Triangle> = operation({
    name,
    saves: { inputs: [], output: false },
    forward: ([x], { diagonal: at }) => {
      const input = x as Tensor;
      const [rows, columns] = input.shape.slice(-2);
      const mask = Uint8Array.from({ length: rows * columns }, (_, i) => (keeps(i % columns, Math.floor(i / columns), at) ? 1 : 0));
      return fromData(mask, "bool", [rows, columns], input.device).where(input, 0);
    },
    vjp: [(g, { attrs }) => apply(op, [g], attrs)],
  });
  return op;
}

const trilOp = triangle("tril", (column, row, at) => column - row <= at);
const triuOp = triangle("triu", (column, row, at) => column - row >= at);

function cutTriangle(op: Op<Triangle>, x: Tensor, options: { readonly diagonal?: number }): Tensor {
  checkOptions(op.name, options, ["diagonal"]);
  const { diagonal: at = 0 } = options;
  if (x.ndim < 2) throw new RangeError(`${op.name}: needs at least 2 dimensions, got ${showShape(x.shape)}`);
  return apply(op, [x], { diagonal: at });
}

/** The lower triangle of the last two dimensions, up to `diagonal` (0, the main one) inclusive; the rest is 0. */
export const tril = (x: Tensor, options: { readonly diagonal?: number } = {}): Tensor => cutTriangle(trilOp, x, options);

/** The upper triangle of the last two dimensions, from `diagonal` (0, the main one) inclusive; the rest is 0. */
export const triu = (x: Tensor, options: { readonly diagonal?: number } = {}): Tensor => cutTriangle(triuOp, x, options);

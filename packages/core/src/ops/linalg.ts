import { normalizeDim, type Shape, sameShape, showShape, sizeOf } from "../shape.ts";
import { checkOptions } from "../tape/options.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Refuses operands that have not exactly so many dimensions. */
function checkRanks(op: string, operands: readonly Tensor[], ranks: readonly number[]): void {
  if (operands.some((x, k) => x.ndim !== ranks[k])) {
    const names = ["a number", "a vector", "a matrix", "a batch of matrices"];
    throw new RangeError(
      `${op}: takes ${ranks.map((rank) => names[rank]).join(" and ")}, got ${operands.map((x) => showShape(x.shape)).join(" and ")}; matmul broadcasts`,
    );
  }
}

/** Product of two matrices: `[m,k] x [k,n] → [m,n]`. */
export function mm(a: Tensor, b: Tensor): Tensor {
  checkRanks("mm", [a, b], [2, 2]);
  return a.matmul(b);
}

/** Products of two batches of matrices: `[b,m,k] x [b,k,n] → [b,m,n]`, without broadcasting. */
export function bmm(a: Tensor, b: Tensor): Tensor {
  checkRanks("bmm", [a, b], [3, 3]);
  if (a.shape[0] !== b.shape[0])
    throw new RangeError(
      `bmm: batches of ${a.shape[0]} and ${b.shape[0]} matrices, ${showShape(a.shape)} x ${showShape(b.shape)}; matmul broadcasts`,
    );
  return a.matmul(b);
}

/** Matrix times vector: `[m,k] x [k] → [m]`. */
export function mv(a: Tensor, b: Tensor): Tensor {
  checkRanks("mv", [a, b], [2, 1]);
  return a.matmul(b);
}

/** Sum of the products of two vectors' elements: `[n] x [n] → []`. */
export function dot(a: Tensor, b: Tensor): Tensor {
  checkRanks("dot", [a, b], [1, 1]);
  return a.matmul(b);
}

/** Sums of products over the last dimension of both: `[…a,k] x […b,k] → […a,…b]`; a number multiplies. */
export function inner(a: Tensor, b: Tensor): Tensor {
  if (a.ndim === 0 || b.ndim === 0) return a.mul(b);
  return a.tensordot(b, { dims: [[-1], [-1]] });
}

/** Every product of two vectors' elements: `[m] x [n] → [m,n]`. */
export function outer(a: Tensor, b: Tensor): Tensor {
  checkRanks("outer", [a, b], [1, 1]);
  return a.unsqueeze(1).mul(b);
}

/** Weights of the two terms of `addmm` and its kin, 1 by default. */
export interface AddProductOptions {
  /** Weight of the input; with 0 the input is ignored, even where it is NaN. */
  readonly beta?: number;
  /** Weight of the product. */
  readonly alpha?: number;
}

function added(op: string, input: Tensor, product: Tensor, options: AddProductOptions): Tensor {
  checkOptions(op, options, ["beta", "alpha"]);
  const { beta = 1, alpha = 1 } = options;
  const weighted = alpha === 1 ? product : product.mul(alpha);
  if (input.ndim > product.ndim)
    throw new RangeError(`${op}: the input ${showShape(input.shape)} does not broadcast to the product ${showShape(product.shape)}`);
  if (beta === 0) return weighted;
  return (beta === 1 ? input : input.mul(beta)).expand(product.shape).add(weighted);
}

/** `beta * input + alpha * (a x b)` of matrices; the input broadcasts to the product. */
export const addmm = (input: Tensor, a: Tensor, b: Tensor, options: AddProductOptions = {}): Tensor => added("addmm", input, a.mm(b), options);

/** `beta * input + alpha * (a x b)` of a matrix and a vector. */
export const addmv = (input: Tensor, a: Tensor, b: Tensor, options: AddProductOptions = {}): Tensor => added("addmv", input, a.mv(b), options);

/** `beta * input + alpha * (a x b)` of batches of matrices; the input broadcasts to the product. */
export const baddbmm = (input: Tensor, a: Tensor, b: Tensor, options: AddProductOptions = {}): Tensor => added("baddbmm", input, a.bmm(b), options);

/** `y[…,o] = Σ_ij x1[…,i] W[o,i,j] x2[…,j] + b[o]` with a weight `[out,in1,in2]` and a bias `[out]`, as in PyTorch. */
export function bilinear(x1: Tensor, x2: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  const [batch1, batch2] = [x1.shape.slice(0, -1), x2.shape.slice(0, -1)];
  if (weight.ndim !== 3 || !sameShape(batch1, batch2) || x1.shape[x1.ndim - 1] !== weight.shape[1] || x2.shape[x2.ndim - 1] !== weight.shape[2])
    throw new RangeError(
      `bilinear: inputs ${showShape(x1.shape)} and ${showShape(x2.shape)} do not fit a weight ${showShape(weight.shape)}; it is [out,in1,in2]`,
    );
  const [out, in1, in2] = weight.shape;
  const rows = sizeOf(batch1);
  const half = x1
    .reshape([rows, in1])
    .matmul(weight.permute([1, 0, 2]).reshape([in1, out * in2]))
    .reshape([rows, out, in2]);
  const y = half.matmul(x2.reshape([rows, in2, 1])).reshape([...batch1, out]);
  return bias === undefined || bias === null ? y : y.add(bias);
}

/**
 * Sums of products over pairs of dimensions, by default the last two of `a` with the first two of `b`.
 * @param options `dims`: how many of the last and first dimensions, or the dimensions of each; the rest of `a`, then of `b`, remains.
 */
export function tensordot(a: Tensor, b: Tensor, options: { readonly dims?: number | readonly [readonly number[], readonly number[]] } = {}): Tensor {
  checkOptions("tensordot", options, ["dims"]);
  const { dims = 2 } = options;
  const count = (n: number, from: number): number[] => Array.from({ length: n }, (_, k) => from + k);
  const [left, right] = typeof dims === "number" ? [count(dims, a.ndim - dims), count(dims, 0)] : dims;
  const over = [left.map((dim) => normalizeDim("tensordot", dim, a.shape)), right.map((dim) => normalizeDim("tensordot", dim, b.shape))];
  const sizes = [over[0].map((d) => a.shape[d]), over[1].map((d) => b.shape[d])];
  if (!sameShape(sizes[0], sizes[1]))
    throw new RangeError(
      `tensordot: dimensions ${showShape(over[0])} of ${showShape(a.shape)} and ${showShape(over[1])} of ${showShape(b.shape)} differ in size`,
    );
  const keptBy = (x: Tensor, summed: readonly number[]): number[] => x.shape.flatMap((_, d) => (summed.includes(d) ? [] : [d]));
  const [restA, restB] = [keptBy(a, over[0]), keptBy(b, over[1])];
  const shapeOf = (x: Tensor, list: readonly number[]): Shape => list.map((d) => x.shape[d]);
  const n = sizeOf(sizes[0]);
  const rows = a.permute([...restA, ...over[0]]).reshape([sizeOf(shapeOf(a, restA)), n]);
  const columns = b.permute([...over[1], ...restB]).reshape([n, sizeOf(shapeOf(b, restB))]);
  return rows.matmul(columns).reshape([...shapeOf(a, restA), ...shapeOf(b, restB)]);
}

/** Kronecker product: every element of `a` times all of `b`, sizes multiplied; missing dimensions come first with size 1. */
export function kron(a: Tensor, b: Tensor): Tensor {
  const n = Math.max(a.ndim, b.ndim);
  const full = (x: Tensor): Shape => [...new Array<number>(n - x.ndim).fill(1), ...x.shape];
  const [shapeA, shapeB] = [full(a), full(b)];
  const product = a.reshape(shapeA.flatMap((size) => [size, 1])).mul(b.reshape(shapeB.flatMap((size) => [1, size])));
  return product.reshape(shapeA.map((size, d) => size * shapeB[d]));
}

/** Vector product along a dimension of size 3, the last by default; shapes broadcast. */
export function cross(a: Tensor, b: Tensor, options: { readonly dim?: number } = {}): Tensor {
  const dim = normalizeDim("cross", options.dim ?? -1, a.shape);
  const fromEnd = dim - a.ndim;
  if (a.shape[dim] !== 3 || b.shape[b.ndim + fromEnd] !== 3)
    throw new RangeError(`cross: dimension ${dim} must have size 3, got ${showShape(a.shape)} and ${showShape(b.shape)}`);
  const turned = (x: Tensor, by: number): Tensor => x.roll(-by, fromEnd);
  return turned(a, 1)
    .mul(turned(b, 2))
    .sub(turned(a, 2).mul(turned(b, 1)));
}

/** A square matrix multiplied by itself `n` times, by repeated squaring; the identity for 0. */
export function matrixPower(x: Tensor, n: number): Tensor {
  if (!Number.isInteger(n) || n < 0) throw new RangeError(`matrixPower: the power is a non-negative integer, got ${n}`);
  const size = x.shape[x.ndim - 1];
  if (x.ndim < 2 || x.shape[x.ndim - 2] !== size) throw new RangeError(`matrixPower: needs square matrices, got ${showShape(x.shape)}`);
  if (n === 0) return x.newOnes([size]).diag().expand(x.shape);
  const half = n > 1 ? x.matrixPower(Math.floor(n / 2)) : x;
  const whole = n > 1 ? half.matmul(half) : x;
  return n > 1 && n % 2 === 1 ? whole.matmul(x) : whole;
}

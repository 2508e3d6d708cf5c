import { allocate } from "../backend/view.ts";
import { normalizeDim, showShape } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import { checkOptions } from "../tape/options.ts";
import type { Tensor } from "../tensor/tensor.ts";

interface Sorting {
  readonly dim: number;
  readonly descending: boolean;
}

const argsortOp: Op<Sorting> = operation({
  name: "argsort",
  forward: ([x], { dim, descending }) => {
    const input = x as Tensor;
    const output = allocate(input.device, "int32", input.shape);
    input.device.backend.argsort(input, dim, descending ? "descending" : "ascending", output);
    return output;
  },
});

/** How to sort. */
export interface SortOptions {
  /** Default -1. */
  readonly dim?: number;
  /** Largest first. Default false. */
  readonly descending?: boolean;
}

/** Values in order and the indices where they stood. */
export interface Sorted {
  readonly values: Tensor;
  readonly indices: Tensor;
}

/** A tensor of no dimensions is sorted as a line of one element. */
const lineOf = (x: Tensor): Tensor => (x.ndim === 0 ? x.reshape([1]) : x);

function order(op: string, x: Tensor, options: SortOptions): { readonly line: Tensor; readonly dim: number; readonly indices: Tensor } {
  checkOptions(op, options, ["dim", "descending"]);
  const dim = normalizeDim(op, options.dim ?? -1, x.shape);
  const line = lineOf(x);
  return { line, dim, indices: apply(argsortOp, [line], { dim, descending: options.descending ?? false }) };
}

/** The int32 indices that sort a dimension, the last by default; stable. NaN counts as the largest. */
export const argsort = (x: Tensor, options: SortOptions = {}): Tensor => order("argsort", x, options).indices.reshape(x.shape);

/** A dimension in order, the last by default, as `{ values, indices }`; stable. NaN counts as the largest. The gradient goes back to where each value stood. */
export function sort(x: Tensor, options: SortOptions = {}): Sorted {
  const { line, dim, indices } = order("sort", x, options);
  return { values: line.gather(dim, indices).reshape(x.shape), indices: indices.reshape(x.shape) };
}

/** What `topk` picks. */
export interface TopKOptions {
  /** Default -1. */
  readonly dim?: number;
  /** Default true; false picks the smallest. */
  readonly largest?: boolean;
}

/** The `k` largest elements of a dimension (the last by default), best first, as `{ values, indices }`; the first of a tie comes first. NaN counts as the largest. */
export function topk(x: Tensor, k: number, options: TopKOptions = {}): Sorted {
  checkOptions("topk", options, ["dim", "largest"]);
  const { line, dim, indices } = order("topk", x, { dim: options.dim ?? -1, descending: options.largest ?? true });
  checkRank("topk", k, 0, line.shape[dim], x);
  const best = indices.narrow(dim, 0, k);
  const values = line.gather(dim, best);
  return x.ndim === 0 && k === 1 ? { values: values.reshape([]), indices: best.reshape([]) } : { values, indices: best };
}

function checkRank(op: string, k: number, low: number, high: number, x: Tensor): void {
  if (!Number.isInteger(k) || k < low || k > high)
    throw new RangeError(`${op}: k is an integer from ${low} to ${high} for shape ${showShape(x.shape)}, got ${k}`);
}

/** One element of each line, with its dimension as 1 or gone. */
function picked(x: Tensor, line: Tensor, dim: number, index: Tensor, keepDim: boolean | undefined): Sorted {
  const shape = x.ndim === 0 ? [] : x.shape.flatMap((n, d) => (d !== dim ? [n] : keepDim === true ? [1] : []));
  return { values: line.gather(dim, index).reshape(shape), indices: index.reshape(shape) };
}

/** The `k`-th smallest element (from 1) of a dimension, the last by default, as `{ values, indices }`. */
export function kthvalue(x: Tensor, k: number, options: { readonly dim?: number; readonly keepDim?: boolean } = {}): Sorted {
  checkOptions("kthvalue", options, ["dim", "keepDim"]);
  const { line, dim, indices } = order("kthvalue", x, { dim: options.dim ?? -1 });
  checkRank("kthvalue", k, 1, line.shape[dim], x);
  return picked(x, line, dim, indices.narrow(dim, k - 1, 1), options.keepDim);
}

/**
 * The median along a dimension, as `{ values, indices }`; of an even number the lower of the two in the middle, NaN where one occurs. The gradient goes to that
 * element. An error over no elements.
 */
export function median(x: Tensor, dim: number, options: { readonly keepDim?: boolean } = {}): Sorted {
  checkOptions("median", options, ["keepDim"]);
  const { line, dim: at, indices } = order("median", x, { dim });
  const n = line.shape[at];
  if (n === 0) throw new RangeError(`median: there is no median of no elements, shape ${showShape(x.shape)}`);
  const last = indices.narrow(at, n - 1, 1);
  const middle = indices.narrow(at, Math.floor((n - 1) / 2), 1);
  return picked(x, line, at, line.gather(at, last).isNaN().where(last, middle), options.keepDim);
}

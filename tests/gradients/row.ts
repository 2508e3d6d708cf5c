import * as core from "@gradtape/core";
import { type Generator, sizeOf, type Tensor, tensor } from "@gradtape/core";

/** What an op gives: a tensor, several, or `{ values, indices }`. */
export type Result = Tensor | readonly Tensor[] | { readonly values: Tensor };

/** Draws one input. */
export type Draw = (generator: Generator) => Tensor;

/** One form of an op: how it is called, and on what. */
export interface Row {
  /** Public name of the op. */
  readonly op: string;
  /** What tells it from the op's other forms. */
  readonly form: string;
  readonly inputs: readonly Draw[];
  readonly call: (...inputs: Tensor[]) => Result;
}

const library = core as unknown as Readonly<Record<string, (...inputs: unknown[]) => Result>>;

/** Rows of one op, one for each list of inputs; without `call` they are its arguments. */
export function rows(op: string, lists: readonly (readonly Draw[])[], call?: (...inputs: Tensor[]) => Result, form = ""): Row[] {
  return lists.map((inputs, k) => ({ op, form: `${form}${lists.length > 1 ? `#${k}` : ""}`, inputs, call: call ?? library[op] }));
}

/** One row. */
export const row = (op: string, inputs: readonly Draw[], call?: (...inputs: Tensor[]) => Result, form?: string): Row[] =>
  rows(op, [inputs], call, form);

/** Where the numbers of an input lie. */
export interface Domain {
  readonly low?: number;
  readonly high?: number;
  /** Places to stay away from by 0.05: kinks and jumps. */
  readonly away?: readonly number[];
  /** Whether all elements differ by 0.02 at least, so that there are no ties. */
  readonly apart?: boolean;
}

/** Floats on [-2, 2] or in another domain, never contiguous where the shape allows: dimensions lie in reverse order, lines have gaps and run backwards. */
export function floats(shape: readonly number[], domain: Domain = {}): Draw {
  const { low = -2, high = 2, away = [], apart = false } = domain;
  return (generator) => {
    const size = sizeOf(shape);
    const drawn: number[] = [];
    const fits = (x: number): boolean => away.every((kink) => Math.abs(x - kink) > 0.05) && (!apart || drawn.every((y) => Math.abs(x - y) > 0.02));
    while (drawn.length < size) {
      const x = low + (high - low) * generator.random();
      if (fits(x)) drawn.push(x);
    }
    return strided(drawn, shape);
  };
}

function strided(values: readonly number[], shape: readonly number[]): Tensor {
  const order = shape.map((_, d) => shape.length - 1 - d);
  if (shape.length > 1) return tensor(Float64Array.from(values), { dtype: "float64", shape: order.map((d) => shape[d]) }).permute(order);
  const spread = Float64Array.from({ length: 2 * values.length }, (_, i) => (i % 2 === 0 ? values[i / 2] : Number.NaN));
  const line = tensor(spread, { dtype: "float64" }).slice([null, null, 2]);
  return shape.length === 1 ? line.flip(0) : line.reshape([]);
}

/** int32 from 0 to `high` - 1. */
export const integers =
  (shape: readonly number[], high: number): Draw =>
  (generator) =>
    tensor(
      Int32Array.from({ length: sizeOf(shape) }, () => generator.integer(high)),
      { shape },
    );

/** Booleans. */
export const booleans =
  (shape: readonly number[]): Draw =>
  (generator) =>
    tensor(
      Int32Array.from({ length: sizeOf(shape) }, () => generator.integer(2)),
      { shape },
    ).to("bool");

/** The same tensor every time. */
export const fixed =
  (values: core.NestedNumbers, dtype: core.DType = "float64"): Draw =>
  () =>
    tensor(values, { dtype });

/** A matrix, a number, no elements at all: what a function of one tensor is tried on. */
export const shapes: readonly (readonly number[])[] = [[2, 3], [], [0, 3]];

/** Pairs that broadcast in every way. */
export const pairs: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [3]],
  [[2, 1], [3]],
  [[], [2]],
  [
    [0, 3],
    [1, 3],
  ],
];

/** Rows of an elementwise function of one tensor. */
export const unary = (op: string, domain?: Domain, call?: (x: Tensor) => Result, form?: string): Row[] =>
  rows(
    op,
    shapes.map((shape) => [floats(shape, domain)]),
    call,
    form,
  );

/** Rows of an elementwise function of two. */
export const binary = (op: string, a?: Domain, b?: Domain, call?: (a: Tensor, b: Tensor) => Result, form?: string): Row[] =>
  rows(
    op,
    pairs.map(([left, right]) => [floats(left, a), floats(right, b)]),
    call,
    form,
  );

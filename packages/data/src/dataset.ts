import { Generator, type Tensor, tensor } from "@gradtape/core";
import { fetch } from "./collate.ts";
import { streamSeed } from "./seed.ts";

/** What a dataset gives for one index: a tuple of tensors and plain numbers, such as `[image, label]`. */
export type Example = readonly (Tensor | number)[];

/** What a loader gives for one step: the same tuple with every field stacked along a new first dimension. */
export type Batch<E extends Example> = { [K in keyof E]: Tensor };

/** A map-style dataset: `length` examples, each reached by its index. `batch`, where given, makes a whole batch at once, without objects per example. */
export interface Dataset<E extends Example = Example> {
  /** Number of examples. */
  readonly length: number;
  /** The example at `index`, 0 <= index < length; a RangeError outside. */
  get(index: number): E;
  /** The examples at `indices`, stacked: shapes [indices.length, ...field]. */
  batch?(indices: Int32Array): Batch<E>;
}

/** Throws a RangeError that names the dataset unless 0 <= index < length, integer. */
export function checkIndex(name: string, index: number, length: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= length)
    throw new RangeError(`${name}: index ${index} is outside 0..${length - 1}; the dataset has ${length} examples`);
}

/** Examples are the rows of tensors with the same first dimension: `new TensorDataset(x, y).get(i)` is `[x[i], y[i]]`. */
export class TensorDataset<T extends readonly Tensor[] = readonly Tensor[]> implements Dataset<T> {
  readonly length: number;
  readonly #columns: readonly { readonly source: Tensor; readonly data: ReturnType<Tensor["data"]>; readonly row: number }[];

  /** @param tensors shapes [length, ...]; an error when the first dimensions differ. */
  constructor(...tensors: T) {
    const scalar = tensors.findIndex((source) => source.shape.length === 0);
    if (tensors.length === 0 || scalar >= 0)
      throw new RangeError(
        `TensorDataset: expected tensors of at least one dimension, found ${scalar < 0 ? "none" : `a scalar at position ${scalar}`}`,
      );
    this.length = tensors[0].shape[0];
    if (tensors.some((source) => source.shape[0] !== this.length))
      throw new RangeError(`TensorDataset: first dimensions differ, ${tensors.map((source) => `[${source.shape.join(",")}]`).join(" and ")}`);
    this.#columns = tensors.map((source) => ({ source, data: source.data(), row: source.shape.slice(1).reduce((a, b) => a * b, 1) }));
  }

  get(index: number): T {
    checkIndex("TensorDataset", index, this.length);
    return this.#columns.map(({ source, data, row }) =>
      tensor(data.slice(index * row, (index + 1) * row), { shape: source.shape.slice(1), dtype: source.dtype }),
    ) as unknown as T;
  }

  batch(indices: Int32Array): Batch<T> {
    for (const index of indices) checkIndex("TensorDataset", index, this.length);
    return this.#columns.map(({ source, data, row }) => {
      const rows = data.slice(0, 0).constructor as new (length: number) => typeof data;
      const out = new rows(indices.length * row);
      for (let k = 0; k < indices.length; k++) out.set(data.subarray(indices[k] * row, (indices[k] + 1) * row), k * row);
      return tensor(out, { shape: [indices.length, ...source.shape.slice(1)], dtype: source.dtype });
    }) as unknown as Batch<T>;
  }
}

/** The examples of `dataset` at `indices`, in that order. */
export class Subset<E extends Example> implements Dataset<E> {
  readonly dataset: Dataset<E>;
  readonly indices: Int32Array;

  /** @param indices positions in `dataset`; a RangeError when one is outside. */
  constructor(dataset: Dataset<E>, indices: ArrayLike<number>) {
    for (let k = 0; k < indices.length; k++) checkIndex("Subset", indices[k], dataset.length);
    this.dataset = dataset;
    this.indices = Int32Array.from(indices);
  }

  get length(): number {
    return this.indices.length;
  }

  get(index: number): E {
    checkIndex("Subset", index, this.length);
    return this.dataset.get(this.indices[index]);
  }

  batch(indices: Int32Array): Batch<E> {
    for (const index of indices) checkIndex("Subset", index, this.length);
    const inside = indices.map((index) => this.indices[index]);
    return fetch(this.dataset, inside);
  }
}

/** Where the random order comes from: a `generator`, or a `seed` (default 0). */
export interface SplitOptions {
  readonly generator?: Generator;
  readonly seed?: number;
}

/**
 * Splits a dataset at random into disjoint subsets.
 *
 * @param lengths numbers of examples that sum to the dataset's length, or fractions that sum to 1 (rounded down, what is left goes round from the first, as in PyTorch).
 */
export function randomSplit<E extends Example>(dataset: Dataset<E>, lengths: readonly number[], options: SplitOptions = {}): Subset<E>[] {
  const sizes = splitSizes(dataset.length, lengths);
  const order = (options.generator ?? new Generator(streamSeed(options.seed ?? 0))).permutation(dataset.length);
  let end = 0;
  return sizes.map((size) => new Subset(dataset, order.slice(end, (end += size))));
}

function splitSizes(length: number, lengths: readonly number[]): number[] {
  const sum = lengths.reduce((a, b) => a + b, 0);
  const bad = lengths.find((size) => !(size >= 0));
  if (bad !== undefined) throw new RangeError(`randomSplit: lengths are not negative, found ${bad}`);
  if (sum === length && lengths.every(Number.isInteger)) return [...lengths];
  if (Math.abs(sum - 1) > 1e-9)
    throw new RangeError(
      `randomSplit: lengths [${lengths.join(", ")}] sum to ${sum}; expected the dataset's ${length} examples, or fractions that sum to 1`,
    );
  const sizes = lengths.map((fraction) => Math.floor(fraction * length + 1e-9));
  for (let k = 0, left = length - sizes.reduce((a, b) => a + b, 0); left > 0; k++, left--) sizes[k % sizes.length]++;
  return sizes;
}

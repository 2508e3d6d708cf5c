import type { Generator } from "@gradtape/core";
import { collate, fetch } from "./collate.ts";
import type { Batch, Dataset, Example } from "./dataset.ts";
import { checkOptions } from "./options.ts";
import { RandomSampler, type Sampler, SequentialSampler } from "./sampler.ts";

/** How a {@link DataLoader} cuts a dataset into batches. */
export interface DataLoaderOptions<E extends Example = Example> {
  /** Examples per batch, default 1. */
  readonly batchSize?: number;
  /** Visit in a new random order each epoch, default false. */
  readonly shuffle?: boolean;
  /** Seed of the orders, default 0; epoch e uses the stream (seed, e). */
  readonly seed?: number;
  /** Draws the seed instead, one number at construction. */
  readonly generator?: Generator;
  /** Leave out a last batch that is not full, default false. */
  readonly dropLast?: boolean;
  /** Decides the order instead of `shuffle`; a state does not hold its seed, so resume with an equal one. */
  readonly sampler?: Sampler;
  /** Stacks examples instead of {@link collate}; the dataset's own `batch` is then not used. */
  readonly collate?: (examples: E[]) => Batch<E>;
}

/** Where a loader stands: plain JSON. The order of an epoch is a function of (seed, epoch), so these numbers are the whole generator state. */
export interface DataLoaderState {
  readonly seed: number;
  readonly epoch: number;
  /** Examples of this epoch that have been handed out. */
  readonly position: number;
  /** Examples per epoch, to refuse another dataset's state. */
  readonly size: number;
}

const known = ["batchSize", "shuffle", "seed", "generator", "dropLast", "sampler", "collate"];

/**
 * Iterates over a dataset in batches, `for (const [x, y] of loader)` or `for await`; each loop is one epoch. Given the same seed, the same batches on
 * every machine. A state saved inside the loop body resumes with the next batch.
 */
export class DataLoader<E extends Example> implements Iterable<Batch<E>>, AsyncIterable<Batch<E>> {
  readonly dataset: Dataset<E>;
  readonly batchSize: number;
  readonly dropLast: boolean;
  #seed: number;
  #sampler: Sampler;
  #shuffle: boolean;
  #epoch = 0;
  #position = 0;
  #resumed = false;
  #collate: (examples: E[]) => Batch<E>;

  constructor(dataset: Dataset<E>, options: DataLoaderOptions<E> = {}) {
    checkOptions("DataLoader", options, known);
    const { batchSize = 1, shuffle = false, seed, generator, dropLast = false, sampler } = options;
    if (!Number.isInteger(batchSize) || batchSize < 1) throw new RangeError(`DataLoader: batchSize is an integer >= 1, found ${batchSize}`);
    if (seed !== undefined && generator) throw new TypeError("DataLoader: seed and generator exclude each other; give one");
    if (shuffle && sampler) throw new TypeError("DataLoader: shuffle and sampler exclude each other; the sampler decides the order");
    this.dataset = dataset;
    this.batchSize = batchSize;
    this.dropLast = dropLast;
    this.#seed = seed ?? generator?.integer(2 ** 32) ?? 0;
    this.#shuffle = shuffle;
    this.#sampler = sampler ?? this.#sample();
    this.#collate = options.collate ?? collate;
  }

  #sample(): Sampler {
    return this.#shuffle ? new RandomSampler(this.dataset.length, { seed: this.#seed }) : new SequentialSampler(this.dataset.length);
  }

  /** Number of batches per epoch. */
  get length(): number {
    return (this.dropLast ? Math.floor : Math.ceil)(this.#sampler.length / this.batchSize);
  }

  /** The epoch that the next batch belongs to, or the running one, from 0. */
  get epoch(): number {
    return this.#epoch;
  }

  *[Symbol.iterator](): IterableIterator<Batch<E>> {
    for (const indices of this.#run()) yield fetch(this.dataset, indices, this.#collate);
  }

  /** As the plain iteration, and gives the event loop a turn every 16 ms, so that a page can repaint between batches. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Batch<E>, void, undefined> {
    let since = Date.now();
    for (const batch of this) {
      if (Date.now() - since >= 16) {
        await new Promise<void>((resolve) => setTimeout(resolve));
        since = Date.now();
      }
      yield batch;
    }
  }

  *#run(): IterableIterator<Int32Array> {
    if (this.#resumed) this.#resumed = false;
    else if (this.#position > 0) {
      this.#epoch++; // the last loop was left by break
      this.#position = 0;
    }
    const epoch = this.#epoch;
    const order = this.#sampler.order(epoch);
    const end = this.dropLast ? order.length - (order.length % this.batchSize) : order.length;
    for (let start = this.#position; start < end; start += this.batchSize) {
      const stop = Math.min(start + this.batchSize, end);
      this.#epoch = epoch;
      this.#position = stop;
      yield order.subarray(start, stop);
    }
    this.#epoch = epoch + 1;
    this.#position = 0;
  }

  /** Where the loader stands, to be saved with a checkpoint. */
  stateDict(): DataLoaderState {
    return { seed: this.#seed, epoch: this.#epoch, position: this.#position, size: this.#sampler.length };
  }

  /** Continues where `state` was saved: the next loop gives the rest of that epoch. An error when the state is not one, or of a dataset of another size. */
  loadStateDict(state: DataLoaderState): void {
    for (const key of ["seed", "epoch", "position", "size"] as const)
      if (!Number.isSafeInteger(state?.[key]) || (key !== "seed" && state[key] < 0))
        throw new TypeError(`DataLoader.loadStateDict: ${key} is ${state?.[key]}; expected { seed, epoch, position, size } as stateDict() gives it`);
    if (state.size !== this.#sampler.length || state.position > state.size)
      throw new RangeError(
        `DataLoader.loadStateDict: the state is at example ${state.position} of ${state.size}, this loader has ${this.#sampler.length} per epoch; load it with the same dataset`,
      );
    if (this.#seed !== state.seed) {
      this.#seed = state.seed;
      if (this.#shuffle) this.#sampler = this.#sample();
    }
    this.#epoch = state.epoch;
    this.#position = state.position;
    this.#resumed = true;
  }
}

import { Generator } from "@gradtape/core";
import { streamSeed } from "./seed.ts";

/** The order in which a loader visits a dataset, as a function of the epoch: any epoch can be asked for in any order, so resuming is exact. */
export interface Sampler {
  /** Number of indices per epoch. */
  readonly length: number;
  /** The indices of this epoch (0, 1, …), the same at every call. */
  order(epoch: number): Int32Array;
}

/** Visits 0, 1, …, length - 1 in every epoch. */
export class SequentialSampler implements Sampler {
  readonly length: number;

  constructor(length: number) {
    this.length = checkCount("SequentialSampler", length);
  }

  order(): Int32Array {
    return Int32Array.from({ length: this.length }, (_, k) => k);
  }
}

/** Visits every index once, in an order that is drawn anew from (seed, epoch). */
export class RandomSampler implements Sampler {
  readonly length: number;
  readonly seed: number;

  constructor(length: number, { seed = 0 }: { readonly seed?: number } = {}) {
    this.length = checkCount("RandomSampler", length);
    this.seed = seed;
  }

  order(epoch: number): Int32Array {
    return new Generator(streamSeed(this.seed, epoch)).permutation(this.length);
  }
}

/** Draws `length` indices per epoch with replacement, index k with probability weights[k] / sum: rare classes can be seen more often. */
export class WeightedRandomSampler implements Sampler {
  readonly length: number;
  readonly seed: number;
  readonly #cumulative: Float64Array;

  /** @param weights one finite number >= 0 per example, not all 0. */
  constructor(weights: ArrayLike<number>, length: number, { seed = 0 }: { readonly seed?: number } = {}) {
    let sum = 0;
    this.#cumulative = Float64Array.from(weights, (weight, k) => {
      if (!(weight >= 0 && weight < Infinity))
        throw new RangeError(`WeightedRandomSampler: weights are finite and not negative, found ${weight} at ${k}`);
      return (sum += weight);
    });
    if (!(sum > 0)) throw new RangeError("WeightedRandomSampler: expected a weight above 0, found none");
    this.length = checkCount("WeightedRandomSampler", length);
    this.seed = seed;
  }

  order(epoch: number): Int32Array {
    const random = new Generator(streamSeed(this.seed, epoch));
    const cumulative = this.#cumulative;
    const sum = cumulative[cumulative.length - 1];
    return Int32Array.from({ length: this.length }, () => {
      const at = random.random() * sum;
      let low = 0;
      let high = cumulative.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (cumulative[middle] > at) high = middle;
        else low = middle + 1;
      }
      return low;
    });
  }
}

function checkCount(name: string, length: number): number {
  if (!Number.isInteger(length) || length < 0) throw new RangeError(`${name}: length is an integer >= 0, found ${length}`);
  return length;
}

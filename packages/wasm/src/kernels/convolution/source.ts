import { bytesOf } from "../../memory/heap.ts";
import { reachOf } from "./axis.ts";
import { from } from "./grid.ts";
import { moveElements } from "./move.ts";
import type { Means, Task } from "./task.ts";

/** Bytes of padded copies that are made at a time: where patches are gathered from them several times, they should stay in a cache. */
const LIMIT = 2 ** 21;
/** Positions that make a product worth its preparations; so many samples are taken together. */
const ENOUGH = 256;

/**
 * The source of a convolution, portion by portion, in such a way that the window never leaves it: where it would reach outside, a portion is copied
 * between zeros.
 */
export class Source {
  /** Samples and channels of a portion; the last one may have fewer. */
  readonly samplesAtOnce: number;
  readonly channelsAtOnce: number;
  /** How the elements of every portion lie. */
  readonly strides: readonly number[];
  readonly #task: Task;
  readonly #means: Means;
  readonly #first: readonly number[];
  /** The padded copy, where there is one. */
  readonly #copy: number | undefined;

  constructor(task: Task, means: Means, limit: number = LIMIT) {
    const { scratch } = means;
    const { axes, source, samples, channels, dtype } = task;
    this.#task = task;
    this.#means = means;
    const reach = axes.map(reachOf);
    this.#first = reach.map(([first]) => first);
    const wanted = Math.min(samples, Math.ceil(ENOUGH / axes.reduce((n, { positions }) => n * positions.length, 1)));
    if (axes.every(({ length }, d) => reach[d][0] >= 0 && reach[d][1] < length)) {
      this.samplesAtOnce = wanted;
      this.channelsAtOnce = channels;
      this.strides = source.strides;
      return;
    }
    const strides = [bytesOf[dtype]];
    for (let d = axes.length - 1; d >= 0; d--) strides.unshift(strides[0] * (reach[d][1] - reach[d][0] + 1));
    const fitting = Math.max(1, Math.floor(limit / strides[0]));
    this.channelsAtOnce = Math.min(channels, fitting);
    this.samplesAtOnce = Math.min(wanted, Math.max(1, Math.floor(fitting / channels)));
    const sampleBytes = this.channelsAtOnce * strides[0];
    this.strides = [sampleBytes, ...strides];
    this.#copy = scratch.zeros(this.samplesAtOnce * sampleBytes);
  }

  /** Where element 0 of a portion lies, or would. */
  portion(sample: number, samples: number, channel: number, channels: number): number {
    const start = from(from(this.#task.source, 0, sample), 1, channel);
    if (this.#copy === undefined) return start.at;
    const { axes, dtype } = this.#task;
    const base = this.#first.reduce((at, first, d) => at - first * this.strides[d + 2], this.#copy);
    const addresses = [start.at, base];
    const sizes = [samples, channels];
    axes.forEach((axis, d) => {
      const [first, last] = reachOf(axis);
      const low = Math.max(first, 0);
      sizes.push(Math.max(0, Math.min(last, axis.length - 1) - low + 1));
      addresses[0] += low * start.strides[d + 2];
      addresses[1] += low * this.strides[d + 2];
    });
    const [at, to] = addresses;
    moveElements(this.#means, dtype, { at, strides: start.strides }, { at: to, strides: this.strides }, sizes);
    return base;
  }
}

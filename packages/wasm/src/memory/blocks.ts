import type { Heap } from "./heap.ts";

const LARGE = 2 ** 19;
const CHUNK = 2 ** 20;
const GRAIN = 2 ** 12;

interface Gap {
  start: number;
  readonly end: number;
}

/** Bytes that a block of a size really takes: four sizes per power of two for small ones, whole grains for large ones. */
export function capacityOf(bytes: number): number {
  if (bytes > LARGE) return Math.ceil(bytes / GRAIN) * GRAIN;
  const step = bytes <= 512 ? 64 : 1 << (29 - Math.clz32(bytes - 1));
  return Math.max(64, (bytes + step - 1) & -step);
}

/**
 * Blocks of a heap, aligned to 64 bytes. Small ones are cut from chunks and wait in one list per size when they are free; free large ones
 * join their neighbours and are given out best fit first.
 */
export class Blocks {
  readonly #heap: Heap;
  readonly #lists = new Map<number, number[]>();
  readonly #gaps: Gap[] = [];
  #top: number;
  #chunk = 0;
  #chunkEnd = 0;
  #free = 0;

  /** Blocks lie at `start` and above. */
  constructor(heap: Heap, start: number) {
    this.#heap = heap;
    this.#top = start;
  }

  /** Bytes that were given back and wait for reuse. */
  get freeBytes(): number {
    return this.#free;
  }

  /** The address of a block of at least so many bytes; 0 when the memory is exhausted. */
  take(bytes: number): number {
    const capacity = capacityOf(bytes);
    if (capacity > LARGE) return this.#takeLarge(capacity);
    const list = this.#lists.get(capacity);
    if (list !== undefined && list.length > 0) {
      this.#free -= capacity;
      return list.pop() as number;
    }
    if (this.#chunkEnd - this.#chunk < capacity) {
      const chunk = this.#takeLarge(CHUNK);
      if (chunk === 0) return 0;
      this.#cutRest();
      this.#chunk = chunk;
      this.#chunkEnd = chunk + CHUNK;
    }
    const pointer = this.#chunk;
    this.#chunk += capacity;
    return pointer;
  }

  /** Takes back a block of a size. */
  give(pointer: number, bytes: number): void {
    const capacity = capacityOf(bytes);
    this.#free += capacity;
    if (capacity > LARGE) return this.#join(pointer, pointer + capacity);
    const list = this.#lists.get(capacity);
    if (list === undefined) this.#lists.set(capacity, [pointer]);
    else list.push(pointer);
  }

  /** What is left of a chunk becomes blocks of the largest sizes that fit. */
  #cutRest(): void {
    while (this.#chunkEnd - this.#chunk >= 64) {
      let capacity = 2 ** (31 - Math.clz32(this.#chunkEnd - this.#chunk));
      capacity = Math.min(capacity, LARGE);
      this.give(this.#chunk, capacity);
      this.#chunk += capacity;
    }
  }

  #takeLarge(capacity: number): number {
    let best: number | undefined;
    const size = ({ start, end }: Gap): number => end - start;
    for (let i = 0; i < this.#gaps.length; i++)
      if (size(this.#gaps[i]) >= capacity && (best === undefined || size(this.#gaps[i]) < size(this.#gaps[best]))) best = i;
    if (best !== undefined) {
      const gap = this.#gaps[best];
      const pointer = gap.start;
      gap.start += capacity;
      if (gap.start === gap.end) this.#gaps.splice(best, 1);
      this.#free -= capacity;
      return pointer;
    }
    const last = this.#gaps[this.#gaps.length - 1];
    const start = last !== undefined && last.end === this.#top ? last.start : this.#top;
    if (!this.#heap.reach(start + capacity)) return 0;
    if (start < this.#top) {
      this.#free -= this.#top - start;
      this.#gaps.pop();
    }
    this.#top = start + capacity;
    return start;
  }

  #join(start: number, end: number): void {
    let at = 0;
    while (at < this.#gaps.length && this.#gaps[at].start < start) at++;
    const before = this.#gaps[at - 1];
    const after = this.#gaps[at];
    const first = before !== undefined && before.end === start ? at - 1 : at;
    const joined = { start: first < at ? before.start : start, end: after !== undefined && after.start === end ? after.end : end };
    const next = after !== undefined && after.start === end ? at + 1 : at;
    this.#gaps.splice(first, next - first, joined);
  }
}

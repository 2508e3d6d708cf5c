import type { Heap } from "../memory/heap.ts";
import { startThread, type Thread } from "./host.ts";
import type { Routine } from "./routines.ts";
import { words } from "./words.ts";

/** Bytes of memory where the threads of a pool meet. */
export const CONTROL_BYTES = 4 * words.size;

/** Milliseconds that a worker watches for the next job before it sleeps. */
const WATCH = 0.1;
/** Milliseconds that the main thread spins for the others before it sleeps, where it may. */
const SPIN = 0.2;
/** Looks at a word between two looks at the clock. */
const LOOKS = 256;

/** How a pool is made. */
export interface PoolOptions {
  /** Workers beside the main thread. */
  readonly workers: number;
  /** Another script for the workers. */
  readonly script?: URL | undefined;
  /** Milliseconds without an answer after which a worker counts as dead. Default 10,000 and twenty times what the other parts took. */
  readonly patience?: number | undefined;
  /** Called when a worker could not start or ended. */
  readonly lost: (reason: string) => void;
}

/** A worker that gave up, or does not answer. */
export class WorkerFailure extends Error {}

/** Workers over a shared memory. They take parts of a job while there are any, as this thread does: one that comes late, or never, only leaves more to the others. */
export class Pool {
  readonly #words: Int32Array;
  readonly #threads: Thread[] = [];
  readonly #patience: number;
  readonly #mayWait: boolean;
  #turn = 0;
  #settle = (): void => {};
  /** Fulfilled when all workers are up, or the pool has ended. */
  readonly up: Promise<void> = new Promise((done) => {
    this.#settle = done;
  });

  /** Starts workers that meet at an address of the shared memory. */
  constructor(heap: Heap, control: number, { workers, script, patience = 10_000, lost }: PoolOptions) {
    this.#words = new Int32Array(heap.memory.buffer, control, words.size).fill(0);
    this.#patience = patience;
    this.#mayWait = mayWait(this.#words);
    let missing = workers;
    for (let i = 0; i < workers; i++) {
      const thread = startThread(script);
      this.#threads.push(thread);
      thread.listen(() => {
        thread.release();
        if (--missing === 0) this.#settle();
      }, lost);
      thread.post({ memory: heap.memory, control, words, watch: WATCH });
    }
  }

  /** Workers that are up. */
  get ready(): number {
    return Atomics.load(this.#words, words.ready);
  }

  /** No longer waits for workers that are not up yet, when the process has nothing else to do. */
  release(): void {
    for (const thread of this.#threads) thread.release();
  }

  /** Ends all workers. */
  stop(): void {
    for (const thread of this.#threads) thread.stop();
    this.#threads.length = 0;
    this.#settle();
  }

  /** Runs a function for descriptions that lie evenly apart, at most 255, on all threads; tells how many of them this one ran. Error: a worker failed, and what. */
  run({ call, number, at, length, position }: Routine, parts: number, first: number, stride: number): number {
    const shared = this.#words;
    shared[words.number] = number;
    shared[words.moduleAt] = at;
    shared[words.moduleLength] = length;
    shared[words.position] = position;
    shared[words.parts] = parts;
    shared[words.first] = first;
    shared[words.stride] = stride;
    Atomics.store(shared, words.pending, parts);
    this.#turn = (this.#turn + 256) | 0;
    Atomics.store(shared, words.ticket, this.#turn | parts);
    if (Atomics.load(shared, words.sleeping) > 0) Atomics.notify(shared, words.ticket);
    const start = performance.now();
    let own = 0;
    try {
      for (;;) {
        const ticket = Atomics.load(shared, words.ticket);
        const left = ticket & 255;
        if (left === 0) break;
        if (Atomics.compareExchange(shared, words.ticket, ticket, ticket - 1) !== ticket) continue;
        own++;
        try {
          call(first + (parts - left) * stride);
        } finally {
          Atomics.sub(shared, words.pending, 1);
        }
      }
    } catch (error) {
      const left = Atomics.exchange(shared, words.ticket, this.#turn) & 255;
      Atomics.sub(shared, words.pending, left);
      throw error;
    } finally {
      const end = performance.now();
      this.#join(end, Math.max(this.#patience, 20 * (end - start)));
    }
    if (Atomics.load(shared, words.failed) !== 0) throw new WorkerFailure(`wasm: a worker failed: ${this.#complaint()}`);
    return own;
  }

  #join(start: number, patience: number): void {
    const shared = this.#words;
    for (;;) {
      for (let i = 0; i < LOOKS; i++) if (Atomics.load(shared, words.pending) === 0) return;
      const waited = performance.now() - start;
      if (waited > patience)
        throw new WorkerFailure(
          `wasm: a worker took a part of a job and has not answered for ${(waited / 1000).toFixed(1)} s; it may have been killed. What the job should have computed is incomplete`,
        );
      if (waited < SPIN || !this.#mayWait) continue;
      Atomics.store(shared, words.waiting, 1);
      const pending = Atomics.load(shared, words.pending);
      if (pending !== 0) Atomics.wait(shared, words.pending, pending, 20);
      Atomics.store(shared, words.waiting, 0);
    }
  }

  #complaint(): string {
    const codes = this.#words.subarray(words.text + 1, words.text + 1 + this.#words[words.text]);
    return String.fromCharCode(...codes);
  }
}

/** Whether this thread may sleep; the main thread of a page may not. */
function mayWait(shared: Int32Array): boolean {
  try {
    Atomics.wait(shared, words.waiting, 1, 0);
    return true;
  } catch {
    return false;
  }
}

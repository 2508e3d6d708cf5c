import type { Heap } from "../memory/heap.ts";
import type { Store } from "../memory/store.ts";
import type { Report } from "../report.ts";
import { obstacle, threadsOfEnvironment } from "./host.ts";
import { CONTROL_BYTES, Pool, WorkerFailure } from "./pool.ts";
import { type Routine, Routines, type Run } from "./routines.ts";

/** The most threads that one may ask for. */
export const MOST_THREADS = 64;

/** Nanoseconds of work below which a job stays on one thread: what it costs to wake a worker. */
const WORTH = 50_000;
/** Nanoseconds of work that make a part of a job. */
const PART = 12_500;
/** Parts per thread, so that one that is slow leaves more to the others. */
const PARTS = 4;
/** Bytes of a description that a part can have. */
const STRIDE = 2048;
/** What the threads did. */
export interface ThreadReport {
  /** Threads asked for. */
  readonly asked: number;
  /** Threads that compute now, this one included; workers count when they are up. */
  readonly running: number;
  /** Jobs that were split, and parts of them that workers ran. */
  readonly jobs: number;
  readonly helped: number;
  /** Jobs that were large enough, and not split because the machine was busy: of late one thread was faster. */
  readonly alone: number;
  /** Why fewer threads run than were asked for. */
  readonly reason: string | undefined;
}

/** How a pool is started, for tests and unusual bundlers. */
export interface ThreadOptions {
  /** Where the worker's script lies, if a bundler moved it: dist/threads/worker.js of this package. Default: beside this module. */
  readonly script?: URL;
  /** Milliseconds after which a worker that took work and does not answer counts as dead. Default 10,000. */
  readonly patience?: number;
  /** Whether jobs stay on one thread while that is faster, because the machine is busy. Default true. */
  readonly backOff?: boolean;
}

/** A job that can be split. */
export interface Job {
  /** Bytes of its description. */
  readonly bytes: number;
  /** Nanoseconds that it takes on one thread, about. */
  readonly work: number;
  /** Pieces that do not depend on one another. */
  readonly count: number;
  /** A part starts at a multiple of so many pieces. */
  readonly grain: number;
  /** The most parts. Default: several per thread. */
  readonly most?: number;
}

/** Changes the description of a job, at an index of the memory's words, to one of the pieces from `from` to below `to`. */
export type Narrow = (at: number, from: number, to: number, part: number) => void;

/** Checks a number of threads. Error: it is no whole number from 1 to 64. */
export function checkThreads(threads: unknown, who: string): number {
  const count = typeof threads === "string" && threads.trim() !== "" ? Number(threads) : threads;
  if (typeof count === "number" && Number.isInteger(count) && count >= 1 && count <= MOST_THREADS) return count;
  throw new RangeError(
    `${who}: the number of threads is a whole number from 1 (none but this one) to ${MOST_THREADS}, not ${JSON.stringify(threads)}`,
  );
}

/** Splits jobs between this thread and workers, where there are any and it pays. Parts are independent outputs, so results do not depend on who computes. */
export class Threads {
  readonly routines: Routines;
  readonly #heap: Heap;
  readonly #store: Store;
  readonly #report: Report;
  readonly #descriptionAt: number;
  #options: ThreadOptions = {};
  #pool: Pool | undefined;
  #parts = 0;
  #asked = 1;
  #reason: string | undefined;
  #jobs = 0;
  #helped = 0;
  #alone = 0;

  constructor(heap: Heap, store: Store, report: Report, descriptionAt: number) {
    this.#heap = heap;
    this.#store = store;
    this.#report = report;
    this.#descriptionAt = descriptionAt;
    this.routines = new Routines(heap, store);
  }

  /** How many threads the next jobs may use; workers start when the first job is worth it. The memory must be shared. */
  ask(threads: number, options: ThreadOptions = {}): void {
    this.stop();
    this.#asked = threads;
    this.#options = options;
    this.#reason = threads > 1 ? obstacle() : undefined;
    if (this.#reason !== undefined) this.#report.note("threads", this.#reason);
  }

  /** Whether workers are wanted and possible. */
  get possible(): boolean {
    return this.#asked > 1 && this.#reason === undefined;
  }

  /** Starts the workers; fulfilled, with the threads that compute then, when they are up. */
  async start(): Promise<number> {
    if (this.possible) {
      await this.#begin().up;
    }
    return this.running;
  }

  #begin(): Pool {
    if (this.#pool !== undefined) return this.#pool;
    const { script, patience } = this.#options;
    if (this.#parts === 0) this.#parts = this.#store.borrow(256 * STRIDE);
    const pool: Pool = new Pool(this.#heap, this.#store.borrow(CONTROL_BYTES), {
      workers: this.#asked - 1,
      script,
      patience,
      lost: (reason) => {
        if (this.#pool === pool) this.#giveUp(`a worker was lost: ${reason}`);
      },
    });
    this.#pool = pool;
    return pool;
  }

  #giveUp(reason: string): void {
    this.stop();
    this.#reason = reason;
    this.#report.note("threads", reason);
  }

  /** Ends the workers. */
  stop(): void {
    const pool = this.#pool;
    this.#pool = undefined;
    pool?.stop();
  }

  /** Threads that compute now. */
  get running(): number {
    return 1 + (this.#pool?.ready ?? 0);
  }

  /** Whether so many nanoseconds of work are better split. Starts workers that are wanted and not there. */
  worth(work: number): boolean {
    if (work < WORTH || this.#asked === 1 || this.#reason !== undefined) return false;
    if (this.#pool === undefined) this.#begin().release();
    return this.running > 1;
  }

  /** Runs a function whose description lies ready, in parts that have narrowed copies of it. Error: a worker failed. */
  split(run: Run, { bytes, work, count, grain, most = PARTS * this.running }: Job, narrow: Narrow): void {
    const at = this.#descriptionAt;
    const grains = Math.ceil(count / grain);
    const wanted = Math.min(grains, most, Math.ceil(work / PART), 255);
    const pool = this.#pool;
    const routine = wanted > 1 && bytes <= STRIDE ? this.routines.of(run) : undefined;
    if (pool === undefined || routine === undefined) {
      run(at);
      return;
    }
    const start = performance.now();
    const split = this.#options.backOff === false || routine.trial.split;
    if (split) this.#together(pool, routine, { bytes, work, count, grain, most: wanted }, narrow);
    else {
      this.#alone++;
      run(at);
    }
    routine.trial.note(performance.now() - start, work);
  }

  #together(pool: Pool, routine: Routine, { bytes, count, grain, most }: Required<Job>, narrow: Narrow): void {
    const { i32 } = this.#heap;
    const at = this.#descriptionAt;
    const size = Math.ceil(Math.ceil(count / grain) / most) * grain;
    const parts = Math.ceil(count / size);
    for (let part = 0; part < parts; part++) {
      const copy = (this.#parts + part * STRIDE) / 4;
      i32.copyWithin(copy, at / 4, (at + bytes) / 4);
      narrow(copy, part * size, Math.min(count, (part + 1) * size), part);
    }
    try {
      this.#helped += parts - pool.run(routine, parts, this.#parts, STRIDE);
      this.#jobs++;
    } catch (error) {
      if (error instanceof WorkerFailure) this.#giveUp(error.message);
      throw error;
    }
  }

  /** What was done so far. */
  report(): ThreadReport {
    return { asked: this.#asked, running: this.running, jobs: this.#jobs, helped: this.#helped, alone: this.#alone, reason: this.#reason };
  }
}

/** The number of threads that GRADTAPE_THREADS asks for, else 1. Error: it is no whole number from 1 to 64. */
export function askedByEnvironment(): number {
  const asked = threadsOfEnvironment();
  return asked === undefined || asked === "" ? 1 : checkThreads(asked, "GRADTAPE_THREADS");
}

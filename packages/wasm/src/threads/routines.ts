import type { Heap } from "../memory/heap.ts";
import type { Store } from "../memory/store.ts";
import { Trial } from "./trial.ts";

/** A function of a kernel, of one description. */
export type Run = (description: number) => unknown;

/** A function that workers can run too: its number, and where in the memory they find the module that they make it from. */
export interface Routine {
  readonly call: Run;
  readonly number: number;
  /** Address and length of the module in the binary format. */
  readonly at: number;
  readonly length: number;
  /** Which export of the module it is. */
  readonly position: number;
  /** Whether it gains from threads. */
  readonly trial: Trial;
}

interface Source {
  readonly bytes: Uint8Array;
  readonly position: number;
  /** Where the bytes lie in the memory, once they do. */
  readonly place: { at: number };
}

/** Remembers what functions were compiled from, so that workers can compile them too; a module goes to the shared memory when threads first run it. */
export class Routines {
  readonly #heap: Heap;
  readonly #store: Store;
  readonly #sources = new WeakMap<object, Source>();
  readonly #routines = new WeakMap<object, Routine>();
  #count = 0;

  constructor(heap: Heap, store: Store) {
    this.#heap = heap;
    this.#store = store;
  }

  /** Notes a module's functions. What it imports from the host must be functions of Math: workers have no others. */
  note(exports: Readonly<Record<string, unknown>>, bytes: Uint8Array): void {
    const place = { at: 0 };
    Object.values(exports).forEach((value, position) => void this.#sources.set(value as object, { bytes, position, place }));
  }

  /** How workers get a function; nothing for one that they cannot have. */
  of(call: Run): Routine | undefined {
    const known = this.#routines.get(call);
    if (known !== undefined) return known;
    const source = this.#sources.get(call);
    if (source === undefined) return undefined;
    const { bytes, position, place } = source;
    if (place.at === 0) {
      place.at = this.#store.borrow(bytes.length);
      this.#heap.u8.set(bytes, place.at);
    }
    const routine = { call, number: this.#count++, at: place.at, length: bytes.length, position, trial: new Trial() };
    this.#routines.set(call, routine);
    return routine;
  }
}

/** Whether all functions that a module asks of the host are those of Math. */
export const asksMathAlone = (functions: Readonly<Record<string, unknown>>, asked: readonly string[]): boolean =>
  asked.every((name) => functions[name] === (Math as unknown as Readonly<Record<string, unknown>>)[name]);

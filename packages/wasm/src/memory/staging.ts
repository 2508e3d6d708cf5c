import type { Storage, TypedArray, View } from "@gradtape/core";
import { bytesOf, type Heap } from "./heap.ts";
import { WasmStorage } from "./storage.ts";
import type { Store } from "./store.ts";

/** What a kernel does with a view. */
export type Access = "read" | "write" | "readwrite";

interface Stay {
  storage: Storage;
  /** First and last element that some view shows. */
  low: number;
  high: number;
  copyIn: boolean;
  copyOut: boolean;
  pointer: number;
  /** Bytes borrowed for it; 0 when it lies in the arena. */
  borrowed: number;
}

const LOOP = 64;

/** Copies elements between arrays of one kind; short runs by a loop, because a view on a typed array costs more than the copy. */
export function copy(from: TypedArray, start: number, to: TypedArray, at: number, length: number): void {
  if (length > LOOP) to.set(start === 0 && length === from.length ? from : from.subarray(start, start + length), at);
  else for (let i = 0; i < length; i++) to[at + i] = from[start + i];
}

/** The same for float32, which is nearly always the case: an engine makes the fastest loop where it sees one kind of array. */
export function copyFloats(from: Float32Array, start: number, to: Float32Array, at: number, length: number): void {
  if (length > LOOP) to.set(start === 0 && length === from.length ? from : from.subarray(start, start + length), at);
  else for (let i = 0; i < length; i++) to[at + i] = from[start + i];
}

/** The array of a storage of the host. */
const arrayOf = (storage: Storage): TypedArray => storage.data as TypedArray;

/**
 * Brings operands that are not in the memory into it for one kernel, and results out of it. `address` every view, then `enter`, then read the
 * addresses, run, and `leave`.
 */
export class Staging {
  readonly #heap: Heap;
  readonly #store: Store;
  readonly #start: number;
  readonly #end: number;
  readonly #stays: Stay[] = [];
  #count = 0;

  /** Small operands go to the arena between the two addresses, large ones borrow blocks. */
  constructor(heap: Heap, store: Store, start: number, end: number) {
    this.#heap = heap;
    this.#store = store;
    this.#start = start;
    this.#end = end;
  }

  /** Announces a view: tells its address in the memory, or -1 - k when it will be the k-th guest. */
  announce(view: View, access: Access): number {
    const { storage } = view;
    if (storage instanceof WasmStorage && storage.heap === this.#heap) {
      if (storage.pointer > 0) return storage.pointer + view.offset * bytesOf[view.dtype];
      if (storage.freed) throw storage.freedError();
    }
    let low = view.offset;
    let high = view.offset;
    let size = 1;
    for (let d = 0; d < view.shape.length; d++) {
      const reach = (view.shape[d] - 1) * view.strides[d];
      size *= view.shape[d];
      if (reach < 0) low += reach;
      else high += reach;
    }
    if (size === 0) high = low - 1;
    const copyIn = access !== "write" || high - low + 1 !== size;
    return -1 - this.#guest(storage, low, high, copyIn, access !== "read");
  }

  #guest(storage: Storage, low: number, high: number, copyIn: boolean, copyOut: boolean): number {
    for (let k = 0; k < this.#count; k++) {
      const stay = this.#stays[k];
      if (stay.storage !== storage) continue;
      stay.copyIn ||= copyIn || low < stay.low || high > stay.high;
      stay.low = Math.min(stay.low, low);
      stay.high = Math.max(stay.high, high);
      stay.copyOut ||= copyOut;
      return k;
    }
    const stay = this.#stays[this.#count];
    if (stay === undefined) this.#stays.push({ storage, low, high, copyIn, copyOut, pointer: 0, borrowed: 0 });
    else {
      stay.storage = storage;
      stay.low = low;
      stay.high = high;
      stay.copyIn = copyIn;
      stay.copyOut = copyOut;
    }
    return this.#count++;
  }

  /** Copies the guests in. */
  enter(): void {
    let at = this.#start;
    for (let k = 0; k < this.#count; k++) {
      const stay = this.#stays[k];
      const size = bytesOf[stay.storage.dtype];
      const length = stay.high - stay.low + 1;
      const bytes = length * size;
      if (at + bytes <= this.#end) {
        stay.pointer = at;
        stay.borrowed = 0;
        at = (at + bytes + 63) & ~63;
      } else {
        stay.pointer = this.#store.borrow(bytes);
        stay.borrowed = bytes;
      }
    }
    for (let k = 0; k < this.#count; k++) {
      const { storage, low, high, pointer, copyIn } = this.#stays[k];
      if (copyIn) copy(arrayOf(storage), low, this.#heap.elements(storage.dtype), pointer / bytesOf[storage.dtype], high - low + 1);
    }
  }

  /** The address of a view that was announced with this answer. */
  address(view: View, announced: number): number {
    if (announced >= 0) return announced;
    const stay = this.#stays[-1 - announced];
    return stay.pointer + (view.offset - stay.low) * bytesOf[view.dtype];
  }

  /** Copies results out and lets go of everything. */
  leave(): void {
    for (let k = 0; k < this.#count; k++) {
      const stay = this.#stays[k];
      const { storage, low, high, pointer } = stay;
      if (stay.copyOut) copy(this.#heap.elements(storage.dtype), pointer / bytesOf[storage.dtype], arrayOf(storage), low, high - low + 1);
      if (stay.borrowed > 0) this.#store.restore(pointer, stay.borrowed);
      stay.storage = nobody;
    }
    this.#count = 0;
  }

  /** Forgets what was announced, after an error. */
  cancel(): void {
    for (let k = 0; k < this.#count; k++) this.#stays[k].storage = nobody;
    this.#count = 0;
  }
}

const nobody = {} as Storage;

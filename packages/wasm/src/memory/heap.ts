import type { DType, TypedArray } from "@gradtape/core";
import { MAX_PAGES } from "../assembler/index.ts";

const PAGE = 65536;
const MEBIBYTE = 2 ** 20;

/** Bytes of one element. */
export const bytesOf: Readonly<Record<DType, number>> = { float32: 4, float64: 8, int32: 4, bool: 1 };

/** The same; nearly all elements are float32, and a comparison is faster than a look-up by name. */
export const sizeOfElement = (dtype: DType): number => (dtype === "float32" ? 4 : bytesOf[dtype]);

/** How the memory of a backend is made. */
export interface HeapOptions {
  /** Whether workers may share it; needs SharedArrayBuffer. Default false. */
  readonly shared?: boolean;
  /** What it may grow to, in bytes. Default 4 GiB, the most that 32-bit addresses reach. */
  readonly maximumBytes?: number;
}

/** The WebAssembly memory that all kernels share, and typed arrays over the whole of it, which are fresh after every growth. */
export class Heap {
  memory: WebAssembly.Memory;
  shared: boolean;
  /** Counts growths; arrays made in an earlier generation may be detached. */
  generation = 0;
  f32!: Float32Array;
  f64!: Float64Array;
  i32!: Int32Array;
  u8!: Uint8Array;
  readonly #maximum: number;

  constructor({ shared = false, maximumBytes = MAX_PAGES * PAGE }: HeapOptions = {}) {
    this.#maximum = Math.min(MAX_PAGES, Math.floor(maximumBytes / PAGE));
    this.shared = shared;
    this.memory = new WebAssembly.Memory({ initial: Math.min(this.#maximum, (16 * MEBIBYTE) / PAGE), maximum: this.#maximum, shared });
    this.#refresh();
  }

  /** Bytes in the memory now. */
  get size(): number {
    return this.u8.length;
  }

  /** What the memory may grow to, in bytes. */
  get maximum(): number {
    return this.#maximum * PAGE;
  }

  /** Grows until addresses below `end` exist, in large steps because growth detaches arrays; tells whether they do. */
  reach(end: number): boolean {
    if (end <= this.size) return true;
    const pages = this.size / PAGE;
    const needed = Math.ceil(end / PAGE);
    if (needed > this.#maximum) return false;
    const generous = Math.min(this.#maximum, Math.max(needed, Math.min(2 * pages, pages + (256 * MEBIBYTE) / PAGE)));
    const grown = [generous, needed].some((target) => this.#grow(target - pages));
    if (grown) this.#refresh();
    return grown;
  }

  #grow(pages: number): boolean {
    try {
      this.memory.grow(pages);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Moves everything to a memory that workers may share. Addresses stay; arrays over the old memory are detached, as after a growth. Modules must be
   * compiled anew: they say whether their memory is shared. Error: there is no room for the second memory.
   */
  share(): void {
    if (this.shared) return;
    const memory = new WebAssembly.Memory({ initial: this.size / PAGE, maximum: this.#maximum, shared: true });
    new Uint8Array(memory.buffer).set(this.u8);
    this.memory.grow(0);
    this.memory = memory;
    this.shared = true;
    this.#refresh();
  }

  #refresh(): void {
    const { buffer } = this.memory;
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u8 = new Uint8Array(buffer);
    this.generation++;
  }

  /** The whole memory as elements of a dtype. */
  elements(dtype: DType): TypedArray {
    return dtype === "float32" ? this.f32 : dtype === "float64" ? this.f64 : dtype === "int32" ? this.i32 : this.u8;
  }

  /** A typed array over some elements; good until the memory grows. */
  window(dtype: DType, pointer: number, length: number): TypedArray {
    const at = pointer / bytesOf[dtype];
    return this.elements(dtype).subarray(at, at + length);
  }
}

import type { DType, Lifetime, Storage } from "@gradtape/core";
import { Arrays } from "./arrays.ts";
import { Blocks, capacityOf } from "./blocks.ts";
import { type Heap, sizeOfElement } from "./heap.ts";
import { type Block, WasmStorage } from "./storage.ts";

const MEBIBYTE = 2 ** 20;

/** Where storages go. */
export interface StoreOptions {
  /** Values of fewer bytes are arrays of their own, which kernels copy in and out. Default 64 KiB. */
  readonly smallBytes?: number;
  /**
   * How much of the memory may wait for the collector. Finalizers do not run inside a long synchronous loop; what exceeds the budget goes to
   * arrays, which the collector frees at any time. Default 512 MiB.
   */
  readonly budgetBytes?: number;
}

/** Who holds how much, in bytes. */
export interface MemoryReport {
  /** Size of the WebAssembly memory now, and what it may grow to. */
  readonly size: number;
  readonly maximum: number;
  /** Parameters, buffers of modules, state of optimizers. */
  readonly variables: { readonly count: number; readonly bytes: number };
  /** Values that tensors show, or whose tensors wait for the collector. */
  readonly values: { readonly count: number; readonly bytes: number };
  /** Blocks that were given back and wait for reuse. */
  readonly free: number;
  /** How many large values went to arrays because the budget or the memory was spent, so far. */
  readonly spilled: { readonly count: number; readonly bytes: number };
}

const show = (bytes: number): string => `${(bytes / MEBIBYTE).toFixed(1)} MiB`;

/** Gives out storages and takes them back: by `free`, and by finalizers when nobody holds them any more. */
export class Store {
  readonly #heap: Heap;
  readonly #blocks: Blocks;
  readonly #arrays = new Arrays(64 * MEBIBYTE);
  readonly #small: number;
  readonly #budget: number;
  readonly #held = { variable: { count: 0, bytes: 0 }, value: { count: 0, bytes: 0 } };
  readonly #spilled = { count: 0, bytes: 0 };
  readonly #registry = new FinalizationRegistry<Block>((block) => this.#take(block));

  constructor(heap: Heap, start: number, { smallBytes = 65536, budgetBytes = 512 * MEBIBYTE }: StoreOptions = {}) {
    this.#heap = heap;
    this.#blocks = new Blocks(heap, start);
    this.#small = smallBytes;
    this.#budget = budgetBytes;
  }

  /** Memory for some elements; its contents are undefined. Error: variables do not fit any more. */
  allocate(dtype: DType, length: number, lifetime: Lifetime): WasmStorage {
    const bytes = length * sizeOfElement(dtype);
    if (lifetime === "value" && bytes < this.#small) return this.#array(dtype, length);
    const pointer = lifetime === "variable" || this.#held.value.bytes + bytes <= this.#budget ? this.#blocks.take(bytes) : 0;
    if (pointer === 0) {
      if (lifetime === "variable") throw this.exhausted(`a variable of ${length} ${dtype} elements`, bytes);
      this.#spilled.count++;
      this.#spilled.bytes += bytes;
      return this.#array(dtype, length);
    }
    const storage = new WasmStorage(this.#heap, dtype, length, pointer);
    const block = { pointer, bytes, lifetime };
    const held = this.#held[lifetime];
    held.count++;
    held.bytes += capacityOf(bytes);
    storage.block = block;
    this.#registry.register(storage, block, storage);
    return storage;
  }

  #array(dtype: DType, length: number): WasmStorage {
    return new WasmStorage(this.#heap, dtype, length, 0, this.#arrays.take(dtype, length));
  }

  /** Takes a storage back at once; ones of other backends are left alone. Error: it was given back before. */
  free(storage: Storage): void {
    if (!(storage instanceof WasmStorage)) return;
    if (storage.freed) throw storage.freedError();
    const array = storage.release();
    if (array !== undefined) {
      this.#arrays.give(storage.dtype, array);
      return;
    }
    this.#registry.unregister(storage);
    this.#take(storage.block as Block);
  }

  #take({ pointer, bytes, lifetime }: Block): void {
    const held = this.#held[lifetime];
    held.count--;
    held.bytes -= capacityOf(bytes);
    this.#blocks.give(pointer, bytes);
  }

  /** A block for a moment; error when the memory is exhausted. */
  borrow(bytes: number): number {
    const pointer = this.#blocks.take(bytes);
    if (pointer === 0) throw this.exhausted("a kernel's operands", bytes);
    return pointer;
  }

  /** Gives a borrowed block back. */
  restore(pointer: number, bytes: number): void {
    this.#blocks.give(pointer, bytes);
  }

  /** Who holds how much. */
  report(): MemoryReport {
    return {
      size: this.#heap.size,
      maximum: this.#heap.maximum,
      variables: { ...this.#held.variable },
      values: { ...this.#held.value },
      free: this.#blocks.freeBytes,
      spilled: { ...this.#spilled },
    };
  }

  /** The error of a request that does not fit. */
  exhausted(what: string, bytes: number): Error {
    const { maximum, variables, values, free } = this.report();
    return new RangeError(
      `wasm: no memory for ${what}, ${show(bytes)}; of ${show(maximum)}, ${variables.count} variables (parameters, optimizer state) hold ${show(variables.bytes)}, ` +
        `${values.count} values hold ${show(values.bytes)}, ${show(free)} are free in pieces; use a smaller batch or model, or drop tensors that you still hold`,
    );
  }
}

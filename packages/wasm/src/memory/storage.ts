import { cpu, type Device, type DType, type Lifetime, type Storage, type TypedArray } from "@gradtape/core";
import { bytesOf, type Heap } from "./heap.ts";

const FREED = -1;

/** A piece of the memory that a storage owns, and how long. */
export interface Block {
  readonly pointer: number;
  readonly bytes: number;
  readonly lifetime: Lifetime;
}

/** Keeps a storage alive as long as somebody holds an array over its memory, so that the memory is not given to another meanwhile. */
const storageOf = new WeakMap<TypedArray, WasmStorage>();

/** Elements at an address of the WebAssembly memory, or in an array of their own (`pointer` is 0), which kernels copy in and out. */
export class WasmStorage implements Storage {
  version = 0;
  holders = -1;
  /** The block of the memory that it owns. */
  block: Block | undefined;
  #array: TypedArray | undefined;
  #generation = -1;

  constructor(
    readonly heap: Heap,
    readonly dtype: DType,
    readonly length: number,
    /** Address in the memory; 0 for an array of its own. */
    public pointer: number,
    array?: TypedArray,
  ) {
    this.#array = array;
  }

  get device(): Device {
    return cpu;
  }

  /** Bytes of the elements. */
  get bytes(): number {
    return this.length * bytesOf[this.dtype];
  }

  /** The values. An array in the memory is good until the memory grows; ask again instead of keeping it. Error: the memory was given back. */
  get data(): TypedArray {
    if (this.pointer > 0) {
      if (this.#generation !== this.heap.generation) {
        this.#array = this.heap.window(this.dtype, this.pointer, this.length);
        this.#generation = this.heap.generation;
        storageOf.set(this.#array, this);
      }
      return this.#array as TypedArray;
    }
    if (this.pointer === FREED) throw this.freedError();
    return this.#array as TypedArray;
  }

  /** The values, where they are float32 in an array of their own. */
  get floats(): Float32Array | undefined {
    return this.pointer === 0 && this.dtype === "float32" ? (this.#array as Float32Array) : undefined;
  }

  /** What to say to whoever reads memory that was given back. */
  freedError(): Error {
    return new Error(
      `this ${this.dtype} memory of ${this.length} elements was given back to the wasm backend, by scope(), dispose() or its owner; return it from the scope, or keep(tensor) before`,
    );
  }

  /** Whether the memory was given back. */
  get freed(): boolean {
    return this.pointer === FREED;
  }

  /** Lets go of the memory: every later read is an error. Returns the array, if the storage had one of its own. */
  release(): TypedArray | undefined {
    const array = this.pointer === 0 ? this.#array : undefined;
    this.pointer = FREED;
    this.#array = undefined;
    return array;
  }
}

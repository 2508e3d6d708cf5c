import { type DType, dtypes, type TypedArray } from "@gradtape/core";

const make: Readonly<Record<DType, (length: number) => TypedArray>> = {
  float32: (length) => new Float32Array(length),
  float64: (length) => new Float64Array(length),
  int32: (length) => new Int32Array(length),
  bool: (length) => new Uint8Array(length),
};

/** Arrays that were given back, by dtype and length: taking one is a hundred times cheaper than making one. */
export class Arrays {
  readonly #lists = Object.fromEntries(dtypes.map((dtype) => [dtype, new Map<number, TypedArray[]>()])) as Record<DType, Map<number, TypedArray[]>>;
  #room: number;

  /** Keeps at most so many bytes. */
  constructor(limit: number) {
    this.#room = limit;
  }

  /** An array; its contents are undefined. */
  take(dtype: DType, length: number): TypedArray {
    const array = this.#lists[dtype].get(length)?.pop();
    if (array === undefined) return make[dtype](length);
    this.#room += array.byteLength;
    return array;
  }

  /** Takes an array back. */
  give(dtype: DType, array: TypedArray): void {
    if (array.byteLength > this.#room) return;
    this.#room -= array.byteLength;
    const list = this.#lists[dtype].get(array.length);
    if (list === undefined) this.#lists[dtype].set(array.length, [array]);
    else list.push(array);
  }
}

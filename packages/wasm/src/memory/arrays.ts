import { type DType, dtypes, type TypedArray } from "@gradtape/core";

const makers: Readonly<Record<DType, (length: number) => TypedArray>> = {
  float32: (length) => new Float32Array(length),
  float64: (length) => new Float64Array(length),
  int32: (length) => new Int32Array(length),
  bool: (length) => new Uint8Array(length),
};

/** Arrays that were given back, by dtype and length: taking one is a hundred times cheaper than making one. */
export class Arrays {
  readonly #floats = new Map<number, TypedArray[]>();
  readonly #lists = Object.fromEntries(dtypes.map((dtype) => [dtype, new Map<number, TypedArray[]>()])) as Record<DType, Map<number, TypedArray[]>>;
  #room: number;

  /** Keeps at most so many bytes. */
  constructor(limit: number) {
    this.#room = limit;
  }

  // Nearly all are float32, and a comparison is faster than a look-up by name.
  #listsOf(dtype: DType): Map<number, TypedArray[]> {
    return dtype === "float32" ? this.#floats : this.#lists[dtype];
  }

  /** An array; its contents are undefined. */
  take(dtype: DType, length: number): TypedArray {
    const array = this.#listsOf(dtype).get(length)?.pop();
    if (array === undefined) return dtype === "float32" ? new Float32Array(length) : makers[dtype](length);
    this.#room += array.byteLength;
    return array;
  }

  /** Takes an array back. */
  give(dtype: DType, array: TypedArray): void {
    if (array.byteLength > this.#room) return;
    this.#room -= array.byteLength;
    const lists = this.#listsOf(dtype);
    const list = lists.get(array.length);
    if (list === undefined) lists.set(array.length, [array]);
    else list.push(array);
  }
}

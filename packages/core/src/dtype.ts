/** Element type of a tensor. `bool` is stored as 0 and 1 in bytes. */
export type DType = "float32" | "float64" | "int32" | "bool";

/** The typed arrays that hold tensors on the host. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array;

const arrays = { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array } as const;

/** Every dtype, from the narrowest to the widest in the order of promotion. */
export const dtypes: readonly DType[] = ["bool", "int32", "float32", "float64"];

/** A zero-filled typed array of `length` elements of `dtype`. */
export const newArray = (dtype: DType, length: number): TypedArray => new arrays[dtype](length);

/** Whether values of this dtype can carry gradients. */
export const isFloat = (dtype: DType): boolean => dtype === "float32" || dtype === "float64";

/** The dtype whose typed array this is; bytes count as `int32` because `bool` must be asked for. */
export function dtypeOf(array: ArrayBufferView): DType | undefined {
  if (array instanceof Float32Array) return "float32";
  if (array instanceof Float64Array) return "float64";
  return array instanceof DataView ? undefined : "int32";
}

/** The wider of two dtypes: bool < int32 < float32 < float64. */
export const promote = (a: DType, b: DType): DType => (dtypes.indexOf(a) >= dtypes.indexOf(b) ? a : b);

/** Checks that a value is a dtype; the error names `op` and lists the known ones. */
export function checkDType(op: string, dtype: unknown): asserts dtype is DType {
  if (!dtypes.includes(dtype as DType)) throw new TypeError(`${op}: unknown dtype ${String(dtype)}; use one of ${dtypes.join(", ")}`);
}

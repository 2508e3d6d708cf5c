/** An array read from an IDX file: row-major data in the host's byte order. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
}

/** Element types by the third byte of the magic number: name, bytes per element, array, reader. */
const elements = {
  8: { name: "uint8", size: 1, array: Uint8Array, read: "getUint8" },
  9: { name: "int8", size: 1, array: Int8Array, read: "getInt8" },
  11: { name: "int16", size: 2, array: Int16Array, read: "getInt16" },
  12: { name: "int32", size: 4, array: Int32Array, read: "getInt32" },
  13: { name: "float32", size: 4, array: Float32Array, read: "getFloat32" },
  14: { name: "float64", size: 8, array: Float64Array, read: "getFloat64" },
} as const;

interface IdxHeader {
  readonly element: (typeof elements)[keyof typeof elements];
  readonly shape: readonly number[];
  readonly headerSize: number;
  /** Bytes of the whole file. */
  readonly size: number;
}

/**
 * Reads an IDX file (LeCun, "The MNIST database", file formats): magic 0, 0, type, rank; big-endian dimensions; big-endian values.
 * Every field and the exact size are checked; `name` stands for the file in errors.
 */
export function readIdx(bytes: Uint8Array, { name = "IDX data" }: { readonly name?: string } = {}): IdxArray {
  const header = idxHeader(bytes, name);
  if (!header) throw new RangeError(`${name}: truncated inside the header after ${bytes.length} bytes; download the file again`);
  const { element, shape, headerSize, size } = header;
  if (bytes.length !== size)
    throw new RangeError(
      `${name}: ${element.name} [${shape.join(",")}] needs ${size} bytes with its header, found ${bytes.length}; the file is ${bytes.length < size ? "truncated" : "too long"}, download it again`,
    );
  const count = (size - headerSize) / element.size;
  if (element.size === 1) return { shape, data: new element.array(new Uint8Array(bytes.subarray(headerSize)).buffer) };
  const view = new DataView(bytes.buffer, bytes.byteOffset + headerSize);
  const data = new element.array(count);
  for (let k = 0; k < count; k++) data[k] = view[element.read](k * element.size);
  return { shape, data };
}

/** The header at the start of `bytes`, or undefined while there are too few bytes to tell; an error when they cannot be IDX. */
export function idxHeader(bytes: Uint8Array, name: string): IdxHeader | undefined {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b)
    throw new RangeError(`${name}: is gzip; decompress it first (mnist() and loadMnist() do that themselves)`);
  if (bytes.length < 4) return undefined;
  const element = elements[bytes[2] as keyof typeof elements];
  if (bytes[0] !== 0 || bytes[1] !== 0 || !element)
    throw new RangeError(
      `${name}: magic number ${magic(bytes)} is not IDX; expected 0x0000TTRR with type TT one of 08 09 0b 0c 0d 0e. Is it the right file?`,
    );
  const rank = bytes[3];
  const headerSize = 4 + 4 * rank;
  if (bytes.length < headerSize) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = headerSize + shape.reduce((a, b) => a * b, element.size);
  if (!Number.isSafeInteger(size) || size > 2 ** 32)
    throw new RangeError(`${name}: the header declares [${shape.join(",")}] ${element.name}, over 4 GiB; the file is damaged, download it again`);
  return { element, shape, headerSize, size };
}

/** The first four bytes as 0x00000803. */
export function magic(bytes: Uint8Array): string {
  return `0x${Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

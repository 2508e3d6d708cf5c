import { repeatedKey } from "./json.ts";

/** A tensor as safetensors holds it: dtype by its safetensors name, row-major data. BOOL is one byte, 0 or 1. */
export type StoredTensor = { readonly shape: readonly number[] } & (
  | { readonly dtype: "F32"; readonly data: Float32Array }
  | { readonly dtype: "F64"; readonly data: Float64Array }
  | { readonly dtype: "I32"; readonly data: Int32Array }
  | { readonly dtype: "U8" | "BOOL"; readonly data: Uint8Array }
);

/** What a safetensors file holds. */
export interface Safetensors {
  readonly tensors: Record<string, StoredTensor>;
  readonly metadata: Record<string, string>;
}

const arrays = { F64: Float64Array, F32: Float32Array, I32: Int32Array, U8: Uint8Array, BOOL: Uint8Array } as const;
type StoredType = keyof typeof arrays;

const reserved = new Set(["__metadata__", "__proto__", "constructor", "prototype"]);
const longestHeader = 100_000_000; // as in the reference implementation

/** Whether a tensor may have this name: not `__metadata__`, nor a name that JavaScript objects give a meaning to. */
export function isTensorName(name: string): boolean {
  return !reserved.has(name);
}

/**
 * Writes the safetensors format (Hugging Face, github.com/huggingface/safetensors): header length (uint64, little-endian), JSON header padded to 8 bytes, data, widest elements first so that all are aligned.
 * An error names the tensor whose name, dtype, shape and data do not fit.
 */
export function writeSafetensors(tensors: Readonly<Record<string, StoredTensor>>, metadata?: Readonly<Record<string, string>>): Uint8Array {
  const entries = Object.entries(tensors);
  for (const [name, { dtype, shape, data }] of entries) {
    if (!isTensorName(name)) throw new TypeError(`writeSafetensors: "${name}" is a reserved name; rename the tensor`);
    if (!Object.hasOwn(arrays, dtype))
      throw new TypeError(`writeSafetensors: ${name} has dtype ${dtype}; expected one of ${Object.keys(arrays).join(", ")}`);
    if (!(data instanceof arrays[dtype])) throw new TypeError(`writeSafetensors: ${name} is ${dtype}; expected a ${arrays[dtype].name}`);
    if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || product(shape) !== data.length)
      throw new RangeError(`writeSafetensors: ${name} has shape [${shape.join(",")}] and ${data.length} values; they must agree`);
  }
  entries.sort(([, a], [, b]) => arrays[b.dtype].BYTES_PER_ELEMENT - arrays[a.dtype].BYTES_PER_ELEMENT);
  const header: [string, unknown][] = metadata ? [["__metadata__", metadata]] : [];
  let size = 0;
  for (const [name, { dtype, shape, data }] of entries) header.push([name, { dtype, shape, data_offsets: [size, (size += data.byteLength)] }]);
  for (const [key, value] of Object.entries(metadata ?? {}))
    if (typeof value !== "string") throw new TypeError(`writeSafetensors: metadata "${key}" is ${typeof value}; the format allows strings only`);
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const start = 8 + Math.ceil(json.length / 8) * 8;
  if (start - 8 > longestHeader)
    throw new RangeError(`writeSafetensors: the header takes ${start - 8} bytes, at most ${longestHeader} are allowed; shorten the metadata`);
  const bytes = new Uint8Array(start + size).fill(0x20, 8, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(json, 8);
  let at = start;
  for (const [, { data }] of entries) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a safetensors file, from whomever it comes: lengths, offsets (no overlap, no hole, nothing left over), shapes, dtypes and names are checked
 * before anything is copied, and each fault is an Error that names `name`, what was expected and what was found. Dtypes F64, F32, I32, U8 and BOOL.
 */
export function readSafetensors(bytes: Uint8Array, { name = "safetensors" }: { readonly name?: string } = {}): Safetensors {
  const fail = (what: string): never => {
    throw new RangeError(`${name}: ${what}; the file is damaged or not safetensors, write or download it again`);
  };
  if (bytes.length < 8) fail(`expected 8 bytes of header length, found ${bytes.length} bytes`);
  const declared = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (declared > longestHeader) fail(`the header declares ${declared} bytes, more than ${longestHeader}`);
  const start = 8 + Number(declared);
  if (start > bytes.length) fail(`the header declares ${declared} bytes, ${bytes.length - 8} follow`);
  const header = parse(bytes.subarray(8, start), fail);
  const metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(record(header.__metadata__ ?? {}, "__metadata__", fail))) {
    if (key === "__proto__") fail('metadata has the reserved key "__proto__"');
    if (typeof value !== "string") fail(`metadata "${key}" is not a string`);
    metadata[key] = value as string;
  }
  const entries = Object.entries(header)
    .filter(([key]) => key !== "__metadata__")
    .map(([key, value]) => entry(key, value, bytes.length - start, fail))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const next of entries) {
    if (next.begin !== end)
      fail(`tensor "${next.key}" begins at byte ${next.begin}, the one before ends at ${end}: ${next.begin < end ? "an overlap" : "a hole"}`);
    end = next.end;
  }
  if (end !== bytes.length - start) fail(`the tensors end at byte ${end} of ${bytes.length - start} bytes of data`);
  const tensors: Record<string, StoredTensor> = {};
  for (const { key, dtype, shape, begin, end } of entries) {
    const data = new arrays[dtype](new Uint8Array(bytes.subarray(start + begin, start + end)).buffer);
    const bad = dtype === "BOOL" ? data.findIndex((value) => value > 1) : -1;
    if (bad >= 0) fail(`tensor "${key}" is BOOL and has the byte ${data[bad]}`);
    tensors[key] = { dtype, shape, data } as StoredTensor;
  }
  return { tensors, metadata };
}

type Fail = (what: string) => never;

function parse(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  let header: unknown;
  let text = "";
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    fail(`the header is not JSON (${(error as Error).message})`);
  }
  const twice = repeatedKey(text);
  if (twice !== undefined) fail(`the header has the name "${twice}" twice`);
  return record(header, "the header", fail);
}

function record(value: unknown, what: string, fail: Fail): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : fail(`${what} is not an object`);
}

function entry(
  key: string,
  value: unknown,
  size: number,
  fail: Fail,
): { key: string; dtype: StoredType; shape: number[]; begin: number; end: number } {
  if (!isTensorName(key)) fail(`"${key}" is a reserved name`);
  const { dtype, shape, data_offsets: offsets, ...rest } = record(value, `tensor "${key}"`, fail);
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) fail(`tensor "${key}" has the unknown field "${unknown}"`);
  if (typeof dtype !== "string" || !Object.hasOwn(arrays, dtype))
    return fail(
      `tensor "${key}" has dtype ${JSON.stringify(dtype)}, expected one of ${Object.keys(arrays).join(", ")} (convert others, to F32 say, where they are written)`,
    );
  if (!isSizes(shape)) return fail(`tensor "${key}" has shape ${JSON.stringify(shape)}, expected integers >= 0`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1] || offsets[1] > size)
    return fail(`tensor "${key}" has data_offsets ${JSON.stringify(offsets)}, expected begin <= end <= ${size}`);
  const [begin, end] = offsets;
  const expected = product(shape) * arrays[dtype as StoredType].BYTES_PER_ELEMENT;
  if (end - begin !== expected) fail(`tensor "${key}", ${dtype} [${shape.join(",")}], needs ${expected} bytes, has ${end - begin}`);
  return { key, dtype: dtype as StoredType, shape, begin, end };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

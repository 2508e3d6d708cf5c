import { Tensor, tensor } from "@gradtape/core";
import { crc32 } from "./checksum.ts";
import { readBytes, writeAtomically } from "./disk.ts";
import { isTensorName, readSafetensors, type StoredTensor, writeSafetensors } from "./safetensors.ts";

/**
 * What a checkpoint may hold, at any depth: tensors, typed arrays (float32, float64, int32, uint8), every number (NaN, ±Infinity and -0 too), bigint,
 * string, boolean, null, undefined, arrays and plain objects. Tensors come back without gradients, on the CPU. For a training run: `{ model, optimizer, scheduler, loader, generator, step }`.
 */
// biome-ignore lint/suspicious/noExplicitAny: the reader of a checkpoint knows what was written
export type Checkpoint = Record<string, any>;

type StoredArray = Float32Array | Float64Array | Int32Array | Uint8Array;

const version = "1";
const deepest = 500;
const storedTypes = { float32: "F32", float64: "F64", int32: "I32", bool: "BOOL" } as const;
const dtypes = { F32: "float32", F64: "float64", I32: "int32", BOOL: "bool" } as const;

/**
 * Encodes a tree as one safetensors file: tensors at their dtype under their path ("model.0.weight"), everything else as JSON in `__metadata__`, where
 * `{"$tensor": name}` and its like stand for what JSON lacks, and a CRC-32 of the whole. A tensor that occurs twice is stored once.
 * An error names the path of a value that cannot be stored.
 */
export function encodeCheckpoint(tree: object): Uint8Array {
  const tensors: Record<string, StoredTensor> = {};
  const names = new Map<object, string>();
  const store = (value: Tensor | StoredArray, path: string): string => {
    let name = path;
    for (let k = 2; !isTensorName(name) || Object.hasOwn(tensors, name); k++) name = `${path}#${k}`;
    names.set(value, name);
    tensors[name] =
      value instanceof Tensor
        ? ({ dtype: storedTypes[value.dtype], shape: value.shape, data: value.data() } as StoredTensor)
        : ({ dtype: arrayType(value), shape: [value.length], data: value } as StoredTensor);
    return name;
  };
  const encode = (value: unknown, path: string, above: readonly object[]): unknown => {
    if (typeof value === "number")
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? "-0" : String(value) };
    if (typeof value === "bigint") return { $bigint: String(value) };
    if (value === undefined) return { $undefined: true };
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (value instanceof Tensor) return { $tensor: names.get(value) ?? store(value, path) };
    if (isStoredArray(value)) return { $array: names.get(value) ?? store(value, path) };
    if (typeof value !== "object") throw new TypeError(`encodeCheckpoint: ${path} is a ${typeof value}; a checkpoint holds data only`);
    if (above.includes(value)) throw new TypeError(`encodeCheckpoint: ${path} contains itself`);
    if (above.length >= deepest) throw new RangeError(`encodeCheckpoint: ${path.slice(0, 60)}… is nested more than ${deepest} deep`);
    const inside = [...above, value];
    const at = (key: string | number) => (path === "" ? String(key) : `${path}.${key}`);
    if (Array.isArray(value)) return Array.from(value, (item, k) => encode(item, at(k), inside));
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null)
      throw new TypeError(`encodeCheckpoint: ${path} is a ${value.constructor?.name ?? "class instance"}; store its stateDict() or a plain object`);
    const entries = Object.entries(value).map(([key, item]) => {
      if (key === "__proto__") throw new TypeError(`encodeCheckpoint: ${at(key)} has a reserved name; rename it`);
      return [key.startsWith("$") ? `$${key}` : key, encode(item, at(key), inside)];
    });
    return Object.fromEntries(entries);
  };
  const json = JSON.stringify(encode(tree, "", []));
  return writeSafetensors(tensors, { format: "gradtape", version, tree: json, checksum: checksum(json, tensors) });
}

/** Decodes what {@link encodeCheckpoint} made; truncated, changed or foreign bytes are an Error that says what is wrong, never a partial tree. `name` stands for the file in errors. */
export function decodeCheckpoint<T extends object = Checkpoint>(bytes: Uint8Array, { name = "checkpoint" }: { readonly name?: string } = {}): T {
  const { tensors, metadata } = readSafetensors(bytes, { name });
  const fail = (what: string): never => {
    throw new RangeError(`${name}: ${what}`);
  };
  if (metadata.format !== "gradtape" || metadata.tree === undefined)
    fail("is safetensors without a Gradtape tree; read its tensors with readSafetensors");
  if (metadata.version !== version) fail(`has checkpoint version ${metadata.version}, this reader knows ${version}; update @gradtape/data`);
  const json = metadata.tree;
  if (checksum(json, tensors) !== metadata.checksum) fail("the checksum differs: bytes were changed after writing; take an earlier checkpoint");
  const made = new Map<string, Tensor | StoredArray>();
  const take = (stored: unknown, asTensor: boolean): Tensor | StoredArray => {
    const found =
      typeof stored === "string" && Object.hasOwn(tensors, stored)
        ? tensors[stored]
        : fail(`the tree names the tensor ${JSON.stringify(stored)}, which is not there`);
    const key = `${asTensor} ${stored as string}`;
    let value = made.get(key);
    if (value === undefined) {
      if (!asTensor) value = found.data;
      else if (found.dtype === "U8") return fail(`the tree has ${JSON.stringify(stored)} as a tensor, it is stored as bytes`);
      else value = tensor(found.data, { shape: found.shape, dtype: dtypes[found.dtype] });
      made.set(key, value);
    }
    return value;
  };
  const decode = (value: unknown, depth: number): unknown => {
    if (depth > deepest + 1) fail(`the tree is nested more than ${deepest} deep`);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => decode(item, depth + 1));
    const entries = Object.entries(value as Record<string, unknown>);
    const [key, content] = entries[0] ?? [""];
    if (key === "$tensor") return take(content, true);
    if (key === "$array") return take(content, false);
    if (key === "$number") return Number(content);
    if (key === "$bigint") return BigInt(content as string);
    if (key === "$undefined") return undefined;
    if (entries.some(([key]) => key === "__proto__")) fail('the tree has the reserved name "__proto__"');
    return Object.fromEntries(entries.map(([key, item]) => [key.startsWith("$$") ? key.slice(1) : key, decode(item, depth + 1)]));
  };
  return decode(JSON.parse(json), 0) as T;
}

/** Writes a checkpoint file in Node, Deno or Bun, as a whole or not at all: a crash leaves the earlier file as it was. */
export async function saveCheckpoint(path: string, tree: object): Promise<void> {
  await writeAtomically(path, encodeCheckpoint(tree));
}

/** Reads a checkpoint file in Node, Deno or Bun; errors name it. */
export async function loadCheckpoint<T extends object = Checkpoint>(path: string): Promise<T> {
  return decodeCheckpoint<T>(await readBytes(path), { name: path });
}

function checksum(json: string, tensors: Readonly<Record<string, StoredTensor>>): string {
  const ordered = Object.entries(tensors).sort(([a], [b]) => (a < b ? -1 : 1));
  const names = ordered.map(([name, { dtype, shape }]) => [name, dtype, shape]);
  let sum = crc32(new TextEncoder().encode(JSON.stringify([json, names])));
  for (const [, { data }] of ordered) sum = crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), sum);
  return sum.toString(16).padStart(8, "0");
}

function isStoredArray(value: unknown): value is StoredArray {
  return value instanceof Float32Array || value instanceof Float64Array || value instanceof Int32Array || value instanceof Uint8Array;
}

function arrayType(value: StoredArray): StoredTensor["dtype"] {
  return value instanceof Float32Array ? "F32" : value instanceof Float64Array ? "F64" : value instanceof Int32Array ? "I32" : "U8";
}

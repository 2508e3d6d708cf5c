import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type DType, type Tensor, tensor } from "@gradtape/core";

/** What is computed in. */
export type Float = "float32" | "float64";

/** What JSON holds. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A JSON object. */
export interface Fields {
  readonly [key: string]: Json;
}

/** A number, or one of the three that JSON lacks. */
export type RecordedNumber = number | "NaN" | "Infinity" | "-Infinity";

/** A tensor of a recording: row-major values; float64 unless `dtype` says otherwise. */
export interface RecordedTensor {
  readonly shape: readonly number[];
  readonly data: readonly RecordedNumber[];
  readonly dtype?: "float32" | "int64" | "bool";
}

/** One case of a recording. */
export interface Case extends Fields {
  readonly name: string;
}

/** What a recording can hold. */
export const kinds = ["optimizers", "schedulers", "ops", "layers", "training", "clip", "ema"] as const;

/** One file of a folder of recordings. */
export interface Recording {
  readonly file: string;
  readonly kind: (typeof kinds)[number];
  readonly header: Fields;
  readonly cases: readonly Case[];
}

/** A file or a case that is not what the README of the recordings says. */
export class MalformedRecording extends Error {}

const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads every recording of a folder, in the order of its index; an error names the file and what is wrong with it. */
export function readRecordings(dir: string): Recording[] {
  if (!existsSync(dir) || !statSync(dir).isDirectory()) throw new MalformedRecording(`${dir}: no such folder`);
  const present = readdirSync(dir).filter((file) => file.endsWith(".json") && file !== "index.json");
  const index = existsSync(join(dir, "index.json")) ? indexOf(dir) : new Map<string, number>();
  for (const file of index.keys()) if (!present.includes(file)) throw new MalformedRecording(`${join(dir, file)}: listed in index.json, but absent`);
  const files = [...index.keys(), ...present.filter((file) => !index.has(file)).sort()];
  if (files.length === 0) throw new MalformedRecording(`${dir}: holds no recordings (*.json)`);
  return files.map((file) => readRecording(dir, file, index.get(file)));
}

function parse(path: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new MalformedRecording(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(value)) throw new MalformedRecording(`${path}: expected a JSON object`);
  if (value.format !== 1) throw new MalformedRecording(`${path}: format ${JSON.stringify(value.format)} is not known; this tool reads format 1`);
  return value;
}

function indexOf(dir: string): Map<string, number> {
  const path = join(dir, "index.json");
  const { files } = parse(path);
  if (!Array.isArray(files)) throw new MalformedRecording(`${path}: "files" is not a list`);
  return new Map(
    files.map((entry: Json) => {
      if (!isObject(entry) || typeof entry.file !== "string" || typeof entry.cases !== "number")
        throw new MalformedRecording(`${path}: an entry of "files" lacks "file" or "cases"`);
      return [entry.file, entry.cases];
    }),
  );
}

function readRecording(dir: string, file: string, count: number | undefined): Recording {
  const path = join(dir, file);
  const { cases, ...header } = parse(path);
  const kind = kinds.find((known) => known === header.kind);
  if (kind === undefined) throw new MalformedRecording(`${path}: kind ${JSON.stringify(header.kind)} is not one of ${kinds.join(", ")}`);
  if (!Array.isArray(cases)) throw new MalformedRecording(`${path}: "cases" is not a list`);
  if (count !== undefined && cases.length !== count)
    throw new MalformedRecording(`${path}: holds ${cases.length} cases, index.json promises ${count}`);
  const names = new Set<string>();
  for (const recorded of cases as Json[]) {
    if (!isObject(recorded) || typeof recorded.name !== "string") throw new MalformedRecording(`${path}: a case without a name`);
    if (names.has(recorded.name)) throw new MalformedRecording(`${path}: two cases are called ${recorded.name}`);
    names.add(recorded.name);
  }
  return { file, kind, header, cases: cases as Case[] };
}

/** Fields of a case that its replay reads, each with the shape of its value. */
const shapes = {
  string: (value: unknown): boolean => typeof value === "string",
  number: (value: unknown): boolean => typeof value === "number",
  list: Array.isArray as (value: unknown) => boolean,
  object: isObject as (value: unknown) => boolean,
};

/** Checks that a case has these fields and returns it as what it then is. */
export function checked<T>(recorded: Fields, fields: { readonly [key: string]: keyof typeof shapes }): T {
  for (const [key, shape] of Object.entries(fields))
    if (!shapes[shape](recorded[key])) throw new MalformedRecording(`malformed case: "${key}" is not a ${shape}`);
  return recorded as T;
}

/** Whether a value is a recorded tensor. */
export const isRecordedTensor = (value: unknown): value is RecordedTensor => isObject(value) && "shape" in value && "data" in value;

/** The number that stands in a recording. */
export function decodeNumber(value: unknown): number {
  if (typeof value === "number") return value;
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  throw new MalformedRecording(`malformed case: ${JSON.stringify(value)} stands where a number should`);
}

/** The values of a recorded tensor; an error when they do not fill its shape. */
export function decodeValues(recorded: RecordedTensor): Float64Array {
  if (!isRecordedTensor(recorded) || !Array.isArray(recorded.shape) || !Array.isArray(recorded.data))
    throw new MalformedRecording(`malformed case: expected a tensor { shape, data }, got ${JSON.stringify(recorded)?.slice(0, 60)}`);
  const size = recorded.shape.reduce((n, length) => n * length, 1);
  if (recorded.data.length !== size)
    throw new MalformedRecording(`malformed case: ${recorded.data.length} values do not fill shape [${recorded.shape.join(",")}]`);
  return Float64Array.from(recorded.data, decodeNumber);
}

/** The dtype that a recorded tensor has here, where floats are `float`: int64 is int32. */
export function dtypeOf(recorded: RecordedTensor, float: Float): DType {
  if (recorded.dtype === undefined) return float;
  const dtype = { float32: "float32", int64: "int32", bool: "bool" }[recorded.dtype] as DType | undefined;
  if (dtype === undefined) throw new MalformedRecording(`malformed case: dtype ${JSON.stringify(recorded.dtype)} is not known`);
  return dtype;
}

/** The tensor of a recording. */
export const decodeTensor = (recorded: RecordedTensor, float: Float, requiresGrad = false): Tensor =>
  tensor(decodeValues(recorded), { shape: recorded.shape, dtype: dtypeOf(recorded, float), requiresGrad });

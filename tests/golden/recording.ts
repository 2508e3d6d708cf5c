import { type Device, type DType, type Tensor, tensor } from "@gradtape/core";

/** What is computed in. */
export type Float = "float32" | "float64";

/** Where a replay computes, and in what. */
export interface Place {
  readonly device: Device;
  readonly dtype: Float;
}

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

/** Whether a value is a JSON object. */
export const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

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
export const decodeTensor = (recorded: RecordedTensor, { device, dtype }: Place, requiresGrad = false): Tensor =>
  tensor(decodeValues(recorded), { shape: recorded.shape, dtype: dtypeOf(recorded, dtype), device, requiresGrad });

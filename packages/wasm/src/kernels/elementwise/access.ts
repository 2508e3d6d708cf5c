import type { DType } from "@gradtape/core";
import { type Code, f32x4, f64x2, i8x16, i16x8, i32, i32x4, type Local, v128 } from "../../assembler/index.ts";
import { bytesOf } from "../../memory/heap.ts";
import type { Operand, VectorCode } from "./lanes.ts";

/** How the elements of a view lie along a loop: next to one another, one for all, or evenly apart. */
export type Step = "unit" | "zero" | "any";

/** Where a view is read or written: a pointer, and how far the next element is where that is not its size. */
export interface Place {
  readonly dtype: DType;
  readonly step: Step;
  readonly pointer: Local;
  /** Bytes to the next element, for the step "any". */
  readonly stride: Local | undefined;
}

/** Address of an element, counted from where the pointer stands. */
const elementAt = (place: Place, index: number): Code =>
  index === 0 ? place.pointer : i32.add(place.pointer, i32.mul(place.stride as Local, i32.const(index)));

/** How much of a view one step of the loop takes: as many elements as there are lanes, from the n-th such group on, or a single one. */
export interface Portion {
  readonly whole: boolean;
  readonly group: number;
}

/** The elements of one step of the loop as they lie in memory, in the low bytes of a vector. */
function raw(v: VectorCode, place: Place, { whole, group }: Portion): Code {
  const size = bytesOf[place.dtype];
  const { count } = v.lanes;
  const { pointer } = place;
  if (!whole || place.step === "zero")
    return size === 8 ? v128.load64Splat(pointer) : size === 4 ? v128.load32Splat(pointer) : v128.load8Splat(pointer);
  if (place.step === "unit") {
    const bytes = size * count;
    const offset = group * bytes;
    if (bytes === 16) return v128.load(pointer, offset);
    return bytes === 8 ? v128.load64Zero(pointer, offset) : bytes === 4 ? v128.load32Zero(pointer, offset) : v128.load16Splat(pointer, offset);
  }
  const first = elementAt(place, group * count);
  const vector = v.let(size === 8 ? v128.load64Zero(first) : size === 4 ? v128.load32Zero(first) : v128.load8Splat(first));
  const loadLane = size === 8 ? v128.load64Lane : size === 4 ? v128.load32Lane : v128.load8Lane;
  for (let lane = 1; lane < count; lane++) v.f.emit(vector.set(loadLane(elementAt(place, group * count + lane), vector, lane)));
  return vector;
}

/** Reads a portion of a view as numbers of the lanes' width. */
export function read(v: VectorCode, place: Place, portion: Portion): Local {
  const code = raw(v, place, portion);
  const narrow = v.lanes.count === 4;
  if (place.dtype === "float64") return v.let(code);
  if (place.dtype === "float32") return v.let(narrow ? code : f64x2.promoteLow(code));
  const integers = place.dtype === "int32" ? code : i32x4.extendLowU(i16x8.extendLowU(code));
  return v.let(narrow ? f32x4.convertI32(integers) : f64x2.convertLowI32(integers));
}

/** Doubles as 32-bit integers: towards 0, and modulo 2³² like JavaScript's typed arrays; NaN and infinities are 0. */
function wrapped(v: VectorCode, x: Code): Code {
  const constant = (value: number): Local => v.f.constant("f64x2", value);
  const whole = v.let(f64x2.trunc(x));
  const turns = f64x2.floor(f64x2.mul(f64x2.add(whole, constant(2 ** 31)), constant(2 ** -32)));
  return i32x4.truncSatF64Zero(f64x2.sub(whole, f64x2.mul(turns, constant(2 ** 32))));
}

function integers(v: VectorCode, operand: Operand): Code {
  const x = v.number(operand);
  if (v.lanes.count === 2) return wrapped(v, x);
  const { ops } = v.lanes;
  // In range, as nearly always, one instruction does it.
  const result = v.let(i32x4.truncSatF32(x));
  v.f.if(v128.anyTrue(v128.not(ops.lt(ops.abs(x), v.constant(2 ** 31)))), () => {
    const low = v.let(wrapped(v, f64x2.promoteLow(x)));
    const high = wrapped(v, f64x2.promoteLow(v128.shuffle(x, x, [2, 3, 2, 3])));
    v.f.emit(result.set(v128.shuffle(low, high, [0, 1, 4, 5])));
  });
  return result;
}

/** Truth as bytes 1 and 0. */
function bytes(v: VectorCode, operand: Operand): Code {
  const mask = v.truth(operand);
  const narrow = v.lanes.count === 4 ? mask : v128.shuffle(mask, mask, [0, 2, 0, 2]);
  const halves = v.let(i16x8.narrow32(narrow, narrow));
  return v128.and(i8x16.narrow16(halves, halves), v.bits(0x01010101));
}

/** Writes a portion of a view. */
export function write(v: VectorCode, place: Place, operand: Operand, { whole, group }: Portion): void {
  const size = bytesOf[place.dtype];
  const { count } = v.lanes;
  const code =
    place.dtype === "int32"
      ? integers(v, operand)
      : place.dtype === "bool"
        ? bytes(v, operand)
        : place.dtype === "float32" && count === 2
          ? f32x4.demoteZero(v.number(operand))
          : v.number(operand);
  const value = v.let(code);
  const vector = whole && place.step === "unit";
  const total = vector ? size * count : size;
  const offset = vector ? group * total : 0;
  if (total === 16) return v.f.emit(v128.store(place.pointer, value, offset));
  const storeLane = { 8: v128.store64Lane, 4: v128.store32Lane, 2: v128.store16Lane, 1: v128.store8Lane }[total] as typeof v128.store64Lane;
  if (!whole || vector) return v.f.emit(storeLane(place.pointer, value, 0, offset));
  for (let lane = 0; lane < count; lane++) v.f.emit(storeLane(elementAt(place, group * count + lane), value, lane));
}

/** Writes int32 numbers, of which each fills a lane of a vector, next to one another. */
export function writeNumbers({ f, lanes }: VectorCode, pointer: Local, numbers: Local, { whole, group }: Portion): void {
  if (!whole) f.emit(v128.store32Lane(pointer, numbers, 0));
  else if (lanes.count === 4) f.emit(v128.store(pointer, numbers, 16 * group));
  else f.emit(v128.store64Lane(pointer, v128.shuffle(numbers, numbers, [0, 2, 0, 2]), 0, 8 * group));
}

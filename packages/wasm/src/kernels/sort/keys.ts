import type { DType } from "@gradtape/core";
import { type Code, type FunctionBuilder, f32, f64, i32, type Local, select } from "../../assembler/index.ts";

const SIGN = -0x80000000;

/** 32-bit words of a key. */
export const wordsOf = (dtype: DType): 1 | 2 => (dtype === "float64" ? 2 : 1);

/**
 * The key of the element at an address, lowest word first: as unsigned numbers, keys are ordered as elements are. Both zeros have one key, all NaN the
 * largest.
 */
export function keyOf(f: FunctionBuilder, dtype: DType, address: Local): Local[] {
  if (dtype === "bool") return [f.let("i32", i32.load8U(address))];
  if (dtype === "int32") return [f.let("i32", i32.xor(i32.load(address), i32.const(SIGN)))];
  const { load, eq, ne, type } = dtype === "float32" ? { ...f32, type: "f32" as const } : { ...f64, type: "f64" as const };
  const x = f.let(type, load(address));
  const words = Array.from({ length: wordsOf(dtype) }, (_, k) => f.let("i32", i32.load(address, 4 * k)));
  const top = words[words.length - 1];
  // Negative numbers the other way round, below the others.
  const negative = f.let("i32", i32.shrS(top, i32.const(31)));
  const ordered = words.map((word, k): Code => i32.xor(word, k === words.length - 1 ? i32.or(negative, i32.const(SIGN)) : negative));
  const zero = f.let("i32", eq(x, type === "f32" ? f32.const(0) : f64.const(0)));
  const nan = f.let("i32", ne(x, x));
  return ordered.map((code, k) => {
    const number = select(i32.const(k === words.length - 1 ? SIGN : 0), code, zero);
    return f.let("i32", select(i32.const(-1), number, nan));
  });
}

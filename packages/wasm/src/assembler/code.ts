import type { ByteWriter } from "./bytes.ts";

/** A piece of code: written, it leaves one value on the stack machine's stack, or none if it is a statement. */
export type Code = (out: ByteWriter) => void;

/** The types of WebAssembly's values, with their bytes. */
export const valueTypes = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;

/** The type of a value. */
export type ValueType = keyof typeof valueTypes;

/** A variable of a function; as code, its value. */
export interface Local extends Code {
  readonly type: ValueType;
  /** Statement: stores a value. */
  set(value: Code): Code;
  /** Stores a value and leaves it. */
  tee(value: Code): Code;
}

/** The variable with an index. */
export function local(index: number, type: ValueType): Local {
  const access =
    (opcode: number) =>
    (value: Code): Code =>
    (out) => {
      value(out);
      out.byte(opcode).unsigned(index);
    };
  const get = (out: ByteWriter): void => void out.byte(0x20).unsigned(index);
  return Object.assign(get, { type, set: access(0x21), tee: access(0x22) });
}

/** An instruction of one byte: its operands, then itself. */
export const instruction =
  (opcode: number) =>
  (...operands: Code[]): Code =>
  (out) => {
    for (const operand of operands) operand(out);
    out.byte(opcode);
  };

type Unary = (a: Code) => Code;
type Binary = (a: Code, b: Code) => Code;

const unary: (opcode: number) => Unary = instruction;
const binary: (opcode: number) => Binary = instruction;

/** A load: an address, a constant offset in bytes. */
export type Load = (address: Code, offset?: number) => Code;
/** A store, a statement: an address, a value, a constant offset in bytes. */
export type Store = (address: Code, value: Code, offset?: number) => Code;

const load =
  (opcode: number): Load =>
  (address, offset = 0) =>
  (out) => {
    address(out);
    out.byte(opcode).byte(0).unsigned(offset);
  };

const store =
  (opcode: number): Store =>
  (address, value, offset = 0) =>
  (out) => {
    address(out);
    value(out);
    out.byte(opcode).byte(0).unsigned(offset);
  };

/** 32-bit integers: addresses, counts and conditions. */
export const i32 = {
  const:
    (value: number): Code =>
    (out) =>
      void out.byte(0x41).signed(value),
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  divU: binary(0x6e),
  and: binary(0x71),
  or: binary(0x72),
  xor: binary(0x73),
  shl: binary(0x74),
  shrS: binary(0x75),
  shrU: binary(0x76),
  eqz: unary(0x45),
  eq: binary(0x46),
  ne: binary(0x47),
  ltS: binary(0x48),
  ltU: binary(0x49),
  leU: binary(0x4d),
  geU: binary(0x4f),
  load: load(0x28),
  load8U: load(0x2d),
  store: store(0x36),
  store8: store(0x3a),
} as const;

/** Single-precision numbers. */
export const f32 = {
  const:
    (value: number): Code =>
    (out) =>
      void out.byte(0x43).float32(value),
  lt: binary(0x5d),
  gt: binary(0x5e),
  ne: binary(0x5c),
  eq: binary(0x5b),
  add: binary(0x92),
  load: load(0x2a),
  store: store(0x38),
  demote: unary(0xb6),
} as const;

/** Double-precision numbers. */
export const f64 = {
  const:
    (value: number): Code =>
    (out) =>
      void out.byte(0x44).float64(value),
  eq: binary(0x61),
  ne: binary(0x62),
  lt: binary(0x63),
  gt: binary(0x64),
  add: binary(0xa0),
  mul: binary(0xa2),
  load: load(0x2b),
  store: store(0x39),
  promote: unary(0xbb),
  convert: unary(0xb7),
} as const;

/** `condition ? yes : no`; both are computed. */
export const select = (yes: Code, no: Code, condition: Code): Code => instruction(0x1b)(yes, no, condition);

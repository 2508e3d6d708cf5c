import type { ByteWriter } from "./bytes.ts";
import type { Code, Load, Store } from "./code.ts";

const opcode = (out: ByteWriter, code: number): ByteWriter => out.byte(0xfd).unsigned(code);

const instruction =
  (code: number) =>
  (...operands: Code[]): Code =>
  (out) => {
    for (const operand of operands) operand(out);
    opcode(out, code);
  };

type Unary = (a: Code) => Code;
type Binary = (a: Code, b: Code) => Code;
type Ternary = (a: Code, b: Code, c: Code) => Code;

const unary: (code: number) => Unary = instruction;
const binary: (code: number) => Binary = instruction;
const ternary: (code: number) => Ternary = instruction;

const load =
  (code: number): Load =>
  (address, offset = 0) =>
  (out) => {
    address(out);
    opcode(out, code).byte(0).unsigned(offset);
  };

/** Loads into or stores from one lane of a vector. */
type LaneAccess = (address: Code, vector: Code, lane: number, offset?: number) => Code;

const laneAccess =
  (code: number): LaneAccess =>
  (address, vector, lane, offset = 0) =>
  (out) => {
    address(out);
    vector(out);
    opcode(out, code).byte(0).unsigned(offset).byte(lane);
  };

const extract =
  (code: number) =>
  (vector: Code, lane: number): Code =>
  (out) => {
    vector(out);
    opcode(out, code).byte(lane);
  };

const replace =
  (code: number) =>
  (vector: Code, lane: number, value: Code): Code =>
  (out) => {
    vector(out);
    value(out);
    opcode(out, code).byte(lane);
  };

const store: Store =
  (address, value, offset = 0) =>
  (out) => {
    address(out);
    value(out);
    opcode(out, 11).byte(0).unsigned(offset);
  };

/** Vectors of 128 bits, whatever their lanes. */
export const v128 = {
  load: load(0),
  load8Splat: load(7),
  load16Splat: load(8),
  load32Splat: load(9),
  load64Splat: load(10),
  load32Zero: load(92),
  load64Zero: load(93),
  store,
  load8Lane: laneAccess(84),
  load32Lane: laneAccess(86),
  load64Lane: laneAccess(87),
  store8Lane: laneAccess(88),
  store16Lane: laneAccess(89),
  store32Lane: laneAccess(90),
  store64Lane: laneAccess(91),
  /** All bits 0; the one constant that costs nothing wherever it stands. */
  zero: (out: ByteWriter): void => void opcode(out, 12).bytes(new Uint8Array(16)),
  not: unary(77),
  and: binary(78),
  /** `a & ~b` */
  andNot: binary(79),
  or: binary(80),
  xor: binary(81),
  /** Bits of `a` where the mask is 1, of `b` where it is 0. */
  select: ternary(82),
  anyTrue: unary(83),
  /** Bytes of two vectors by number: 0 to 15 of the first, 16 to 31 of the second. */
  shuffleBytes:
    (a: Code, b: Code, bytes: readonly number[]): Code =>
    (out) => {
      a(out);
      b(out);
      opcode(out, 13).bytes(bytes);
    },
  /** 32-bit lanes of two vectors by number: 0 to 3 of the first, 4 to 7 of the second. */
  shuffle: (a: Code, b: Code, lanes: readonly [number, number, number, number]): Code =>
    v128.shuffleBytes(
      a,
      b,
      lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]),
    ),
} as const;

/** Sixteen bytes. */
export const i8x16 = {
  splat: unary(15),
  narrow16: binary(101),
} as const;

/** Eight 16-bit integers. */
export const i16x8 = {
  narrow32: binary(133),
  extendLowU: unary(137),
} as const;

/** Four 32-bit integers; shifts take a scalar count. */
export const i32x4 = {
  splat: unary(17),
  lane: extract(27),
  withLane: replace(28),
  eq: binary(55),
  add: binary(174),
  sub: binary(177),
  shl: binary(171),
  shrS: binary(172),
  shrU: binary(173),
  maxS: binary(184),
  extendLowU: unary(169),
  truncSatF32: unary(248),
  /** Two doubles to the low lanes, 0 above. */
  truncSatF64Zero: unary(252),
  /** `v128.select` for masks whose lanes are all 1 or all 0, in one instruction of x64. */
  relaxedSelect: ternary(0x10b),
} as const;

/** Two 64-bit integers. */
export const i64x2 = {
  shl: binary(203),
  shrS: binary(204),
  add: binary(206),
  sub: binary(209),
  /** Full products of the two lower, or the two upper, unsigned 32-bit lanes. */
  multiplyLowU: binary(222),
  multiplyHighU: binary(223),
} as const;

/** Four single-precision numbers. `pmin(a, b)` is `b < a ? b : a`, `pmax(a, b)` is `a < b ? b : a`; `min` and `max` pass NaN on. */
export const f32x4 = {
  splat: unary(19),
  lane: extract(31),
  withLane: replace(32),
  eq: binary(65),
  ne: binary(66),
  lt: binary(67),
  gt: binary(68),
  le: binary(69),
  ge: binary(70),
  ceil: unary(103),
  floor: unary(104),
  trunc: unary(105),
  nearest: unary(106),
  abs: unary(224),
  neg: unary(225),
  sqrt: unary(227),
  add: binary(228),
  sub: binary(229),
  mul: binary(230),
  div: binary(231),
  min: binary(232),
  max: binary(233),
  pmin: binary(234),
  pmax: binary(235),
  convertI32: unary(250),
  /** Two doubles to the low lanes, 0 above. */
  demoteZero: unary(94),
  /** `a * b + c`, rounded once where the machine can. */
  relaxedMadd: ternary(0x105),
} as const;

/** Two double-precision numbers. */
export const f64x2 = {
  splat: unary(20),
  lane: extract(33),
  withLane: replace(34),
  eq: binary(71),
  ne: binary(72),
  lt: binary(73),
  gt: binary(74),
  le: binary(75),
  ge: binary(76),
  ceil: unary(116),
  floor: unary(117),
  trunc: unary(122),
  nearest: unary(148),
  abs: unary(236),
  neg: unary(237),
  sqrt: unary(239),
  add: binary(240),
  sub: binary(241),
  mul: binary(242),
  div: binary(243),
  min: binary(244),
  max: binary(245),
  pmin: binary(246),
  pmax: binary(247),
  promoteLow: unary(95),
  convertLowI32: unary(254),
  relaxedMadd: ternary(0x107),
} as const;

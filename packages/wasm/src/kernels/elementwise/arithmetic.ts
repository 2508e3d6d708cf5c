import { type Code, type Local, v128 } from "../../assembler/index.ts";
import type { FunctionName, Operand, VectorCode } from "./lanes.ts";

/** How a function of the table is spelled in vector code. */
export type Spelling = (v: VectorCode, ...args: Operand[]) => Operand;

const value = (code: Local): Operand => ({ code, mask: false });
const truth = (code: Local): Operand => ({ code, mask: true });

/** A spelling over plain numbers. */
export const numeric =
  (spell: (v: VectorCode, ...args: Local[]) => Code): Spelling =>
  (v, ...args) =>
    value(v.let(spell(v, ...args.map((arg) => v.number(arg)))));

const condition =
  (spell: (v: VectorCode, ...args: Local[]) => Code): Spelling =>
  (v, ...args) =>
    truth(v.let(spell(v, ...args.map((arg) => v.number(arg)))));

const logic =
  (spell: (a: Code, b: Code) => Code): Spelling =>
  (v, a, b) =>
    truth(v.let(spell(v.truth(a), v.truth(b))));

/** An extremum that passes NaN on; against a literal the machine's comparison alone does that when the literal comes second, and costs less. */
function extremum(full: "max" | "min", quick: "pmax" | "pmin"): Spelling {
  const known = ({ literal }: Operand): boolean => literal !== undefined && !Number.isNaN(literal);
  return (v, a, b) => {
    const [x, y] = [v.number(a), v.number(b)];
    const { ops } = v.lanes;
    return value(v.let(known(b) ? ops[quick](x, y) : known(a) ? ops[quick](y, x) : ops[full](x, y)));
  };
}

/** One of two values; where one is 0, the other with its bits cleared, which is a single instruction on every processor. */
function choice(v: VectorCode, condition: Operand, yes: Operand, no: Operand): Operand {
  const mask = v.truth(condition);
  if (yes.mask && no.mask) return truth(v.choose(mask, yes.code, no.code));
  if (Object.is(yes.literal, 0)) return value(v.let(v128.andNot(v.number(no), mask)));
  if (Object.is(no.literal, 0)) return value(v.let(v128.and(v.number(yes), mask)));
  return value(v.choose(mask, v.number(yes), v.number(no)));
}

/** The magnitude of a number. */
const size = (v: VectorCode, x: Local): Code => v.lanes.ops.abs(x);

/** The sign of `from` on the magnitude of `x`. */
export const withSign = (v: VectorCode, x: Code, from: Code): Code => v128.or(v128.andNot(x, v.constant(-0)), v128.and(from, v.constant(-0)));

/** Functions that the machine computes exactly, in either width. */
export const arithmetic = {
  add: numeric((v, a, b) => v.lanes.ops.add(a, b)),
  sub: numeric((v, a, b) => v.lanes.ops.sub(a, b)),
  mul: numeric((v, a, b) => v.lanes.ops.mul(a, b)),
  div: numeric((v, a, b) => v.lanes.ops.div(a, b)),
  neg: numeric((v, a) => v.lanes.ops.neg(a)),
  square: numeric((v, a) => v.lanes.ops.mul(a, a)),
  reciprocal: numeric((v, a) => v.lanes.ops.div(v.constant(1), a)),
  sqrt: numeric((v, a) => v.lanes.ops.sqrt(a)),
  rsqrt: numeric((v, a) => v.lanes.ops.div(v.constant(1), v.lanes.ops.sqrt(a))),
  abs: numeric((v, a) => v.lanes.ops.abs(a)),
  max: extremum("max", "pmax"),
  min: extremum("min", "pmin"),
  clamp: numeric((v, a, low, high) => v.lanes.ops.min(v.lanes.ops.max(a, low), high)),
  floor: numeric((v, a) => v.lanes.ops.floor(a)),
  ceil: numeric((v, a) => v.lanes.ops.ceil(a)),
  trunc: numeric((v, a) => v.lanes.ops.trunc(a)),
  round: numeric((v, a) => v.lanes.ops.nearest(a)),
  sign: numeric((v, a) => {
    const { ops } = v.lanes;
    const one = v.constant(1);
    return ops.sub(v128.and(ops.gt(a, v.constant(0)), one), v128.and(ops.lt(a, v.constant(0)), one));
  }),

  lt: condition((v, a, b) => v.lanes.ops.lt(a, b)),
  le: condition((v, a, b) => v.lanes.ops.le(a, b)),
  gt: condition((v, a, b) => v.lanes.ops.gt(a, b)),
  ge: condition((v, a, b) => v.lanes.ops.ge(a, b)),
  eq: condition((v, a, b) => v.lanes.ops.eq(a, b)),
  ne: condition((v, a, b) => v.lanes.ops.ne(a, b)),
  isnan: condition((v, a) => v.lanes.ops.ne(a, a)),
  isinf: condition((v, a) => v.lanes.ops.eq(size(v, a), v.constant(Infinity))),
  isfinite: condition((v, a) => v.lanes.ops.lt(size(v, a), v.constant(Infinity))),
  and: logic(v128.and),
  or: logic(v128.or),
  not: (v, a) => truth(v.let(v128.not(v.truth(a)))),
  where: choice,
} satisfies Partial<Record<FunctionName, Spelling>>;

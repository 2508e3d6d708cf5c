import { functions } from "@gradtape/core";
import {
  type Call,
  type Code,
  type FunctionBuilder,
  f32,
  f32x4,
  f64,
  f64x2,
  i32x4,
  type Local,
  type ModuleBuilder,
  v128,
} from "../../assembler/index.ts";

/** The name of a function of the formula table. */
export type FunctionName = keyof typeof functions;

type Shared = Extract<keyof typeof f32x4, keyof typeof f64x2>;

/** A way to compute: numbers of one width, several in a vector. */
export interface Lanes {
  readonly type: "f32x4" | "f64x2";
  /** Numbers in a vector. */
  readonly count: 2 | 4;
  /** Instructions that both widths have. */
  readonly ops: Pick<typeof f32x4, Exclude<Shared, "splat" | "lane" | "withLane">>;
}

/** Four single-precision numbers. */
export const single: Lanes = { type: "f32x4", count: 4, ops: f32x4 };
/** Two double-precision numbers. */
export const double: Lanes = { type: "f64x2", count: 2, ops: f64x2 };

/** What an expression gave: numbers, or the truth of a condition as bits that are all 1 or all 0. */
export interface Operand {
  readonly code: Local;
  readonly mask: boolean;
  /** The value, where it is a literal number. */
  readonly literal?: number;
}

/** Declares a function of the table as an import, to be called for one number at a time. */
export const importFunction = (module: ModuleBuilder, name: FunctionName): Call =>
  module.import(
    name,
    functions[name].partials.map(() => "f64"),
    ["f64"],
  );

/** Writes vector code into a function: the words in which the scalar functions are spelled. */
export class VectorCode {
  constructor(
    readonly f: FunctionBuilder,
    readonly lanes: Lanes,
    /** Whether the engine has relaxed SIMD, of which the fused multiply-add is what counts. */
    readonly fused: boolean,
    /** How many lanes matter: all, or the first alone. */
    readonly active: number,
    readonly calls: ReadonlyMap<FunctionName, Call>,
  ) {}

  /** A number in every lane. */
  constant(value: number): Local {
    return this.f.constant(this.lanes.type, value);
  }

  /** A 32-bit pattern in every lane. */
  bits(pattern: number): Local {
    return this.f.constant("i32x4", pattern);
  }

  /** A fresh variable. */
  let(code: Code): Local {
    return this.f.let("v128", code);
  }

  /** `a * b + c`, rounded once where the machine can. */
  madd(a: Code, b: Code, c: Code): Code {
    const { ops } = this.lanes;
    return this.fused ? ops.relaxedMadd(a, b, c) : ops.add(ops.mul(a, b), c);
  }

  /** A polynomial, coefficients from the highest power to the lowest (Horner's rule). */
  polynomial(x: Code, coefficients: readonly number[]): Local {
    return coefficients
      .slice(1)
      .reduce((sum, coefficient) => this.let(this.madd(sum, x, this.constant(coefficient))), this.constant(coefficients[0]));
  }

  /** `condition ? yes : no`, lane by lane. */
  choose(condition: Code, yes: Code, no: Code): Local {
    return this.let(this.fused ? i32x4.relaxedSelect(yes, no, condition) : v128.select(yes, no, condition));
  }

  /** Numbers as they are, truth as 1 and 0. */
  number({ code, mask }: Operand): Local {
    return mask ? this.let(v128.and(code, this.constant(1))) : code;
  }

  /** Truth as it is, numbers as whether they differ from 0. */
  truth({ code, mask }: Operand): Local {
    return mask ? code : this.let(this.lanes.ops.ne(code, this.constant(0)));
  }

  /** A function of the table, called for each lane that matters. */
  each(name: FunctionName, args: readonly Local[]): Local {
    const call = this.calls.get(name) as Call;
    const result = this.let(args[0]);
    for (let lane = 0; lane < this.active; lane++)
      this.f.emit(
        result.set(
          this.lanes.count === 2
            ? f64x2.withLane(result, lane, call(...args.map((arg) => f64x2.lane(arg, lane))))
            : f32x4.withLane(result, lane, f32.demote(call(...args.map((arg) => f64.promote(f32x4.lane(arg, lane)))))),
        ),
      );
    return result;
  }
}

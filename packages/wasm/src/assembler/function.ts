import { ByteWriter } from "./bytes.ts";
import { type Code, f32, f64, i32, type Local, local, type ValueType, valueTypes } from "./code.ts";
import { f32x4, f64x2, i32x4 } from "./simd.ts";

/** The number and type of a function's parameters and results. */
export interface Signature {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** A function as it is written: statements go to the body, what must not be computed again and again to the prologue before it. */
export class FunctionBuilder {
  readonly parameters: readonly Local[];
  readonly #locals: ValueType[] = [];
  readonly #prologue = new ByteWriter();
  #body = new ByteWriter();
  readonly #constants = new Map<string, Local>();
  /** Vectors that the innermost loop's body has put into fresh variables. */
  #turn: Local[] = [];
  /** Where the statements of a strand end, while one is written, and how many loops and conditions are open in it. */
  #ends: number[] | undefined;
  #depth = 0;

  constructor(readonly signature: Signature) {
    this.parameters = signature.parameters.map((type, index) => local(index, type));
  }

  /** A fresh variable. */
  local(type: ValueType): Local {
    this.#locals.push(type);
    return local(this.parameters.length + this.#locals.length - 1, type);
  }

  /** Appends statements. */
  emit(...statements: Code[]): void {
    for (const statement of statements) {
      statement(this.#body);
      this.#end();
    }
  }

  /** Ends a statement. */
  #end(): void {
    if (this.#depth === 0) this.#ends?.push(this.#body.length);
  }

  /** One statement made of others. */
  #compound(write: () => void): void {
    this.#depth++;
    write();
    this.#depth--;
    this.#end();
  }

  /**
   * Writes bodies that do not depend on one another, one statement of each in turn: a processor looks ahead only so far, and finds more to do at a time in
   * several short chains than in the next long one.
   */
  interleave(strands: readonly (() => void)[]): void {
    const pieces = strands.map((write) => this.#statements(write));
    for (let i = 0; pieces.some((piece) => i < piece.length); i++) for (const piece of pieces) if (i < piece.length) this.#body.bytes(piece[i]);
  }

  /** The statements that a strand writes. */
  #statements(write: () => void): Uint8Array[] {
    const [body, depth] = [this.#body, this.#depth];
    const ends: number[] = [];
    [this.#body, this.#depth, this.#ends] = [new ByteWriter(), 0, ends];
    write();
    const bytes = this.#body.done();
    [this.#body, this.#depth, this.#ends] = [body, depth, undefined];
    return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
  }

  /** A fresh variable that holds a value. */
  let(type: ValueType, value: Code): Local {
    const variable = this.local(type);
    this.emit(variable.set(value));
    if (type === "v128") this.#turn.push(variable);
    return variable;
  }

  /** A fresh variable that holds a value computed once, before the body; it may read parameters and hoisted variables alone. */
  hoist(type: ValueType, value: Code): Local {
    const variable = this.local(type);
    variable.set(value)(this.#prologue);
    return variable;
  }

  /** A constant in every lane. Engines rebuild a vector constant wherever it stands, so it is held in a variable. */
  constant(lanes: "f32x4" | "f64x2" | "i32x4", value: number): Local {
    const key = `${lanes} ${Object.is(value, -0) ? "-0" : value}`;
    let known = this.#constants.get(key);
    if (known === undefined) {
      const splat = {
        f32x4: () => f32x4.splat(f32.const(value)),
        f64x2: () => f64x2.splat(f64.const(value)),
        i32x4: () => i32x4.splat(i32.const(value)),
      };
      known = this.hoist("v128", splat[lanes]());
      this.#constants.set(key, known);
    }
    return known;
  }

  /**
   * Repeats the body until `again` gives 0; at least once. No vector that the body puts into a fresh variable outlives the turn: engines take what a variable
   * holds at the end for needed in the next turn, and V8 then refuses to join two vectors to one.
   */
  doWhile(body: () => void, again: () => Code): void {
    this.#compound(() => {
      const outer = this.#turn;
      this.#turn = [];
      this.#body.byte(0x03).byte(0x40);
      body();
      const nothing = this.constant("i32x4", 0);
      for (const variable of this.#turn) this.emit(variable.set(nothing));
      this.#turn = outer;
      this.emit(again());
      this.#body.byte(0x0d).byte(0).byte(0x0b);
    });
  }

  /** Repeats the body while a condition is not 0, which is computed before each turn. */
  while(condition: () => Code, body: () => void): void {
    this.if(condition(), () => this.doWhile(body, condition));
  }

  /** Counts a variable, which is at least 1, down to 0. */
  countDown(count: Local, body: () => void): void {
    this.doWhile(body, () => count.tee(i32.sub(count, i32.const(1))));
  }

  /** Runs the body with the largest of some group sizes that still fits, until nothing is left. */
  inGroups(left: Local, sizes: readonly number[], body: (size: number) => void): void {
    for (const size of sizes) {
      const fits = (): Code => i32.geU(left, i32.const(size));
      this.while(fits, () => {
        body(size);
        this.emit(left.set(i32.sub(left, i32.const(size))));
      });
    }
  }

  /** Runs `then` where the condition is not 0, else `otherwise`. */
  if(condition: Code, then: () => void, otherwise?: () => void): void {
    this.#compound(() => {
      this.emit(condition);
      this.#body.byte(0x04).byte(0x40);
      then();
      if (otherwise !== undefined) {
        this.#body.byte(0x05);
        otherwise();
      }
      this.#body.byte(0x0b);
    });
  }

  /** Leaves the function with a result. */
  return(result: Code): void {
    this.emit(result);
    this.#body.byte(0x0f);
  }

  /** Adds to an address: `pointer += bytes`. */
  advance(pointer: Local, bytes: Code | number): void {
    this.emit(pointer.set(i32.add(pointer, typeof bytes === "number" ? i32.const(bytes) : bytes)));
  }

  /** The function's entry in the code section. */
  code(): ByteWriter {
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = runs[runs.length - 1];
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    const out = new ByteWriter().unsigned(runs.length);
    for (const { type, count } of runs) out.unsigned(count).byte(valueTypes[type]);
    return out.bytes(this.#prologue.done()).bytes(this.#body.done()).byte(0x0b);
  }
}

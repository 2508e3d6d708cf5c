import { type Code, type Local, v128 } from "../../assembler/index.ts";
import type { VectorCode } from "../elementwise/lanes.ts";

/** How elements are put together. */
export type Fold = "sum" | "prod" | "max" | "min";

/** What a fold starts from. */
export const starts: { readonly [F in Fold]: number } = { sum: 0, prod: 1, max: -Infinity, min: Infinity };

const operations = { sum: "add", prod: "mul", max: "pmax", min: "pmin" } as const;

/** What a fold has gathered so far, lane by lane. The machine's extremum of two does not pass NaN on, so whether there was one is kept beside it. */
export class Accumulator {
  readonly #v: VectorCode;
  readonly #operation: (typeof operations)[Fold];
  readonly #value: Local;
  readonly #nan: Local | undefined;

  constructor(v: VectorCode, fold: Fold) {
    this.#v = v;
    this.#operation = operations[fold];
    this.#value = v.let(v.constant(starts[fold]));
    this.#nan = fold === "max" || fold === "min" ? v.let(v.constant(0)) : undefined;
  }

  /** Takes elements; a sum may take them times 1, by a multiply-add. */
  add(x: Local, byProduct = false): void {
    const { f, lanes } = this.#v;
    f.emit(this.#value.set(byProduct ? this.#v.madd(x, this.#v.constant(1), this.#value) : lanes.ops[this.#operation](this.#value, x)));
    if (this.#nan !== undefined) f.emit(this.#nan.set(v128.or(this.#nan, lanes.ops.ne(x, x))));
  }

  /** Goes on from a result. */
  resume(result: Code): void {
    this.#v.f.emit(this.#value.set(result));
  }

  /** Takes what another has gathered. */
  merge(other: Accumulator): void {
    this.#combine((own) => (own === this.#value ? other.#value : (other.#nan as Local)));
  }

  /** Puts the lanes together, into the first. */
  foldLanes(): void {
    const upper = [2, 3, 2, 3] as const;
    for (const order of this.#v.lanes.count === 4 ? [upper, [1, 1, 1, 1] as const] : [upper]) this.#combine((own) => v128.shuffle(own, own, order));
  }

  #combine(other: (own: Local) => Parameters<Local["set"]>[0]): void {
    const { f, lanes } = this.#v;
    f.emit(this.#value.set(lanes.ops[this.#operation](this.#value, other(this.#value))));
    if (this.#nan !== undefined) f.emit(this.#nan.set(v128.or(this.#nan, other(this.#nan))));
  }

  /** What the elements so far amount to. */
  result(): Local {
    return this.#nan === undefined ? this.#value : this.#v.let(v128.or(this.#value, this.#nan));
  }
}

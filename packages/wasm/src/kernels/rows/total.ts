import type { RowFold } from "@gradtape/core";
import { f32, f32x4, f64x2, type Local, v128 } from "../../assembler/index.ts";
import { double, type Lanes, single, VectorCode } from "../elementwise/lanes.ts";
import { Accumulator } from "../reduction/accumulator.ts";

/** Accumulators that take turns, so that none waits for its last step. */
const PARTS = 4;

/** What a row is folded to while a pass goes along it. The sum of a turn's vectors is made in pairs, and these sums are added up in double precision. */
export class RowTotal {
  readonly #v: VectorCode;
  /** Whether single-precision numbers are added up in double. */
  readonly #widens: boolean;
  readonly #parts: readonly Accumulator[];

  constructor(v: VectorCode, fold: RowFold) {
    this.#v = v;
    this.#widens = fold === "sum" && v.lanes === single;
    const lanes: Lanes = this.#widens ? double : v.lanes;
    const words = new VectorCode(v.f, lanes, v.fused, lanes.count, v.calls);
    this.#parts = Array.from({ length: PARTS }, () => new Accumulator(words, fold));
  }

  /** Takes the vectors of a turn. */
  add(vectors: readonly Local[]): void {
    if (!this.#widens) return vectors.forEach((x, n) => void this.#parts[n % PARTS].add(x));
    const v = this.#v;
    let sums = vectors;
    while (sums.length > 1) sums = sums.flatMap((x, n) => (n % 2 === 1 ? [] : [n + 1 < sums.length ? v.let(v.lanes.ops.add(x, sums[n + 1])) : x]));
    const [x] = sums;
    this.#parts[0].add(v.let(f64x2.promoteLow(x)));
    this.#parts[1].add(v.let(f64x2.promoteLow(v128.shuffle(x, x, [2, 3, 2, 3]))));
  }

  /** Ends the vectors; single elements may follow. */
  close(): void {
    for (let apart = PARTS / 2; apart >= 1; apart /= 2) for (let n = 0; n < apart; n++) this.#parts[n].merge(this.#parts[n + apart]);
    this.#parts[0].foldLanes();
  }

  /** Takes a single element, in the first lane. */
  addOne(x: Local): void {
    this.#parts[0].add(this.#widens ? this.#v.let(f64x2.promoteLow(x)) : x);
  }

  /** The total in every lane. */
  result(): Local {
    const total = this.#parts[0].result();
    if (this.#widens) return this.#v.let(f32x4.splat(f32.demote(f64x2.lane(total, 0))));
    return this.#v.let(v128.shuffle(total, total, this.#v.lanes === single ? [0, 0, 0, 0] : [0, 1, 0, 1]));
  }
}

import { type DType, type Kernel, kernel, type Reduction, type View } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import type { Elementwise } from "../elementwise/map.ts";
import { starts } from "./accumulator.ts";
import { type Axis, axesOf } from "./axes.ts";
import { DenseReductions } from "./dense.ts";
import { Folds, isSearch } from "./folds.ts";

/** A pass over the data: some elements in the memory, and the one dimension that is folded among those that stay. */
interface Step {
  readonly reduction: Reduction;
  readonly input: DType;
  readonly output: DType;
  readonly from: number;
  readonly to: number;
  readonly kept: readonly Axis[];
  readonly folded: Axis;
}

const alone: Axis = { size: 1, input: 0, output: 0, folded: true };
const fill: Kernel = kernel("y = value", ["value"]);

/** Reductions: one dimension at a time, the one of smallest steps first; sums and products in double precision throughout. */
export class Reductions {
  readonly #engine: Engine;
  readonly #elementwise: Elementwise;
  readonly #folds: Folds;
  readonly #dense: DenseReductions;

  constructor(engine: Engine, elementwise: Elementwise) {
    this.#engine = engine;
    this.#elementwise = elementwise;
    this.#folds = new Folds(engine);
    this.#dense = new DenseReductions(engine, this.#folds);
  }

  /** Forgets compiled kernels. */
  reset(): void {
    this.#folds.reset();
  }

  /** `Backend.reduce`. */
  reduce(reduction: Reduction, input: View, axes: readonly number[], output: View): void {
    if (this.#dense.run(reduction, input, axes, output)) return;
    const list = axesOf(input, axes, output);
    if (list.some(({ size, folded }) => size === 0 && !folded)) return;
    if (list.some(({ size }) => size === 0)) {
      if (isSearch(reduction)) throw new RangeError(`${reduction}: there is no extremum of no elements`);
      return this.#elementwise.map(fill, [], [starts[reduction]], [output]);
    }
    const { staging } = this.#engine;
    try {
      const from = staging.announce(input, "read");
      const to = staging.announce(output, "write");
      staging.enter();
      this.#fold(reduction, input.dtype, output.dtype, staging.address(input, from), staging.address(output, to), list);
    } finally {
      staging.leave();
    }
  }

  #fold(reduction: Reduction, input: DType, output: DType, from: number, to: number, axes: readonly Axis[]): void {
    const last = axes.findLastIndex(({ folded }) => folded);
    const folded = axes[last] ?? alone;
    const rest = axes.filter((_, index) => index !== last);
    if (!rest.some((axis) => axis.folded)) return this.#pass({ reduction, input, output, from, to, kept: rest, folded });
    const between: DType = reduction === "sum" || reduction === "prod" ? "float64" : input;
    let size = 1;
    const dense: Axis[] = [];
    for (let d = rest.length - 1; d >= 0; d--) {
      dense.unshift({ ...rest[d], output: size });
      size *= rest[d].size;
    }
    const { store } = this.#engine;
    const bytes = size * bytesOf[between];
    const temporary = store.borrow(bytes);
    try {
      this.#pass({ reduction, input, output: between, from, to: temporary, kept: dense, folded });
      this.#fold(
        reduction,
        between,
        output,
        temporary,
        to,
        rest.map((axis, d) => ({ ...axis, input: dense[d].output })),
      );
    } finally {
      store.restore(temporary, bytes);
    }
  }

  #pass({ reduction, input, output, from, to, kept, folded }: Step): void {
    const last = kept[kept.length - 1];
    const columns = last?.input === 1 && folded.input !== 1 && (last.output === 1 || !isSearch(reduction)) ? last : undefined;
    const loops = columns === undefined ? kept : kept.slice(0, -1);
    const rows = loops[loops.length - 1] ?? alone;
    eachIndex(loops.slice(0, -1), (i, o) =>
      this.#folds.run({
        reduction,
        input,
        output,
        from: from + i * bytesOf[input],
        to: to + o * bytesOf[output],
        rows: rows.size,
        inputRow: rows.input,
        outputRow: rows.output,
        columns: columns?.size ?? 0,
        outputColumn: columns?.output ?? 0,
        count: folded.size,
        inputStep: folded.input,
      }),
    );
  }
}

/** Calls `visit` with the distance in elements, in input and output, of every index of some dimensions. */
function eachIndex(axes: readonly Axis[], visit: (input: number, output: number) => void): void {
  const walk = (d: number, input: number, output: number): void => {
    if (d === axes.length) return visit(input, output);
    for (let i = 0; i < axes[d].size; i++) walk(d + 1, input + i * axes[d].input, output + i * axes[d].output);
  };
  walk(0, 0, 0);
}

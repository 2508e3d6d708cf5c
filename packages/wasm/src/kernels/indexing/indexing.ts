import { type DType, restride, type View } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import { walkOf } from "../elementwise/walk.ts";
import { indexModule, indexWords, type Move } from "./loop.ts";

type Run = (description: number) => number;

/** Gather and scatter-add: the elements of a table that an index names, along one axis. */
export class Indexing {
  readonly #engine: Engine;
  readonly #compiled = new Map<string, Run>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Forgets compiled kernels. */
  reset(): void {
    this.#compiled.clear();
  }

  /**
   * `Backend.gather` and `Backend.scatterAdd`, between a table and a dense view of the index's shape. Tells whether there is a kernel and every index was in
   * range; when one was not, what is written is undefined, and the reference backend says which.
   */
  move(move: Move, table: View, axis: number, index: View, dense: View): boolean {
    const { report } = this.#engine;
    if (index.dtype !== "int32" || table.dtype !== dense.dtype || (move === "scatterAdd" && table.dtype === "bool")) {
      report.fellBack(move, `${table.dtype} and ${dense.dtype} by ${index.dtype}`);
      return false;
    }
    report.family(move).wasm++;
    const across = restride(
      table,
      index.shape,
      table.strides.map((stride, d) => (d === axis ? 0 : stride)),
    );
    const views = [across, index, dense];
    const { size, sizes, strides } = walkOf(index.shape, views);
    if (size === 0) return true;
    const { staging, heap, descriptionAt } = this.#engine;
    const run = this.#kernel(move, table.dtype);
    try {
      const announced = [
        staging.announce(table, move === "gather" ? "read" : "readwrite"),
        staging.announce(index, "read"),
        staging.announce(dense, move === "gather" ? "write" : "read"),
      ];
      staging.enter();
      const addresses = announced.map((at, k) => staging.address(k === 0 ? table : views[k], at));
      const bytes = views.map(({ dtype }) => bytesOf[dtype]);
      const rank = sizes.length;
      const stepsOf = (d: number): number[] => (d < 0 ? [0, 0, 0] : strides[d].map((stride, k) => stride * bytes[k]));
      const [row, column] = [stepsOf(rank - 2), stepsOf(rank - 1)];
      const words: Record<(typeof indexWords)[number], number> = {
        table: addresses[0],
        index: addresses[1],
        dense: addresses[2],
        rows: rank > 1 ? sizes[rank - 2] : 1,
        columns: sizes[rank - 1],
        tableRow: row[0],
        tableColumn: column[0],
        indexRow: row[1],
        indexColumn: column[1],
        denseRow: row[2],
        denseColumn: column[2],
        axisStep: table.strides[axis] * bytes[0],
        axisSize: table.shape[axis],
      };
      indexWords.forEach((word, i) => {
        heap.i32[descriptionAt / 4 + i] = words[word];
      });
      const outer = sizes.slice(0, Math.max(0, rank - 2));
      const visit = (d: number, from: readonly number[]): boolean => {
        if (d === outer.length) {
          from.forEach((address, i) => {
            heap.i32[descriptionAt / 4 + i] = address;
          });
          return run(descriptionAt) === 0;
        }
        const steps = stepsOf(d);
        for (let i = 0; i < outer[d]; i++)
          if (
            !visit(
              d + 1,
              from.map((address, k) => address + i * steps[k]),
            )
          )
            return false;
        return true;
      };
      return visit(0, addresses);
    } finally {
      staging.leave();
    }
  }

  #kernel(move: Move, dtype: DType): Run {
    const key = `${move} ${dtype}`;
    let run = this.#compiled.get(key);
    if (run === undefined) {
      run = this.#engine.instantiate(indexModule(move, dtype, this.#engine.heap)).run as Run;
      this.#compiled.set(key, run);
    }
    return run;
  }
}

import type { DType } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import type { Run } from "../../threads/routines.ts";
import { type ElementSize, transposeModule, transposeWords } from "./loop.ts";

/** A dimension of a copy: its size, and the elements from one index to the next in source and target. */
export interface Dimension {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

const word = Object.fromEntries(transposeWords.map((name, index) => [name, index])) as Record<(typeof transposeWords)[number], number>;

/** Nanoseconds that an element takes, about. */
const COST = 0.4;
/** Rows of a part that a thread takes: whole lines of the cache in source and target. */
const GRAIN = 16;
const alone: Dimension = { size: 1, from: 0, to: 0 };

/** Copies whose source and target lie in one piece along different dimensions. */
export class Transposes {
  readonly #engine: Engine;
  readonly #compiled = new Map<ElementSize, Run>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Forgets compiled kernels. */
  reset(): void {
    this.#compiled.clear();
  }

  /** Copies elements from address to address; `row` and `column` are the dimensions along which source and target lie in one piece. */
  copy(dtype: DType, from: number, to: number, row: Dimension, column: Dimension, others: readonly Dimension[]): void {
    const { heap, descriptionAt } = this.#engine;
    const size = bytesOf[dtype] as ElementSize;
    const run = this.#kernel(size);
    const batch = others.reduce((widest, other) => (other.size > widest.size ? other : widest), alone);
    const loops = others.filter((other) => other !== batch);
    const at = descriptionAt / 4;
    const words: Record<(typeof transposeWords)[number], number> = {
      from,
      to,
      rows: row.size,
      columns: column.size,
      fromColumn: column.from * size,
      toRow: row.to * size,
      batch: batch.size,
      fromBatch: batch.from * size,
      toBatch: batch.to * size,
    };
    for (const name of transposeWords) heap.i32[at + word[name]] = words[name];
    const visit = (d: number, source: number, target: number): void => {
      if (d < loops.length) {
        for (let i = 0; i < loops[d].size; i++) visit(d + 1, source + i * loops[d].from * size, target + i * loops[d].to * size);
        return;
      }
      heap.i32[at + word.from] = source;
      heap.i32[at + word.to] = target;
      this.#run(run, size, row.size, column.size, batch.size);
    };
    visit(0, from, to);
  }

  #run(run: Run, size: number, rows: number, columns: number, batch: number): void {
    const { heap, threads, descriptionAt } = this.#engine;
    const work = COST * rows * columns * batch;
    if (!threads.worth(work)) return void run(descriptionAt);
    const byBatch = batch >= 16;
    const bytes = 4 * transposeWords.length;
    threads.split(run, { bytes, work, count: byBatch ? batch : rows, grain: byBatch ? 1 : GRAIN }, (copy, first, end) => {
      const { i32 } = heap;
      i32[copy + (byBatch ? word.batch : word.rows)] = end - first;
      i32[copy + word.from] += first * (byBatch ? i32[copy + word.fromBatch] : size);
      i32[copy + word.to] += first * i32[copy + (byBatch ? word.toBatch : word.toRow)];
    });
  }

  #kernel(size: ElementSize): Run {
    let run = this.#compiled.get(size);
    if (run === undefined) {
      run = this.#engine.instantiate(transposeModule(size, this.#engine.heap)).run as Run;
      this.#compiled.set(size, run);
    }
    return run;
  }
}

import { type DType, restride, type View } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import type { Run } from "../../threads/routines.ts";
import { type Walk, walkOf } from "../elementwise/walk.ts";
import { scratchBytes, sortModule, sortWords } from "./loop.ts";

const word = Object.fromEntries(sortWords.map((name, index) => [name, index])) as Record<(typeof sortWords)[number], number>;

/** Nanoseconds that an element takes, about. */
const COST = 10;

/** Indices that sort lines along an axis; lines are independent of one another. */
export class Sorts {
  readonly #engine: Engine;
  readonly #compiled = new Map<DType, Run>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Forgets compiled kernels. */
  reset(): void {
    this.#compiled.clear();
  }

  /** `Backend.argsort`. */
  argsort(input: View, axis: number, order: "ascending" | "descending", output: View): void {
    const count = output.shape[axis];
    const without = (list: readonly number[]): number[] => list.filter((_, d) => d !== axis);
    const shape = without(output.shape);
    const views = [input, output];
    const walk = walkOf(
      shape,
      views.map((view) => restride(view, shape, without(view.strides))),
    );
    if (walk.size === 0 || count === 0) return;
    const { staging } = this.#engine;
    try {
      const announced = [staging.announce(input, "read"), staging.announce(output, "write")];
      staging.enter();
      const [from, to] = views.map((view, k) => staging.address(view, announced[k]));
      const size = bytesOf[input.dtype];
      const { sizes, strides } = walk;
      const inner = sizes.length - 1;
      this.#lines(input.dtype, walk, {
        from,
        to,
        lines: sizes[inner],
        fromLine: strides[inner][0] * size,
        toLine: strides[inner][1] * 4,
        count,
        fromStep: input.strides[axis] * size,
        toStep: output.strides[axis] * 4,
        scratch: 0,
        flip: order === "descending" ? -1 : 0,
      });
    } finally {
      staging.leave();
    }
  }

  #lines(dtype: DType, { sizes, strides }: Walk, words: Record<(typeof sortWords)[number], number>): void {
    const { heap, store, threads, descriptionAt } = this.#engine;
    const run = this.#kernel(dtype);
    const { lines, count } = words;
    const work = COST * lines * count;
    const parts = threads.worth(work) ? threads.running : 1;
    // Each thread has scratch memory of its own.
    const bytes = (scratchBytes(dtype, count) + 63) & ~63;
    const scratch = store.borrow(bytes * parts);
    try {
      const at = descriptionAt / 4;
      sortWords.forEach((name, i) => {
        heap.i32[at + i] = name === "scratch" ? scratch : words[name];
      });
      const size = bytesOf[dtype];
      const visit = (d: number, from: number, to: number): void => {
        if (d < sizes.length - 1) {
          for (let i = 0; i < sizes[d]; i++) visit(d + 1, from + i * strides[d][0] * size, to + i * strides[d][1] * 4);
          return;
        }
        heap.i32[at + word.from] = from;
        heap.i32[at + word.to] = to;
        if (parts === 1) return void run(descriptionAt);
        threads.split(run, { bytes: 4 * sortWords.length, work, count: lines, grain: 1, most: parts }, (copy, first, end, part) => {
          const { i32 } = heap;
          i32[copy + word.from] += first * i32[copy + word.fromLine];
          i32[copy + word.to] += first * i32[copy + word.toLine];
          i32[copy + word.lines] = end - first;
          i32[copy + word.scratch] += part * bytes;
        });
      };
      visit(0, words.from, words.to);
    } finally {
      store.restore(scratch, bytes * parts);
    }
  }

  #kernel(dtype: DType): Run {
    let run = this.#compiled.get(dtype);
    if (run === undefined) {
      run = this.#engine.instantiate(sortModule(dtype, this.#engine.heap)).run as Run;
      this.#compiled.set(dtype, run);
    }
    return run;
  }
}

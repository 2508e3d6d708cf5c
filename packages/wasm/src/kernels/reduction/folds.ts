import type { DType, Reduction } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import type { Run } from "../../threads/routines.ts";
import { double, type Lanes, single } from "../elementwise/lanes.ts";
import { foldModule, foldWords, LINE } from "./fold.ts";
import { searchModule } from "./search.ts";

/** One pass over elements in the memory: rows, of which each is folded to one element, or has columns side by side, of which each is. Steps count elements. */
export interface Pass {
  readonly reduction: Reduction;
  readonly input: DType;
  readonly output: DType;
  /** Addresses of the first elements. */
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  readonly inputRow: number;
  readonly outputRow: number;
  /** Columns of a row, neighbours in the input, and in the output where that is an index; 0 where a row is folded as a whole. */
  readonly columns: number;
  readonly outputColumn: number;
  /** What is folded to one element. */
  readonly count: number;
  readonly inputStep: number;
}

/** Nanoseconds that an element takes, about. */
const COST = 0.12;
/** Columns of a part that a thread takes. */
const GRAIN = 16;
/** Columns that reach further, in bytes, are folded so many elements at a time: else each element of a column waits for the memory anew. */
const FAR = 2 ** 20;
const BLOCK = 16;
/** Columns that reach even further may come from memory, not from a cache: then it pays to read ahead. */
const FARTHER = 2 ** 22;

const word = Object.fromEntries(foldWords.map((name, index) => [name, index])) as Record<(typeof foldWords)[number], number>;
const reductionCode = { sum: 0, prod: 1, max: 2, min: 3, argmax: 4, argmin: 5 } as const;
const dtypeCode = { float32: 0, float64: 1, int32: 2, bool: 3 } as const;

/** The compiled folds of an engine. */
export class Folds {
  readonly #engine: Engine;
  readonly #compiled = new Map<number, Run>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Forgets compiled kernels. */
  reset(): void {
    this.#compiled.clear();
  }

  /** Folds, on several threads where that pays. Nothing is empty. */
  run(pass: Pass): void {
    const { reduction, rows, columns, count, inputStep } = pass;
    const run = this.#kernel(pass);
    const size = bytesOf[pass.input];
    const reach = count * Math.abs(inputStep) * size;
    if (isSearch(reduction) || columns <= rows || reach <= FAR) return this.#fold(run, pass, { block: count, partial: 0, ahead: 0 });
    const { store } = this.#engine;
    const bytes = columns * bytesOf.float64 + 64;
    const partial = store.borrow(bytes);
    try {
      this.#fold(run, pass, { block: BLOCK, partial, ahead: reach > FARTHER ? Math.ceil((columns * size) / LINE) : 0 });
    } finally {
      store.restore(partial, bytes);
    }
  }

  #fold(run: Run, pass: Pass, { block, partial, ahead }: { readonly block: number; readonly partial: number; readonly ahead: number }): void {
    const { input, output, rows, columns, count } = pass;
    const [inputSize, outputSize] = [bytesOf[input], bytesOf[output]];
    const { heap, threads, descriptionAt } = this.#engine;
    const words = heap.i32;
    const at = descriptionAt / 4;
    words[at + word.input] = pass.from;
    words[at + word.output] = pass.to;
    words[at + word.rows] = rows;
    words[at + word.inputRow] = pass.inputRow * inputSize;
    words[at + word.outputRow] = pass.outputRow * outputSize;
    words[at + word.columns] = columns;
    words[at + word.inputColumn] = inputSize;
    words[at + word.outputColumn] = pass.outputColumn * outputSize;
    words[at + word.count] = count;
    words[at + word.inputStep] = pass.inputStep * inputSize;
    words[at + word.block] = block;
    words[at + word.partial] = partial;
    words[at + word.partialColumn] = 16 / lanesOf(pass).count;
    words[at + word.ahead] = ahead;
    const work = COST * rows * Math.max(columns, 1) * count;
    if (!threads.worth(work)) return void run(descriptionAt);
    const byColumns = rows < columns;
    threads.split(run, { bytes: 4 * foldWords.length, work, count: byColumns ? columns : rows, grain: byColumns ? GRAIN : 1 }, (copy, start, end) => {
      const { i32 } = heap;
      i32[copy + word.input] += start * i32[copy + (byColumns ? word.inputColumn : word.inputRow)];
      i32[copy + word.output] += start * i32[copy + (byColumns ? word.outputColumn : word.outputRow)];
      i32[copy + (byColumns ? word.columns : word.rows)] = end - start;
      if (!byColumns) return;
      i32[copy + word.partial] += start * i32[copy + word.partialColumn];
      if (ahead > 0) i32[copy + word.ahead] = Math.ceil(((end - start) * inputSize) / LINE);
    });
  }

  #kernel(pass: Pass): Run {
    const { reduction, input, output, columns } = pass;
    const unit = (columns > 0 ? pass.outputColumn : pass.inputStep) === 1;
    const key = reductionCode[reduction] * 64 + dtypeCode[input] * 16 + dtypeCode[output] * 4 + (columns > 0 ? 2 : 0) + (unit ? 1 : 0);
    let run = this.#compiled.get(key);
    if (run === undefined) {
      const { heap, fused } = this.#engine;
      const along = columns > 0 ? "columns" : "rows";
      const module = isSearch(reduction)
        ? searchModule({ search: reduction, input, along }, heap)
        : foldModule({ fold: reduction, lanes: lanesOf(pass), input, output, along, step: unit ? "unit" : "any" }, { shared: heap.shared, fused });
      run = this.#engine.instantiate(module).run as Run;
      this.#compiled.set(key, run);
    }
    return run;
  }
}

/** Whether a reduction gives an index. */
export const isSearch = (reduction: Reduction): reduction is "argmax" | "argmin" => reduction === "argmax" || reduction === "argmin";

/** Sums and products are made in double precision; extrema of single precision are exact. */
const lanesOf = ({ reduction, input, output }: Pass): Lanes =>
  input === "float32" && output === "float32" && (reduction === "max" || reduction === "min") ? single : double;

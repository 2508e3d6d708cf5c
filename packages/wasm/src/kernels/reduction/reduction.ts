import { type DType, type Kernel, kernel, type Reduction, type View } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import { double, single } from "../elementwise/lanes.ts";
import type { Elementwise } from "../elementwise/map.ts";
import { starts } from "./accumulator.ts";
import { type Axis, axesOf } from "./axes.ts";
import { type FoldClass, foldModule, foldWords } from "./fold.ts";
import { searchModule } from "./search.ts";

type Run = (description: number) => void;

/** One pass over the data: some elements in the memory, and the one dimension that is folded among those that stay. */
interface Pass {
  readonly reduction: Reduction;
  readonly input: DType;
  readonly output: DType;
  readonly from: number;
  readonly to: number;
  readonly kept: readonly Axis[];
  readonly folded: Axis;
}

/** Nanoseconds that an element takes, about. */
const FOLD_COST = 0.3;
const word = Object.fromEntries(foldWords.map((name, index) => [name, index])) as Record<(typeof foldWords)[number], number>;

const alone: Axis = { size: 1, input: 0, output: 0, folded: true };
const fill: Kernel = kernel("y = value", ["value"]);

/** Reductions: one dimension at a time, the one of smallest steps first; sums and products in double precision throughout. */
export class Reductions {
  readonly #engine: Engine;
  readonly #elementwise: Elementwise;
  readonly #compiled = new Map<string, Run>();

  constructor(engine: Engine, elementwise: Elementwise) {
    this.#engine = engine;
    this.#elementwise = elementwise;
  }

  /** Forgets compiled kernels. */
  reset(): void {
    this.#compiled.clear();
  }

  /** `Backend.reduce`. */
  reduce(reduction: Reduction, input: View, axes: readonly number[], output: View): void {
    const list = axesOf(input, axes, output);
    if (list.some(({ size, folded }) => size === 0 && !folded)) return;
    if (list.some(({ size }) => size === 0)) {
      if (reduction === "argmax" || reduction === "argmin") throw new RangeError(`${reduction}: there is no extremum of no elements`);
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

  #pass({ reduction, input, output, from, to, kept, folded }: Pass): void {
    const search = reduction === "argmax" || reduction === "argmin";
    const last = kept[kept.length - 1];
    const columns = !search && last !== undefined && last.input === 1 && folded.input !== 1;
    const inner = columns ? last : undefined;
    const loops = columns ? kept.slice(0, -1) : kept;
    const rows = loops[loops.length - 1] ?? alone;
    const run = search
      ? this.#search(reduction, input)
      : this.#foldKernel({
          fold: reduction,
          lanes: input === "float32" && (reduction === "max" || reduction === "min") ? single : double,
          input,
          output,
          along: columns ? "columns" : "rows",
          step: (columns ? last.output : folded.input) === 1 ? "unit" : "any",
        });
    const [inputSize, outputSize] = [bytesOf[input], bytesOf[output]];
    const { heap, descriptionAt } = this.#engine;
    const words: Record<(typeof foldWords)[number], number> = {
      input: from,
      output: to,
      rows: rows.size,
      inputRow: rows.input * inputSize,
      outputRow: rows.output * outputSize,
      columns: inner?.size ?? 1,
      inputColumn: inputSize,
      outputColumn: (inner?.output ?? 0) * outputSize,
      count: folded.size,
      inputStep: folded.input * inputSize,
    };
    const at = descriptionAt / 4;
    for (let i = 0; i < foldWords.length; i++) heap.i32[at + i] = words[foldWords[i]];
    eachIndex(loops.slice(0, -1), (i, o) => {
      heap.i32[at] = from + i * inputSize;
      heap.i32[at + 1] = to + o * outputSize;
      this.#run(run, rows.size, inner?.size ?? 0, folded.size);
    });
  }

  /** Runs the fold described, split along rows or, if there are any, columns where that pays; never along what is folded. */
  #run(run: Run, rows: number, columns: number, depth: number): void {
    const { heap, threads, descriptionAt } = this.#engine;
    const work = FOLD_COST * rows * Math.max(columns, 1) * depth;
    if (!threads.worth(work)) return void run(descriptionAt);
    const [count, grain, size, input, output] =
      rows < columns ? [columns, 16, word.columns, word.inputColumn, word.outputColumn] : [rows, 1, word.rows, word.inputRow, word.outputRow];
    threads.split(run, { bytes: 4 * foldWords.length, work, count, grain }, (at, from, to) => {
      const { i32 } = heap;
      i32[at + word.input] += from * i32[at + input];
      i32[at + word.output] += from * i32[at + output];
      i32[at + size] = to - from;
    });
  }

  #foldKernel(kind: FoldClass): Run {
    const key = `${kind.fold} ${kind.input} ${kind.output} ${kind.along} ${kind.step}`;
    let run = this.#compiled.get(key);
    if (run === undefined) {
      run = this.#engine.instantiate(foldModule(kind, this.#engine.heap)).run as Run;
      this.#compiled.set(key, run);
    }
    return run;
  }

  #search(search: "argmax" | "argmin", input: DType): Run {
    const key = `${search} ${input}`;
    let run = this.#compiled.get(key);
    if (run === undefined) {
      run = this.#engine.instantiate(searchModule(search, input, this.#engine.heap)).run as Run;
      this.#compiled.set(key, run);
    }
    return run;
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

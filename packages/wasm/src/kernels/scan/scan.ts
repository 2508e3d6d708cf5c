import { restride, type Scan, type View } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import type { Run } from "../../threads/routines.ts";
import type { Step } from "../elementwise/access.ts";
import { type Walk, walkOf } from "../elementwise/walk.ts";
import { type ScanClass, type ScanKind, scanModule, scanWords, viewWords } from "./loop.ts";

/** Nanoseconds that an element takes, about. */
const COST = 0.5;
/** Lines of a part that a thread takes. */
const GRAIN = 16;

/** Scans along an axis; lines are independent of one another. */
export class Scans {
  readonly #engine: Engine;
  readonly #compiled = new Map<string, Run>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Forgets compiled kernels. */
  reset(): void {
    this.#compiled.clear();
  }

  /** `Backend.scan`. */
  scan(scan: Scan, inputs: readonly View[], axis: number, output: View): void {
    const count = output.shape[axis];
    const sums = scan === "affine" && isOne(inputs[0]);
    const views = [...(sums ? inputs.slice(1) : inputs), output];
    const without = (list: readonly number[]): number[] => list.filter((_, d) => d !== axis);
    const shape = without(output.shape);
    const walk = walkOf(
      shape,
      views.map((view) => restride(view, shape, without(view.strides))),
    );
    if (walk.size === 0 || count === 0) return;
    const { staging } = this.#engine;
    try {
      const announced = views.map((view, k) => staging.announce(view, k < views.length - 1 ? "read" : "write"));
      staging.enter();
      const addresses = views.map((view, k) => staging.address(view, announced[k]));
      this.#lines(sums ? "sum" : scan, views, addresses, walk, count, axis);
    } finally {
      staging.leave();
    }
  }

  #lines(kind: ScanKind, views: readonly View[], addresses: readonly number[], { sizes, strides }: Walk, count: number, axis: number): void {
    const { heap, descriptionAt } = this.#engine;
    const inner = sizes.length - 1;
    const classes = views.map(({ dtype }, k) => ({ dtype, step: stepOf(strides[inner][k]) }));
    const run = this.#kernel({ kind, inputs: classes.slice(0, -1), output: classes[classes.length - 1] });
    const at = descriptionAt / 4;
    heap.i32[at + scanWords.lines] = sizes[inner];
    heap.i32[at + scanWords.count] = count;
    views.forEach(({ dtype, strides: own }, k) => {
      const words = at + viewWords.from(k);
      heap.i32[words + viewWords.line] = strides[inner][k] * bytesOf[dtype];
      heap.i32[words + viewWords.step] = own[axis] * bytesOf[dtype];
    });
    const visit = (d: number, places: readonly number[]): void => {
      if (d < inner) {
        for (let i = 0; i < sizes[d]; i++)
          visit(
            d + 1,
            places.map((place, k) => place + i * strides[d][k] * bytesOf[views[k].dtype]),
          );
        return;
      }
      places.forEach((place, k) => {
        heap.i32[at + viewWords.from(k) + viewWords.at] = place;
      });
      this.#run(run, views.length, sizes[inner], count);
    };
    visit(0, addresses);
  }

  #run(run: Run, views: number, lines: number, count: number): void {
    const { heap, threads, descriptionAt } = this.#engine;
    const work = COST * lines * count;
    if (!threads.worth(work)) return void run(descriptionAt);
    threads.split(run, { bytes: 4 * viewWords.from(views), work, count: lines, grain: GRAIN }, (copy, from, to) => {
      const { i32 } = heap;
      i32[copy + scanWords.lines] = to - from;
      for (let k = 0; k < views; k++) {
        const words = copy + viewWords.from(k);
        i32[words + viewWords.at] += from * i32[words + viewWords.line];
      }
    });
  }

  #kernel(kind: ScanClass): Run {
    const key = `${kind.kind} ${[...kind.inputs, kind.output].map(({ dtype, step }) => `${dtype} ${step}`)}`;
    let run = this.#compiled.get(key);
    if (run === undefined) {
      run = this.#engine.instantiate(scanModule(kind, this.#engine.heap)).run as Run;
      this.#compiled.set(key, run);
    }
    return run;
  }
}

const stepOf = (stride: number): Step => (stride === 1 ? "unit" : stride === 0 ? "zero" : "any");

/** Whether a view shows the number 1 everywhere, as the factor of running sums does. */
function isOne({ storage, strides, offset }: View): boolean {
  return strides.every((stride) => stride === 0) && storage.data?.[offset] === 1;
}

import { freeNames, isFloat, POSITION, type RowKernel, restride, type View } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import type { Run } from "../../threads/routines.ts";
import { costOf } from "../elementwise/cost.ts";
import type { FunctionName, Lanes } from "../elementwise/lanes.ts";
import { lanesFor, type ViewClass } from "../elementwise/loop.ts";
import { hostFunctions } from "../elementwise/loops.ts";
import { type Walk, walkOf } from "../elementwise/walk.ts";
import { expressionsOf, type RowView, rowModule, rowWords } from "./loop.ts";

/** Places in a row must be whole numbers of single precision. */
const LONGEST = 2 ** 24;

interface RowLoop {
  readonly run: Run;
  readonly lanes: Lanes;
  /** Nanoseconds that an element takes, about. */
  readonly cost: number;
}

/** How a view lies in rows of a length; nothing where they do not lie in one piece. */
function rowView({ dtype, shape, strides }: View, length: number, isInput: boolean): RowView | undefined {
  const last = shape.length - 1;
  const isOne = last < 0 || shape[last] !== length || (isInput && (length === 1 || strides[last] === 0));
  return isOne || length === 1 || strides[last] === 1 ? { dtype, step: isOne ? "zero" : "unit" } : undefined;
}

/** Formulas over rows: all passes over a row while it is in the first cache. */
export class Rows {
  readonly #engine: Engine;
  #loops = new WeakMap<RowKernel, Map<number, RowLoop>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Forgets compiled kernels. */
  reset(): void {
    this.#loops = new WeakMap();
  }

  /** `Backend.mapRows`; tells why it has no kernel, if so. */
  mapRows(kernel: RowKernel, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]): string | undefined {
    const views = [...inputs, ...outputs];
    const rank = outputs[0].shape.length;
    const lengthOf = ({ shape }: View): number => (shape.length === 0 ? 1 : shape[shape.length - 1]);
    const length = Math.max(...inputs.map(lengthOf));
    if (rank === 0 || views.some(({ shape }) => shape.includes(0))) return "rows without elements";
    if (length > LONGEST && expressionsOf(kernel).some((expression) => freeNames(expression).includes(POSITION))) return "rows too long to count";
    if (!outputs.every(({ dtype }) => isFloat(dtype) && dtype === outputs[0].dtype))
      return `results in ${outputs.map(({ dtype }) => dtype).join(", ")}`;
    const classes: RowView[] = [];
    for (let k = 0; k < views.length; k++) {
      const laid = rowView(views[k], length, k < inputs.length);
      if (laid === undefined) return "rows that do not lie in one piece";
      classes.push(laid);
    }
    const lead = (list: readonly number[]): readonly number[] => list.slice(0, -1);
    const walk = walkOf(
      lead(outputs[0].shape),
      views.map((view) => restride(view, lead(view.shape), lead(view.strides))),
    );
    const { staging } = this.#engine;
    try {
      const announced = views.map((view, k) => staging.announce(view, k < inputs.length ? "read" : "write"));
      staging.enter();
      const addresses = views.map((view, k) => staging.address(view, announced[k]));
      this.#run(this.#loopOf(kernel, classes), views, addresses, walk, length, scalars);
    } finally {
      staging.leave();
    }
    return undefined;
  }

  #loopOf(kernel: RowKernel, classes: readonly RowView[]): RowLoop {
    let loops = this.#loops.get(kernel);
    if (loops === undefined) this.#loops.set(kernel, (loops = new Map()));
    const key = classes.reduce((all, { dtype, step }) => all * 8 + 2 * codes[dtype] + (step === "unit" ? 1 : 0), 1);
    let loop = loops.get(key);
    if (loop === undefined) {
      const { fused, wide, heap } = this.#engine;
      const views = classes.map((view, alias): ViewClass => ({ ...view, alias }));
      const lanes = lanesFor(views);
      const module = rowModule(kernel, classes, lanes, { fused, wide, shared: heap.shared });
      const { run } = this.#engine.instantiate(module, hostFunctions as Record<FunctionName, () => number>);
      loops.set(key, (loop = { run: run as Run, lanes, cost: costOf(lanes, views, expressionsOf(kernel)) }));
    }
    return loop;
  }

  #run(
    { run, lanes, cost }: RowLoop,
    views: readonly View[],
    addresses: readonly number[],
    walk: Walk,
    length: number,
    scalars: readonly number[],
  ): void {
    const { heap, threads, descriptionAt } = this.#engine;
    const { sizes, strides } = walk;
    const inner = sizes.length - 1;
    const at = descriptionAt / 4;
    heap.i32[at + rowWords.length / 4] = length;
    const numbers = descriptionAt + rowWords.scalars(views.length);
    scalars.forEach((scalar, k) => {
      if (lanes.count === 2) heap.f64[numbers / 8 + k] = scalar;
      else heap.f32[numbers / 4 + 2 * k] = scalar;
    });
    views.forEach(({ dtype }, k) => {
      heap.i32[at + rowWords.rowStep(k) / 4] = strides[inner][k] * bytesOf[dtype];
    });
    const work = cost * length * sizes[inner];
    const bytes = rowWords.scalars(views.length) + 8 * scalars.length;
    const visit = (d: number, starts: readonly number[]): void => {
      if (d < inner) {
        for (let i = 0; i < sizes[d]; i++)
          visit(
            d + 1,
            starts.map((start, k) => start + i * strides[d][k] * bytesOf[views[k].dtype]),
          );
        return;
      }
      // A run counts its description's words down.
      heap.i32[at + rowWords.rows / 4] = sizes[inner];
      starts.forEach((start, k) => {
        heap.i32[at + rowWords.pointer(k) / 4] = start;
      });
      if (!threads.worth(work)) return void run(descriptionAt);
      threads.split(run, { bytes, work, count: sizes[inner], grain: 1 }, (copy, from, to) => {
        const { i32 } = heap;
        i32[copy + rowWords.rows / 4] = to - from;
        views.forEach((_, k) => {
          i32[copy + rowWords.pointer(k) / 4] += from * i32[copy + rowWords.rowStep(k) / 4];
        });
      });
    };
    visit(0, addresses);
  }
}

const codes = { float32: 0, float64: 1, int32: 2, bool: 3 } as const;

import { restride, type View } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import type { Run } from "../../threads/routines.ts";
import { Scratch } from "../convolution/scratch.ts";
import { walkOf } from "../elementwise/walk.ts";

/** The first words of a description: how many planes, then for each view the address of its first plane and the bytes from one to the next. */
const planeWords = { count: 0, at: (view: number): number => 1 + 2 * view, step: (view: number): number => 2 + 2 * view } as const;

/** What is done with every plane. */
export interface PlaneJob {
  readonly run: Run;
  /** Nanoseconds that a plane takes, about. */
  readonly work: number;
  /** The words that follow the first ones; tables go to scratch memory. */
  readonly words: (scratch: Scratch) => readonly number[];
}

/** Runs a job over the planes of some views, which are their last n dimensions, on several threads where that pays; the last view is written. */
export function eachPlane(engine: Engine, views: readonly View[], n: number, { run, work, words }: PlaneJob): void {
  const shape = views[0].shape.slice(0, views[0].shape.length - n);
  const { size, sizes, strides } = walkOf(
    shape,
    views.map((view) => restride(view, shape, view.strides.slice(0, shape.length))),
  );
  if (size === 0) return;
  const { heap, staging, threads, descriptionAt } = engine;
  const scratch = new Scratch(engine);
  const last = sizes.length - 1;
  const bytesBetween = (d: number, k: number): number => strides[d][k] * bytesOf[views[k].dtype];
  try {
    const announced = views.map((view, k) => staging.announce(view, k < views.length - 1 ? "read" : "write"));
    staging.enter();
    const addresses = views.map((view, k) => staging.address(view, announced[k]));
    const others = words(scratch);
    const first = planeWords.at(views.length);
    const bytes = 4 * (first + others.length);
    const total = work * sizes[last];
    const visit = (d: number, places: readonly number[]): void => {
      if (d < last) {
        for (let i = 0; i < sizes[d]; i++)
          visit(
            d + 1,
            places.map((place, k) => place + i * bytesBetween(d, k)),
          );
        return;
      }
      const at = descriptionAt / 4;
      heap.i32[at + planeWords.count] = sizes[last];
      places.forEach((place, k) => {
        heap.i32[at + planeWords.at(k)] = place;
        heap.i32[at + planeWords.step(k)] = bytesBetween(last, k);
      });
      others.forEach((word, i) => void (heap.i32[at + first + i] = word));
      if (!threads.worth(total)) return void run(descriptionAt);
      threads.split(run, { bytes, work: total, count: sizes[last], grain: 1 }, (copy, from, to) => {
        const { i32 } = heap;
        i32[copy + planeWords.count] = to - from;
        for (let k = 0; k < views.length; k++) i32[copy + planeWords.at(k)] += from * i32[copy + planeWords.step(k)];
      });
    };
    visit(0, addresses);
  } finally {
    scratch.release();
    staging.leave();
  }
}

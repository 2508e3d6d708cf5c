import type { Engine } from "../../engine.ts";
import type { Run } from "../../threads/routines.ts";
import { description } from "./loop.ts";

/** What sharing a loop between threads depends on. */
export interface Shareable {
  readonly run: Run;
  /** The views that have a pointer of their own, and whether each is written. */
  readonly pointers: readonly number[];
  readonly written: readonly boolean[];
  /** Bytes of its description. */
  readonly bytes: number;
  /** Nanoseconds that an element takes, about. */
  readonly cost: number;
}

const word = { length: description.length / 4, rows: description.rows / 4 } as const;
const pointer = (index: number): number => description.pointer(index) / 4;
const rowStep = (index: number): number => description.rowStep(index) / 4;
const step = (index: number): number => description.step(index) / 4;

/** Elements of a part of a row: whole vectors, and whole lines of the cache, so that threads do not write the same ones. */
const GRAIN = 64;

/** Runs a loop whose description lies ready; on several threads where that pays and no element written is part of another operand. */
export function runShared(engine: Engine, { run, pointers, written, bytes, cost }: Shareable): void {
  const { heap, threads, descriptionAt } = engine;
  const at = descriptionAt / 4;
  const [length, rows] = [heap.i32[at + word.length], heap.i32[at + word.rows]];
  const work = cost * length * rows;
  if (!threads.worth(work) || overlaps(heap.i32, at, written)) return void run(descriptionAt);
  const byRows = rows >= 16 || length < 2 * GRAIN;
  threads.split(run, { bytes, work, count: byRows ? rows : length, grain: byRows ? 1 : GRAIN }, (copy, from, to) => {
    const { i32 } = heap;
    i32[copy + (byRows ? word.rows : word.length)] = to - from;
    for (let i = 0; i < pointers.length; i++) i32[copy + pointer(i)] += from * i32[copy + (byRows ? rowStep(i) : step(i))];
  });
}

/** Whether the range of an operand that is written meets that of another one. */
function overlaps(words: Int32Array, at: number, written: readonly boolean[]): boolean {
  const [length, rows] = [words[at + word.length], words[at + word.rows]];
  const ranges = written.map((_, i) => {
    const start = words[at + pointer(i)] >>> 0;
    const [row, inner] = [words[at + rowStep(i)] * (rows - 1), words[at + step(i)] * (length - 1)];
    return { low: start + Math.min(0, row) + Math.min(0, inner), high: start + Math.max(0, row) + Math.max(0, inner) };
  });
  return ranges.some((a, i) => written[i] && ranges.some((b, j) => i !== j && a.low <= b.high && b.low <= a.high));
}

import type { Engine } from "../../engine.ts";
import type { Run } from "../../threads/routines.ts";
import { type Block, blockWords, scratchBytes } from "./block.ts";
import { sizeOf, type TileShape, widthOf } from "./shape.ts";

const index = Object.fromEntries(blockWords.map((name, at) => [name, at])) as Record<keyof Block, number>;

/** Nanoseconds that a product takes on one thread, about: measured on a core at 3 GHz. */
export const workOf = (shape: TileShape, m: number, n: number, k: number): number =>
  (m * n * k * 0.05 * (sizeOf(shape) / 4) * (shape.fused ? 1 : 1.4)) / (shape.fused && shape.vectors > 2 ? 2 : 1);

/** Parts that a block is cut into, at most, so that a thread that is slow leaves more to the others. Each needs scratch memory of its own. */
export const partsFor = (threads: number): number => 2 * threads;

/** Rows or columns below which a part packs almost as much as it multiplies. */
const LEAST = 96;

/**
 * Runs a block of a product on several threads: many products one by one, one of them by columns, and then each part packs all of a, or by rows, and then
 * each part packs all of b. Parts are whole tiles, and every number is summed in the same order as on one thread.
 */
export function splitBlock(engine: Engine, block: Run, shape: TileShape, words: Block, parts: number): void {
  const { heap, threads } = engine;
  const { m, n, k, batch } = words;
  const size = sizeOf(shape);
  const packingA = words.aRow === size ? 0 : 0.6 * m;
  const packingB = words.packB === 1 ? 0.5 * n : 0;
  const [rowTiles, columnTiles] = [Math.floor(m / shape.rows), Math.floor(n / widthOf(shape))];
  const byColumns = columnTiles >= parts && (packingA <= packingB || rowTiles < parts);
  const [count, grain] = batch > 1 ? [batch, 1] : byColumns ? [n, widthOf(shape)] : [m, shape.rows];
  const most = batch > 1 ? parts : Math.min(parts, Math.max(parts / 2, Math.floor(count / LEAST)));
  const scratch = scratchBytes(shape, n, k);
  threads.split(block, { bytes: 4 * blockWords.length, work: workOf(shape, m, n, k) * batch, count, grain, most }, (at, from, to, part) => {
    const { i32 } = heap;
    if (batch > 1) {
      i32[at + index.a] += from * words.aBatch;
      i32[at + index.b] += from * words.bBatch;
      i32[at + index.c] += from * words.cBatch;
      i32[at + index.start] += from * words.startBatch;
      i32[at + index.batch] = to - from;
    } else if (byColumns) {
      i32[at + index.b] += from * words.bColumn;
      i32[at + index.c] += from * words.cColumn;
      i32[at + index.start] += from * words.startColumn;
      i32[at + index.n] = to - from;
    } else {
      i32[at + index.a] += from * words.aRow;
      i32[at + index.c] += from * words.cRow;
      i32[at + index.start] += from * words.startRow;
      i32[at + index.m] = to - from;
    }
    i32[at + index.scratch] += part * scratch;
  });
}

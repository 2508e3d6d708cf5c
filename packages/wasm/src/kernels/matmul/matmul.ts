import { copyKernel, gateKernel, type Kernel, kernel, type View } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import type { Run } from "../../threads/routines.ts";
import type { Elementwise } from "../elementwise/map.ts";
import { batchesOf, eachOuter } from "./batch.ts";
import { type Block, blockModule, describe, scratchBytes } from "./block.ts";
import { isInner } from "./inner.ts";
import { costOf, evenly, fromZero, isLong, K_BLOCK, type Matrices, merged, N_BLOCK, type Product, packsB, panelDepth, swapped } from "./product.ts";
import { shapeFor, sizeOf, type TileShape } from "./shape.ts";
import { partsFor, splitBlock, workOf } from "./share.ts";
import { vectorModule } from "./vector.ts";

const zero: Kernel = kernel("y = 0");

type Float = "float32" | "float64";

const still: readonly number[] = [0, 0, 0, 0];

/** The matrices of a view, so many elements after its address, each so many after the one before. */
function matrices({ dtype, strides }: View, address: number, from: number, next: number): Matrices {
  const size = bytesOf[dtype];
  const rank = strides.length;
  return { at: address + from * size, row: strides[rank - 2] * size, column: strides[rank - 1] * size, batch: next * size };
}

/** Whether two views of one shape lie alike, so that one offset leads from every element to its partner. */
const liesLike = (a: View, b: View): boolean => a.dtype === b.dtype && a.strides.every((stride, d) => stride === b.strides[d] || a.shape[d] === 1);

interface Kernels {
  readonly shape: TileShape;
  readonly block: Run;
  /** The same of long rows, where there is such a kernel; compiled when it is first asked for. */
  readonly long: () => Run;
  /** In inner products, where there is such a kernel. */
  readonly inner: Run | undefined;
  readonly gate: (...args: number[]) => void;
  readonly outer: (...args: number[]) => void;
  readonly dots: (...args: number[]) => void;
  readonly sums: (...args: number[]) => void;
}

/** Matrix products: register tiles over packed panels; a row times a matrix and outer products in loops of their own. */
export class MatrixProducts {
  readonly #engine: Engine;
  readonly #elementwise: Elementwise;
  readonly #kernels: Partial<Record<Float, Kernels>> = {};

  constructor(engine: Engine, elementwise: Elementwise) {
    this.#engine = engine;
    this.#elementwise = elementwise;
  }

  /** Forgets compiled kernels, after the engine's abilities changed. */
  reset(): void {
    delete this.#kernels.float32;
    delete this.#kernels.float64;
  }

  #kernelsFor(dtype: Float): Kernels {
    const known = this.#kernels[dtype];
    if (known !== undefined) return known;
    const { heap } = this.#engine;
    const shape = shapeFor(dtype === "float32" ? "f32x4" : "f64x2", this.#engine);
    const { block } = this.#engine.instantiate(blockModule(shape, heap));
    const { gate, inner, outer, dots, sums } = this.#engine.instantiate(vectorModule(shape, heap));
    let made: Run | undefined;
    const long = (): Run => (made ??= this.#engine.instantiate(blockModule(shape, heap, true)).block as Run);
    return (this.#kernels[dtype] = { shape, block, long, inner, gate, outer, dots, sums });
  }

  /** `Backend.matmul` for one float dtype. */
  matmul(a: View, b: View, output: View, start?: View, gate?: View): void {
    const rank = output.shape.length;
    const k = a.shape[rank - 1];
    if (output.shape.includes(0)) return;
    if (k === 0 || (gate !== undefined && !liesLike(gate, output))) {
      if (k > 0) this.matmul(a, b, output, start);
      else if (start === undefined) this.#elementwise.map(zero, [], [], [output]);
      else this.#elementwise.map(copyKernel, [start], [], [output]);
      if (gate !== undefined) this.#elementwise.map(gateKernel, [gate, output], [], [output]);
      return;
    }
    const { staging } = this.#engine;
    let [atA, atB, atC, atStart, atGate] = [0, 0, 0, 0, 0];
    try {
      atA = staging.announce(a, "read");
      atB = staging.announce(b, "read");
      atC = staging.announce(output, "write");
      if (start !== undefined) atStart = staging.announce(start, "read");
      if (gate !== undefined) atGate = staging.announce(gate, gate === output ? "write" : "read");
      staging.enter();
      atA = staging.address(a, atA);
      atB = staging.address(b, atB);
      atC = staging.address(output, atC);
      if (start !== undefined) atStart = staging.address(start, atStart);
      if (gate !== undefined) atGate = staging.address(gate, atGate) - atC;
    } catch (error) {
      staging.cancel();
      throw error;
    }
    try {
      this.#products(a, b, output, start, [atA, atB, atC, atStart], gate === undefined ? undefined : atGate);
    } finally {
      staging.leave();
    }
  }

  #products(a: View, b: View, output: View, start: View | undefined, addresses: readonly number[], gate: number | undefined): void {
    const rank = output.shape.length;
    const kernels = this.#kernelsFor(output.dtype as Float);
    const [m, n] = [output.shape[rank - 2], output.shape[rank - 1]];
    const k = a.shape[rank - 1];
    const operands = (from: readonly number[], next: readonly number[], batch: number): Product => ({
      a: matrices(a, addresses[0], from[0], next[0]),
      b: matrices(b, addresses[1], from[1], next[1]),
      c: matrices(output, addresses[2], from[2], next[2]),
      start: start === undefined ? fromZero : matrices(start, addresses[3], from[3], next[3]),
      gate,
      m,
      n,
      k,
      batch,
    });
    if (rank === 2) return this.#product(kernels, operands(still, still, 1));
    const batches = batchesOf(start === undefined ? [a, b, output] : [a, b, output, start]);
    const inner = batches.sizes.length - 1;
    eachOuter(batches, (offsets) => this.#product(kernels, merged(operands(offsets, batches.strides[inner], batches.sizes[inner]))));
  }

  #product(kernels: Kernels, product: Product): void {
    const { m, n, k } = product;
    if (m === 1 || n === 1) {
      const rows = m === 1 ? product : swapped(product);
      if (this.#rowsTimesMatrices(kernels, rows)) return;
    }
    const other = swapped(product);
    if (k === 1 && (this.#columnsTimesRows(kernels, product) || this.#columnsTimesRows(kernels, other))) return;
    const { shape, inner } = kernels;
    const long = isLong(shape, product) ? product : isLong(shape, other) ? other : undefined;
    if (long !== undefined) return this.#blocks(shape, kernels.long(), long, { depth: panelDepth(shape, k), columns: long.n });
    const few = inner === undefined ? undefined : isInner(product) ? product : isInner(other) ? other : undefined;
    if (few !== undefined) return this.#blocks(shape, inner as Run, few, { depth: k, columns: few.n });
    const side = costOf(shape, product) <= costOf(shape, other) ? product : other;
    this.#blocks(shape, kernels.block, side, { depth: evenly(k, K_BLOCK), columns: Math.min(side.n, N_BLOCK) });
  }

  #rowsTimesMatrices({ shape, dots, sums, gate: shut }: Kernels, { a, b, c, start, gate, n, k, batch }: Product): boolean {
    const size = sizeOf(shape);
    const inRows = b.column === size && (start.column === size || start.column === 0);
    if (c.column !== size || !(inRows || (b.row === size && a.column === size))) return false;
    for (let i = 0; i < batch; i++) {
      const [x, matrix, y, first] = [a.at + i * a.batch, b.at + i * b.batch, c.at + i * c.batch, start.at + i * start.batch];
      if (inRows) sums(x, a.column, matrix, b.row, y, n, k, first, start.column);
      else dots(x, matrix, b.column, y, n, k, first, start.column);
      if (gate !== undefined) shut(y, 0, size, 1, n, gate);
    }
    return true;
  }

  #columnsTimesRows({ shape, outer, gate: shut }: Kernels, { a, b, c, start, gate, m, n, batch }: Product): boolean {
    const size = sizeOf(shape);
    const inRows = c.column === size && b.column === size && (start.column === size || start.column === 0);
    if (!inRows || this.#engine.threads.worth(workOf(shape, m, n, 1) * batch)) return false;
    for (let i = 0; i < batch; i++) {
      const [column, row, to, first] = [a.at + i * a.batch, b.at + i * b.batch, c.at + i * c.batch, start.at + i * start.batch];
      outer(column, a.row, row, to, c.row, m, n, first, start.row, start.column);
      if (gate !== undefined) shut(to, c.row, size, m, n, gate);
    }
    return true;
  }

  /** The products block by block. */
  #blocks(shape: TileShape, run: Run, product: Product, { depth, columns }: { readonly depth: number; readonly columns: number }): void {
    const { a, b, c, start, gate, m, n, k, batch } = product;
    const { heap, store, threads, descriptionAt } = this.#engine;
    const parts = threads.worth(workOf(shape, m, n, k) * batch) ? partsFor(threads.running) : 1;
    const bytes = parts * scratchBytes(shape, columns, depth);
    const scratch = store.borrow(bytes);
    const packB = packsB(shape, product) ? 1 : 0;
    for (let j = 0; j < n; j += columns)
      for (let l = 0; l < k; l += depth) {
        const first = l === 0 ? start : c;
        const words: Block = {
          a: a.at + l * a.column,
          aRow: a.row,
          aColumn: a.column,
          aBatch: a.batch,
          b: b.at + l * b.row + j * b.column,
          bRow: b.row,
          bColumn: b.column,
          bBatch: b.batch,
          c: c.at + j * c.column,
          cRow: c.row,
          cColumn: c.column,
          cBatch: c.batch,
          start: first.at + j * first.column,
          startRow: first.row,
          startColumn: first.column,
          startBatch: first.batch,
          gated: gate !== undefined && l + depth >= k ? 1 : 0,
          gate: gate ?? 0,
          m,
          n: Math.min(columns, n - j),
          k: Math.min(depth, k - l),
          batch,
          packB,
          scratch,
        };
        describe(heap.i32, descriptionAt / 4, words);
        if (parts === 1) run(descriptionAt);
        else splitBlock(this.#engine, run, shape, words, parts);
      }
    store.restore(scratch, bytes);
  }
}

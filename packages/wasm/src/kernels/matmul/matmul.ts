import { type Kernel, kernel, restride, type View } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import type { Elementwise } from "../elementwise/map.ts";
import { batchesOf, eachOuter } from "./batch.ts";
import { type Block, blockModule, describe, scratchBytes } from "./block.ts";
import { costOf, K_BLOCK, type Matrices, merged, N_BLOCK, type Product, packsB, swapped } from "./product.ts";
import { shapeFor, sizeOf, type TileShape } from "./shape.ts";
import { partsFor, splitBlock, workOf } from "./share.ts";
import { vectorModule } from "./vector.ts";

const outer: Kernel = kernel("y = a * b");
const zero: Kernel = kernel("y = 0");

type Float = "float32" | "float64";

interface Kernels {
  readonly shape: TileShape;
  readonly block: (description: number) => void;
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
    const { dots, sums } = this.#engine.instantiate(vectorModule(shape, heap));
    return (this.#kernels[dtype] = { shape, block, dots, sums });
  }

  /** `Backend.matmul` for one float dtype. */
  matmul(a: View, b: View, output: View): void {
    const rank = output.shape.length;
    const k = a.shape[rank - 1];
    if (output.shape.includes(0)) return;
    if (k <= 1) return this.#outer(a, b, output, k);
    const { staging } = this.#engine;
    let [atA, atB, atC] = [0, 0, 0];
    try {
      atA = staging.announce(a, "read");
      atB = staging.announce(b, "read");
      atC = staging.announce(output, "write");
      staging.enter();
      atA = staging.address(a, atA);
      atB = staging.address(b, atB);
      atC = staging.address(output, atC);
    } catch (error) {
      staging.cancel();
      throw error;
    }
    try {
      this.#products(a, b, output, [atA, atB, atC]);
    } finally {
      staging.leave();
    }
  }

  #products(a: View, b: View, output: View, addresses: readonly number[]): void {
    const rank = output.shape.length;
    const size = bytesOf[output.dtype];
    const kernels = this.#kernelsFor(output.dtype as Float);
    const sizes = { m: output.shape[rank - 2], n: output.shape[rank - 1], k: a.shape[rank - 1] };
    const matrices = (view: View, at: number, batch: number): Matrices => ({
      at,
      row: view.strides[rank - 2] * size,
      column: view.strides[rank - 1] * size,
      batch: batch * size,
    });
    const [atA, atB, atC] = addresses;
    if (rank === 2)
      return this.#product(kernels, { a: matrices(a, atA, 0), b: matrices(b, atB, 0), c: matrices(output, atC, 0), ...sizes, batch: 1 });
    const batches = batchesOf([a, b, output]);
    const inner = batches.sizes.length - 1;
    const [nextA, nextB, nextC] = batches.strides[inner];
    eachOuter(batches, ([fromA, fromB, fromC]) =>
      this.#product(
        kernels,
        merged({
          a: matrices(a, atA + fromA * size, nextA),
          b: matrices(b, atB + fromB * size, nextB),
          c: matrices(output, atC + fromC * size, nextC),
          ...sizes,
          batch: batches.sizes[inner],
        }),
      ),
    );
  }

  /** A product over one index is elementwise; over none it is 0. */
  #outer(a: View, b: View, output: View, k: number): void {
    const { shape } = output;
    const last = shape.length - 1;
    const stretch = (view: View, dim: number): View =>
      restride(
        view,
        shape,
        view.strides.map((stride, d) => (d === dim ? 0 : stride)),
      );
    if (k === 0) this.#elementwise.map(zero, [], [], [output]);
    else this.#elementwise.map(outer, [stretch(a, last), stretch(b, last - 1)], [], [output]);
  }

  #product(kernels: Kernels, product: Product): void {
    if (product.m === 1 || product.n === 1) {
      const rows = product.m === 1 ? product : swapped(product);
      if (this.#rowsTimesMatrices(kernels, rows)) return;
    }
    const other = swapped(product);
    this.#blocks(kernels, costOf(kernels.shape, product) <= costOf(kernels.shape, other) ? product : other);
  }

  #rowsTimesMatrices({ shape, dots, sums }: Kernels, { a, b, c, n, k, batch }: Product): boolean {
    const size = sizeOf(shape);
    const inRows = b.column === size;
    if (c.column !== size || !(inRows || (b.row === size && a.column === size))) return false;
    for (let i = 0; i < batch; i++) {
      const [x, matrix, y] = [a.at + i * a.batch, b.at + i * b.batch, c.at + i * c.batch];
      if (inRows) sums(x, a.column, matrix, b.row, y, n, k);
      else dots(x, matrix, b.column, y, n, k);
    }
    return true;
  }

  /** The products block by block. */
  #blocks({ shape, block }: Kernels, product: Product): void {
    const { a, b, c, m, n, k, batch } = product;
    const { heap, store, threads, descriptionAt } = this.#engine;
    const depth = Math.ceil(k / Math.ceil(k / K_BLOCK));
    const columns = Math.min(n, N_BLOCK);
    const parts = threads.worth(workOf(shape, m, n, k) * batch) ? partsFor(threads.running) : 1;
    const bytes = parts * scratchBytes(shape, columns, depth);
    const scratch = store.borrow(bytes);
    const packB = packsB(shape, product) ? 1 : 0;
    for (let j = 0; j < n; j += columns)
      for (let l = 0; l < k; l += depth) {
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
          m,
          n: Math.min(columns, n - j),
          k: Math.min(depth, k - l),
          batch,
          add: l > 0 ? 1 : 0,
          packB,
          scratch,
        };
        describe(heap.i32, descriptionAt / 4, words);
        if (parts === 1) block(descriptionAt);
        else splitBlock(this.#engine, block, shape, words, parts);
      }
    store.restore(scratch, bytes);
  }
}

import { copyKernel, type Kernel, kernel, restride, type View } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import type { Elementwise } from "../elementwise/map.ts";
import { blockModule, blockWords, scratchBytes } from "./block.ts";
import { narrow, sizeOf, type TileShape, wide as wideTile, widthOf } from "./shape.ts";
import { partsFor, splitBlock, workOf } from "./share.ts";
import { vectorModule } from "./vector.ts";

/** A matrix in the memory: its address and the bytes between rows and between columns. */
interface Matrix {
  readonly at: number;
  readonly row: number;
  readonly column: number;
}

const turned = ({ at, row, column }: Matrix): Matrix => ({ at, row: column, column: row });

/** A product `c[m,n] = a[m,k] x b[k,n]`. */
interface Product {
  readonly a: Matrix;
  readonly b: Matrix;
  readonly c: Matrix;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** The same product seen from the other side: `cᵀ = bᵀ aᵀ`. */
const swapped = ({ a, b, c, m, n, k }: Product): Product => ({ a: turned(b), b: turned(a), c: turned(c), m: n, n: m, k });

/** Blocks of k and n for which a packed block of b stays in the second cache and a panel of it in the first. */
const K_BLOCK = 256;
const N_BLOCK = 512;
/** With fewer rows, packing a b whose rows lie in one piece does not pay. */
const PACK_ROWS = 16;

const outer: Kernel = kernel("y = a * b");

/** A block of a product: where it starts along n and k, how far it goes, and the parts that threads may cut it into. */
interface Block {
  readonly j: number;
  readonly l: number;
  readonly columns: number;
  readonly depth: number;
  readonly parts: number;
}

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
  readonly #kernels: Partial<Record<"float32" | "float64", Kernels>> = {};

  constructor(engine: Engine, elementwise: Elementwise) {
    this.#engine = engine;
    this.#elementwise = elementwise;
  }

  /** Forgets compiled kernels, after the engine's abilities changed. */
  reset(): void {
    delete this.#kernels.float32;
    delete this.#kernels.float64;
  }

  #kernelsFor(dtype: "float32" | "float64"): Kernels {
    const known = this.#kernels[dtype];
    if (known !== undefined) return known;
    const { fused, wide, heap } = this.#engine;
    const shape: TileShape = { lanes: dtype === "float32" ? "f32x4" : "f64x2", ...(wide ? wideTile : narrow), fused };
    const { block } = this.#engine.instantiate(blockModule(shape, heap));
    const { dots, sums } = this.#engine.instantiate(vectorModule(shape, heap));
    return (this.#kernels[dtype] = { shape, block, dots, sums });
  }

  /** `Backend.matmul` for one float dtype. */
  matmul(a: View, b: View, output: View): void {
    const rank = output.shape.length;
    const [m, n] = [output.shape[rank - 2], output.shape[rank - 1]];
    const k = a.shape[rank - 1];
    let batch = 1;
    for (let d = 0; d < rank - 2; d++) batch *= output.shape[d];
    if (batch * m * n === 0) return;
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
    const size = bytesOf[output.dtype];
    const matrix = (view: View, at: number): Matrix => ({ at, row: view.strides[rank - 2] * size, column: view.strides[rank - 1] * size });
    const kernels = this.#kernelsFor(output.dtype as "float32" | "float64");
    try {
      if (rank === 2) this.#product(kernels, { a: matrix(a, atA), b: matrix(b, atB), c: matrix(output, atC), m, n, k });
      else {
        const index = new Array<number>(rank - 2).fill(0);
        for (let i = 0; i < batch; i++) {
          this.#product(kernels, { a: matrix(a, atA), b: matrix(b, atB), c: matrix(output, atC), m, n, k });
          for (let d = rank - 3; d >= 0; d--) {
            const turn = ++index[d] === output.shape[d];
            if (turn) index[d] = 0;
            const by = (turn ? 1 - output.shape[d] : 1) * size;
            atA += by * a.strides[d];
            atB += by * b.strides[d];
            atC += by * output.strides[d];
            if (!turn) break;
          }
        }
      }
    } finally {
      staging.leave();
    }
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
    const size = sizeOf(kernels.shape);
    if (product.m === 1 || product.n === 1) {
      const row = product.m === 1 ? product : swapped(product);
      if (row.c.column === size && this.#rowTimesMatrix(kernels, row, size)) return;
    }
    const other = swapped(product);
    this.#blocks(kernels, this.#cost(kernels.shape, product) <= this.#cost(kernels.shape, other) ? product : other);
  }

  #rowTimesMatrix({ dots, sums }: Kernels, { a, b, c, n, k }: Product, size: number): boolean {
    if (b.column === size) sums(a.at, a.column, b.at, b.row, c.at, n, k);
    else if (b.row === size && a.column === size) dots(a.at, b.at, b.column, c.at, n, k);
    else return false;
    return true;
  }

  /** About how many cycles a product takes: tiles, packing, and results that lie across. */
  #cost(shape: TileShape, { a, b, c, m, n, k }: Product): number {
    const size = sizeOf(shape);
    const ceil = (x: number, step: number): number => Math.ceil(x / step) * step;
    const tiles = (ceil(m, shape.rows) * ceil(n, widthOf(shape)) * k * 5) / 32;
    const packB = b.column === size ? (m < PACK_ROWS ? 0 : 0.4) : b.row === size ? 0.6 : 3;
    const packA = a.row === size ? 0 : a.column === size ? 0.6 : 3;
    return tiles + packB * n * k + packA * m * k * Math.ceil(n / N_BLOCK) + (c.column === size ? 0 : 3 * m * n);
  }

  /** The product block by block; a result that lies across is made in scratch memory and copied. */
  #blocks(kernels: Kernels, product: Product): void {
    const { m, n, k, c } = product;
    const size = sizeOf(kernels.shape);
    const { store } = this.#engine;
    const kBlock = Math.ceil(k / Math.ceil(k / K_BLOCK));
    const nBlock = Math.min(n, N_BLOCK);
    const across = c.column !== size;
    const parts = this.#engine.threads.worth(workOf(kernels.shape, m, n, k)) ? partsFor(this.#engine.threads.running) : 1;
    const bytes = parts * scratchBytes(kernels.shape, nBlock, kBlock) + (across ? m * n * size : 0);
    const scratch = store.borrow(bytes);
    const result: Matrix = across ? { at: scratch + bytes - m * n * size, row: n * size, column: size } : c;
    for (let j = 0; j < n; j += nBlock)
      for (let l = 0; l < k; l += kBlock)
        this.#block(kernels, product, result, scratch, { j, l, columns: Math.min(nBlock, n - j), depth: Math.min(kBlock, k - l), parts });
    if (across) {
      const strides = [result, c].map(({ row, column }) => [row / size, column / size]);
      const walk = { size: m * n, sizes: [n, m], strides: [strides.map(([, column]) => column), strides.map(([row]) => row)] };
      const dtype = size === 4 ? "float32" : "float64";
      this.#elementwise.run(copyKernel, [dtype, dtype], [result.at, c.at], walk, 1, []);
    }
    store.restore(scratch, bytes);
  }

  #block({ shape, block }: Kernels, { a, b, m }: Product, c: Matrix, scratch: number, { j, l, columns, depth, parts }: Block): void {
    const { heap, descriptionAt } = this.#engine;
    const packB = b.column !== sizeOf(shape) || m >= PACK_ROWS;
    const words: Record<(typeof blockWords)[number], number> = {
      a: a.at + l * a.column,
      aRow: a.row,
      aColumn: a.column,
      b: b.at + l * b.row + j * b.column,
      bRow: b.row,
      bColumn: b.column,
      c: c.at + j * c.column,
      cRow: c.row,
      m,
      n: columns,
      k: depth,
      add: l > 0 ? 1 : 0,
      packB: packB ? 1 : 0,
      scratch,
    };
    const at = descriptionAt / 4;
    for (let i = 0; i < blockWords.length; i++) heap.i32[at + i] = words[blockWords[i]];
    if (parts === 1) block(descriptionAt);
    else splitBlock(this.#engine, block, shape, words, parts);
  }
}

const zero: Kernel = kernel("y = 0");

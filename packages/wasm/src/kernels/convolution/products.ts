import type { Engine } from "../../engine.ts";
import type { Run } from "../../threads/routines.ts";
import { shapeFor, sizeOf, type TileShape, widthOf } from "../matmul/shape.ts";
import { partsFor, workOf } from "../matmul/share.ts";
import { type Channelwise, channelwiseWords } from "./channelwise.ts";
import { type Copy, copyWords } from "./copy.ts";
import type { Grid } from "./grid.ts";
import { type Product, packedBytes, productModule, productWords, scratchBytes } from "./product.ts";
import type { Scratch } from "./scratch.ts";

/** Bytes of `a` that are packed at a time, and of a panel of `b`, which should stay in the first cache. */
const PACKED_LIMIT = 2 ** 23;
const PANEL_LIMIT = 20480;

const index = Object.fromEntries(productWords.map((name, at) => [name, at])) as Record<keyof Product, number>;

/** Memory for products up to a size: the packed `a`, and scratch memory for each part that threads may compute. */
export interface Workspace {
  readonly packed: number;
  readonly scratch: number;
  readonly parts: number;
  /** Bytes of one part's scratch memory. */
  readonly partBytes: number;
}

/** Compiled products with patches, for one float dtype. */
export class PatchProducts {
  readonly shape: TileShape;
  readonly #engine: Engine;
  readonly #pack: Run;
  readonly #product: Run;
  readonly #copy: Run;
  readonly #channelwise: { readonly image: Run; readonly weight: Run };

  constructor(engine: Engine, dtype: "float32" | "float64") {
    this.#engine = engine;
    this.shape = shapeFor(dtype === "float32" ? "f32x4" : "f64x2", engine);
    const { pack, product, copy, channelwise, channelwiseWeight } = engine.instantiate(productModule(this.shape, engine.heap));
    this.#pack = pack;
    this.#product = product;
    this.#copy = copy;
    this.#channelwise = { image: channelwise, weight: channelwiseWeight };
  }

  /** Copies rows from one grid to another; of more than three dimensions of them, the outermost one by one. */
  copy(source: Grid, target: Grid, sizes: readonly number[], bytes: number): void {
    const outer = sizes.length - 3;
    if (outer > 0) {
      const rest = (grid: Grid, index: number): Grid => ({ at: grid.at + index * grid.strides[0], strides: grid.strides.slice(1) });
      for (let i = 0; i < sizes[0]; i++) this.copy(rest(source, i), rest(target, i), sizes.slice(1), bytes);
      return;
    }
    const of = (list: readonly number[], d: number, otherwise: number): number => list[d + outer] ?? otherwise;
    const words: Copy = {
      source: source.at,
      target: target.at,
      bytes,
      size0: of(sizes, 0, 1),
      size1: of(sizes, 1, 1),
      size2: of(sizes, 2, 1),
      source0: of(source.strides, 0, 0),
      source1: of(source.strides, 1, 0),
      source2: of(source.strides, 2, 0),
      target0: of(target.strides, 0, 0),
      target1: of(target.strides, 1, 0),
      target2: of(target.strides, 2, 0),
    };
    this.#write(copyWords, words);
    this.#copy(this.#engine.descriptionAt);
  }

  /** Convolves every channel with a kernel of its own, or makes the gradients of these, by channels on several threads. */
  channelwise(of: "image" | "weight", words: Channelwise): void {
    const { heap, threads, descriptionAt } = this.#engine;
    this.#write(channelwiseWords, words);
    const { channels, rowCount, columns, tapCount } = words;
    const work = channels * workOf(this.shape, rowCount, columns, tapCount);
    const run = this.#channelwise[of];
    if (!threads.worth(work)) return void run(descriptionAt);
    threads.split(run, { bytes: 4 * channelwiseWords.length, work, count: channels, grain: 1 }, (at, start, end) => {
      for (const step of ["source", "image", "weight"] as const) heap.i32[at + channelwiseWords.indexOf(step)] += start * words[`${step}Channel`];
      heap.i32[at + channelwiseWords.indexOf("channels")] = end - start;
    });
  }

  #write<W extends string>(names: readonly W[], words: Readonly<Record<W, number>>): void {
    const { heap, descriptionAt } = this.#engine;
    for (let i = 0; i < names.length; i++) heap.i32[descriptionAt / 4 + i] = words[names[i]];
  }

  /** How much of an inner dimension is taken at a time: even parts, and whole squares of the gathering. */
  sliceOf(depth: number): number {
    const most = PANEL_LIMIT / (widthOf(this.shape) * sizeOf(this.shape));
    return Math.ceil(depth / Math.ceil(depth / most) / 4) * 4;
  }

  /** How many rows of an inner dimension are packed at a time. */
  rowsFor(depth: number): number {
    return Math.max(1, Math.floor(PACKED_LIMIT / packedBytes(this.shape, this.shape.rows, depth))) * this.shape.rows;
  }

  /** Memory for products of m rows, packed over a depth, and n columns, that take slices of k. */
  workspace(scratch: Scratch, { m, depth, n, k }: { readonly m: number; readonly depth: number; readonly n: number; readonly k: number }): Workspace {
    const { threads } = this.#engine;
    const parts = threads.worth(workOf(this.shape, m, n, k)) ? partsFor(threads.running) : 1;
    const partBytes = scratchBytes(this.shape, k);
    return { packed: scratch.take(packedBytes(this.shape, m, depth)), scratch: scratch.take(parts * partBytes), parts, partBytes };
  }

  /** Computes a product, by parts of its columns on several threads; `pack` says that its left side is yet to be packed. */
  run(product: Product, { parts, partBytes }: Workspace, pack: boolean): void {
    const { heap, descriptionAt, threads } = this.#engine;
    this.#write(productWords, product);
    if (pack) this.#pack(descriptionAt);
    if (parts === 1) return void this.#product(descriptionAt);
    const { m, n, k } = product;
    const job = { bytes: 4 * productWords.length, work: workOf(this.shape, m, n, k), count: n, grain: widthOf(this.shape), most: parts };
    threads.split(this.#product, job, (at, from, to, part) => {
      const words = heap.i32;
      words[at + index.bColumns] += 4 * from;
      words[at + index.cColumns] += 4 * from;
      words[at + index.n] = to - from;
      words[at + index.scratch] += part * partBytes;
    });
  }
}

import type { Engine } from "../../../engine.ts";
import type { Run } from "../../../threads/routines.ts";
import { type Block, blockWords, describe, plain, scratchBytes } from "../../matmul/block.ts";
import { shapeFor, type TileShape, widthOf } from "../../matmul/shape.ts";
import { partsFor, splitBlock, workOf } from "../../matmul/share.ts";
import type { Scratch } from "../scratch.ts";
import { type Pass, passWords, winogradModule } from "./module.ts";
import { LANES, PLANES, type Planes, planeWords, type Weights, weightWords } from "./planes.ts";
import type { Tiling } from "./tiles.ts";

const index = Object.fromEntries(passWords.map((name, at) => [name, at])) as Record<keyof Pass, number>;
const planeIndex = Object.fromEntries(planeWords.map((name, at) => [name, at])) as Record<keyof Planes, number>;

/** Bytes of the planes of a portion: they should stay in the second cache, and meet each weight many times. */
const PLANE_BYTES = 2 ** 20;
/** Planes that lie a power of two apart would fall into the same lines of a cache. */
const SKEW = 320;
/** Nanoseconds to transform a vector of tiles, about. */
const TRANSFORM = 10;

/** Bytes of the description of a product. */
const BLOCK_BYTES = 4 * blockWords.length;

/** What convolutions of one size need beside their operands, for each part that threads may compute. */
export interface Workspace {
  /** Where the descriptions of the parts' products lie. */
  readonly block: number;
  readonly rowsAtOnce: number;
  readonly parts: number;
  /** Nanoseconds of work in a row of tiles. */
  readonly work: number;
}

/** What products of planes need beside them. */
export interface PlaneProducts {
  readonly scratch: number;
  readonly parts: number;
}

/** Planes in the memory, and the bytes from one to the next and between their channels. */
export interface PlaneSet {
  readonly at: number;
  readonly plane: number;
  readonly channel: number;
}

type FunctionName = "pass" | "input" | "gradient" | "spreadWeight" | "collectWeight" | "block";

/** Compiled convolutions by tiles, in single precision. */
export class TileProducts {
  readonly shape: TileShape;
  readonly #engine: Engine;
  readonly #functions: Readonly<Record<FunctionName, Run>>;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.shape = shapeFor("f32x4", engine);
    this.#functions = engine.instantiate(winogradModule(this.shape, engine.heap)) as Record<FunctionName, Run>;
  }

  /** Memory for planes of so many channels of so many numbers. */
  planes(scratch: Scratch, channels: number, numbers: number): PlaneSet {
    const channel = 4 * numbers;
    const plane = channels * channel + SKEW;
    return { at: scratch.take(PLANES * plane), plane, channel };
  }

  /** Runs a transformation of weights. */
  weights(direction: "spreadWeight" | "collectWeight", words: Weights): void {
    this.#write(weightWords, words);
    this.#functions[direction](this.#engine.descriptionAt);
  }

  /** Transforms images to planes, by channels on several threads. */
  spread(of: "input" | "gradient", words: Planes): void {
    const { heap, threads, descriptionAt } = this.#engine;
    this.#write(planeWords, words);
    const { channels, rows, vectors } = words;
    const work = channels * rows * vectors * TRANSFORM;
    if (!threads.worth(work)) return void this.#functions[of](descriptionAt);
    threads.split(this.#functions[of], { bytes: 4 * planeWords.length, work, count: channels, grain: 1 }, (at, from, to) => {
      heap.i32[at + planeIndex.image] += from * words.imageChannel;
      heap.i32[at + planeIndex.planes] += from * words.channel;
      heap.i32[at + planeIndex.channels] = to - from;
    });
  }

  /** Memory for products of planes up to a size. */
  products(scratch: Scratch, { m, n, k }: { readonly m: number; readonly n: number; readonly k: number }): PlaneProducts {
    const { threads } = this.#engine;
    const parts = threads.worth(workOf(this.shape, m, n, k) * PLANES) ? partsFor(threads.running) : 1;
    return { scratch: scratch.take(parts * scratchBytes(this.shape, n, k)), parts };
  }

  /** Multiplies planes, on several threads plane by plane. */
  multiply({ scratch, parts }: PlaneProducts, sides: Omit<Block, "batch" | "packB" | "scratch">): void {
    const { heap, descriptionAt } = this.#engine;
    const words = { ...sides, batch: PLANES, packB: 1, scratch };
    describe(heap.i32, descriptionAt / 4, words);
    if (parts === 1) this.#functions.block(descriptionAt);
    else splitBlock(this.#engine, this.#functions.block, this.shape, words, parts);
  }

  /** Memory for convolutions of up to so many rows of tiles, with planes of weights. */
  workspace(
    scratch: Scratch,
    { vectors }: Tiling,
    { rows, channels, outputs, weights }: { readonly rows: number; readonly channels: number; readonly outputs: number; readonly weights: PlaneSet },
  ): Workspace {
    const { heap, threads } = this.#engine;
    const width = widthOf(this.shape);
    const tiles = vectors * LANES;
    let step = 1;
    while ((step * tiles) % width !== 0) step++;
    const work = (workOf(this.shape, outputs, rows * tiles, channels) * PLANES) / rows;
    const parts = threads.worth(work * rows) ? partsFor(threads.running) : 1;
    const fitting = Math.floor(PLANE_BYTES / (PLANES * 4 * (channels + outputs) * tiles));
    const wanted = Math.min(Math.floor(fitting / step), Math.ceil(rows / parts / step));
    const rowsAtOnce = Math.max(1, wanted) * step;
    const numbers = Math.ceil((Math.min(rows, rowsAtOnce) * tiles) / width) * width;
    const block = scratch.take(parts * BLOCK_BYTES);
    for (let part = 0; part < parts; part++) {
      const inputs = this.planes(scratch, channels, numbers);
      const results = this.planes(scratch, outputs, numbers);
      const words = {
        a: weights.at,
        aRow: 4,
        aColumn: weights.channel,
        aBatch: weights.plane,
        b: inputs.at,
        bRow: inputs.channel,
        bColumn: 4,
        bBatch: inputs.plane,
        c: results.at,
        cRow: results.channel,
        cColumn: 4,
        cBatch: results.plane,
        ...plain,
        m: outputs,
        n: numbers,
        k: channels,
        batch: PLANES,
        packB: 0,
        scratch: scratch.take(scratchBytes(this.shape, 0, channels)),
      };
      describe(heap.i32, (block + part * BLOCK_BYTES) / 4, words);
    }
    return { block, rowsAtOnce, parts, work };
  }

  /** Computes a convolution, by portions of its rows of tiles on several threads. */
  pass({ block, rowsAtOnce, parts, work }: Workspace, words: Omit<Pass, "block" | "rowsAtOnce">): void {
    const { heap, threads, descriptionAt } = this.#engine;
    const { rows } = words;
    this.#write(passWords, { ...words, rowsAtOnce, block });
    if (parts === 1) return void this.#functions.pass(descriptionAt);
    const job = { bytes: 4 * passWords.length, work: work * rows, count: rows, grain: rowsAtOnce, most: parts };
    threads.split(this.#functions.pass, job, (at, start, end, part) => {
      heap.i32[at + index.sourceTiles] += 4 * start;
      heap.i32[at + index.targetTiles] += 4 * start;
      heap.i32[at + index.rows] = end - start;
      heap.i32[at + index.block] += part * BLOCK_BYTES;
    });
  }

  #write<W extends string>(names: readonly W[], words: Readonly<Record<W, number>>): void {
    const { heap, descriptionAt } = this.#engine;
    for (let i = 0; i < names.length; i++) heap.i32[descriptionAt / 4 + i] = words[names[i]];
  }
}

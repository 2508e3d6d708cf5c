import { type Convolution, type Kernel, kernel, sizeOf, type View } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import type { Elementwise } from "../elementwise/map.ts";
import { sizeOf as bytesOfNumber, narrow, type TileShape, wide, widthOf } from "../matmul/shape.ts";
import { type Axis, axesOf, phasesOf } from "./axis.ts";
import { along, firstOf, from, type Grid, gridOf, sums } from "./grid.ts";
import { cornerBytes, type Product, packedABytes, packedBBytes, productModule, productWords } from "./product.ts";
import { Scratch } from "./scratch.ts";
import { Source } from "./source.ts";

/** Bytes of the left operand that are packed at a time, and of a panel of the right one, which should stay in the first cache. */
const LEFT_LIMIT = 2 ** 20;
const PANEL_LIMIT = 20480;

type Float = "float32" | "float64";

/** One convolution of one group: `target[n,row,…] = Σ matrix[row,channel,…] source[n,channel,…]`. */
interface Task {
  readonly dtype: Float;
  readonly axes: readonly Axis[];
  readonly samples: number;
  readonly channels: number;
  readonly rows: number;
  readonly source: Grid;
}

const zero: Kernel = kernel("y = 0");

/**
 * Convolutions and their gradients as matrix products that never lay out their patches: an element of the patch matrix lies at the sum of an offset of its
 * row and one of its column, and panels of it are gathered when they are needed. Like Dukhan 2019, "The Indirect Convolution Algorithm"
 * (arXiv:1907.02129), with tables for both sides.
 */
export class Convolutions {
  readonly #engine: Engine;
  readonly #elementwise: Elementwise;
  readonly #kernels: Partial<Record<Float, { readonly shape: TileShape; readonly run: (description: number) => void }>> = {};

  constructor(engine: Engine, elementwise: Elementwise) {
    this.#engine = engine;
    this.#elementwise = elementwise;
  }

  /** Forgets compiled kernels, after the engine's abilities changed. */
  reset(): void {
    delete this.#kernels.float32;
    delete this.#kernels.float64;
  }

  /** `Backend.convolve` for one float dtype; nothing is empty. */
  convolve(x: View, weight: View, output: View, c: Convolution): void {
    const [samples, channels, rows] = [x.shape[0], x.shape[1] / c.groups, weight.shape[0] / c.groups];
    const task = { dtype: output.dtype as Float, axes: axesOf(c), samples, channels, rows };
    this.#inMemory([x, weight, output], ([source, matrix, target]) => {
      for (let group = 0; group < c.groups; group++)
        this.#forward({ ...task, source: from(source, 1, group * channels) }, from(matrix, 0, group * rows), [0, 1], from(target, 1, group * rows));
    });
  }

  /** `Backend.convolveInput` for one float dtype; nothing is empty. */
  convolveInput(g: View, weight: View, output: View, c: Convolution): void {
    const [samples, channels, rows] = [g.shape[0], g.shape[1] / c.groups, output.shape[1] / c.groups];
    const phases = phasesOf(c);
    this.#inMemory([g, weight, output], ([source, matrix, target]) => {
      for (let group = 0; group < c.groups; group++)
        for (const axes of phases) {
          const task = { dtype: output.dtype as Float, axes, samples, channels, rows, source: from(source, 1, group * channels) };
          this.#forward(task, from(matrix, 0, group * channels), [1, 0], from(target, 1, group * rows));
        }
    });
  }

  /** `Backend.convolveWeight` for one float dtype; nothing is empty. */
  convolveWeight(x: View, g: View, output: View, c: Convolution): void {
    const [samples, channels, rows] = [x.shape[0], x.shape[1] / c.groups, g.shape[1] / c.groups];
    const task = { dtype: output.dtype as Float, axes: axesOf(c), samples, channels, rows };
    this.#inMemory([x, g, output], ([source, gradient, target]) => {
      for (let group = 0; group < c.groups; group++)
        this.#weight({ ...task, source: from(source, 1, group * channels) }, from(gradient, 1, group * rows), from(target, 0, group * rows));
    });
  }

  /** Brings two operands and a result into the memory and runs a computation on them. */
  #inMemory(views: readonly View[], work: (grids: readonly Grid[]) => void): void {
    const { staging } = this.#engine;
    let addresses: number[];
    try {
      addresses = views.map((view, k) => staging.announce(view, k < 2 ? "read" : "write"));
      staging.enter();
      addresses = addresses.map((announced, k) => staging.address(views[k], announced));
    } catch (error) {
      staging.cancel();
      throw error;
    }
    try {
      work(views.map((view, k) => gridOf(view, addresses[k])));
    } finally {
      staging.leave();
    }
  }

  #kernelFor(dtype: Float): { readonly shape: TileShape; readonly run: (description: number) => void } {
    const known = this.#kernels[dtype];
    if (known !== undefined) return known;
    const { fused, wide: isWide, heap } = this.#engine;
    const shape: TileShape = { lanes: dtype === "float32" ? "f32x4" : "f64x2", ...(isWide ? wide : narrow), fused };
    const { product } = this.#engine.instantiate(productModule(shape, heap));
    return (this.#kernels[dtype] = { shape, run: product });
  }

  #product(run: (description: number) => void, words: Product): void {
    const { heap, descriptionAt } = this.#engine;
    for (let i = 0; i < productWords.length; i++) heap.i32[descriptionAt / 4 + i] = words[productWords[i]];
    run(descriptionAt);
  }

  /** Every result is a sum over channels and taps: the matrix is on the left, the patches are on the right, their positions are the columns. */
  #forward(task: Task, matrix: Grid, [rowDimension, channelDimension]: readonly [number, number], target: Grid): void {
    const { dtype, axes, samples, channels, rows } = task;
    if (axes.some(({ taps }) => taps.length === 0)) return this.#clear(task, target);
    const { shape, run } = this.#kernelFor(dtype);
    const scratch = new Scratch(this.#engine);
    try {
      const source = new Source({ ...task, grid: task.source }, this.#elementwise, scratch);
      const window = sizeOf(axes.map(({ taps }) => taps.length));
      const depth = source.channelsAtOnce * window;
      const slice = sliceOf(shape, depth);
      const height = Math.max(shape.rows, Math.floor(LEFT_LIMIT / (depth * bytesOf[dtype] * shape.rows)) * shape.rows);
      const block = Math.min(height, rows);

      const aRows = scratch.table(firstOf(matrix, rowDimension, rows), shape.rows);
      const aSteps = scratch.table(
        sums([firstOf(matrix, channelDimension, source.channelsAtOnce), ...axes.map(({ elements }, d) => along(matrix, d + 2, elements))]),
      );
      const bSteps = scratch.table(sums([firstOf(source, 1, source.channelsAtOnce), ...axes.map(({ taps }, d) => along(source, d + 2, taps))]));
      const columnsOf = (grid: Pick<Grid, "strides">, count: number, of: "positions" | "results"): number[] =>
        sums([firstOf(grid, 0, count), ...axes.map((axis, d) => along(grid, d + 2, axis[of]))]);
      let lastCount = source.samplesAtOnce;
      const bColumns = scratch.table(columnsOf(source, lastCount, "positions"), widthOf(shape));
      const cColumns = scratch.table(columnsOf(target, lastCount, "results"), widthOf(shape));
      const packedA = scratch.take(packedABytes(shape, block, depth));
      const packedB = scratch.take(packedBBytes(shape, slice));
      const corner = scratch.take(cornerBytes(shape));
      const positions = sizeOf(axes.map((axis) => axis.positions.length));

      for (let channel = 0; channel < channels; channel += source.channelsAtOnce) {
        const here = Math.min(source.channelsAtOnce, channels - channel);
        for (let row = 0; row < rows; row += block)
          for (let sample = 0; sample < samples; sample += source.samplesAtOnce) {
            const count = Math.min(source.samplesAtOnce, samples - sample);
            if (count !== lastCount) {
              scratch.rewrite(bColumns, columnsOf(source, count, "positions"), widthOf(shape));
              scratch.rewrite(cColumns, columnsOf(target, count, "results"), widthOf(shape));
              lastCount = count;
            }
            const b = source.portion(sample, count, channel, here);
            const m = Math.min(block, rows - row);
            for (let l = 0; l < here * window; l += slice) {
              const k = Math.min(slice, here * window - l);
              this.#product(run, {
                a: from(matrix, channelDimension, channel).at,
                aRows: aRows + 4 * row,
                aSteps: aSteps + 4 * l,
                b,
                bSteps: bSteps + 4 * l,
                bColumns,
                c: from(from(target, 0, sample), 1, row).at,
                cRow: target.strides[1],
                cColumns,
                m,
                n: count * positions,
                k,
                add: channel + l > 0 ? 1 : 0,
                packA: sample === 0 ? 1 : 0,
                packedA: packedA + packedABytes(shape, m, l),
                packedB,
                corner,
              });
            }
          }
      }
    } finally {
      scratch.release();
    }
  }

  /** The results of one phase without taps. */
  #clear({ dtype, axes, samples, rows }: Task, target: Grid): void {
    const size = bytesOf[dtype];
    const sizes = [samples, rows, ...axes.map(({ results }) => results.length)];
    const steps = [1, 1, ...axes.map(({ results }) => (results.length > 1 ? results[1] - results[0] : 1))];
    const at = axes.reduce((address, { results }, d) => address + results[0] * target.strides[d + 2], target.at);
    const strides = sizes.map((_, d) => [(target.strides[d] * steps[d]) / size]);
    this.#elementwise.run(zero, [dtype], [at], { size: sizeOf(sizes), sizes, strides }, 0, []);
  }

  /** Every result is a sum over samples and positions: the gradient is on the left, the patches are on the right, their channels and taps are the columns. */
  #weight(task: Task, gradient: Grid, target: Grid): void {
    const { dtype, axes, samples, channels, rows } = task;
    const { shape, run } = this.#kernelFor(dtype);
    const scratch = new Scratch(this.#engine);
    try {
      const source = new Source({ ...task, grid: task.source }, this.#elementwise, scratch);
      const window = sizeOf(axes.map(({ taps }) => taps.length));
      const positions = sizeOf(axes.map((axis) => axis.positions.length));
      const slice = sliceOf(shape, source.samplesAtOnce * positions);
      const height = Math.max(shape.rows, Math.floor(LEFT_LIMIT / (slice * bytesOf[dtype] * shape.rows)) * shape.rows);
      const block = Math.min(height, rows);

      const aRows = scratch.table(firstOf(gradient, 1, rows), shape.rows);
      const aSteps = scratch.table(
        sums([firstOf(gradient, 0, source.samplesAtOnce), ...axes.map(({ results }, d) => along(gradient, d + 2, results))]),
      );
      const bSteps = scratch.table(sums([firstOf(source, 0, source.samplesAtOnce), ...axes.map((axis, d) => along(source, d + 2, axis.positions))]));
      const columnsOf = (grid: Pick<Grid, "strides">, count: number, of: "taps" | "elements"): number[] =>
        sums([firstOf(grid, 1, count), ...axes.map((axis, d) => along(grid, d + 2, axis[of]))]);
      let lastCount = source.channelsAtOnce;
      const bColumns = scratch.table(columnsOf(source, lastCount, "taps"), widthOf(shape));
      const cColumns = scratch.table(columnsOf(target, lastCount, "elements"), widthOf(shape));
      const packedA = scratch.take(packedABytes(shape, block, slice));
      const packedB = scratch.take(packedBBytes(shape, slice));
      const corner = scratch.take(cornerBytes(shape));

      for (let channel = 0; channel < channels; channel += source.channelsAtOnce) {
        const here = Math.min(source.channelsAtOnce, channels - channel);
        if (here !== lastCount) {
          scratch.rewrite(bColumns, columnsOf(source, here, "taps"), widthOf(shape));
          scratch.rewrite(cColumns, columnsOf(target, here, "elements"), widthOf(shape));
          lastCount = here;
        }
        for (let sample = 0; sample < samples; sample += source.samplesAtOnce) {
          const count = Math.min(source.samplesAtOnce, samples - sample);
          const b = source.portion(sample, count, channel, here);
          for (let l = 0; l < count * positions; l += slice)
            for (let row = 0; row < rows; row += block)
              this.#product(run, {
                a: from(gradient, 0, sample).at,
                aRows: aRows + 4 * row,
                aSteps: aSteps + 4 * l,
                b,
                bSteps: bSteps + 4 * l,
                bColumns,
                c: from(from(target, 0, row), 1, channel).at,
                cRow: target.strides[0],
                cColumns,
                m: Math.min(block, rows - row),
                n: here * window,
                k: Math.min(slice, count * positions - l),
                add: sample + l > 0 ? 1 : 0,
                packA: 1,
                packedA,
                packedB,
                corner,
              });
        }
      }
    } finally {
      scratch.release();
    }
  }
}

/** How much of a product's inner dimension is taken at a time: even parts, and whole squares of the gathering. */
function sliceOf(shape: TileShape, depth: number): number {
  const most = PANEL_LIMIT / (widthOf(shape) * bytesOfNumber(shape));
  return Math.ceil(depth / Math.ceil(depth / most) / 4) * 4;
}

import { type Kernel, kernel, sizeOf } from "@gradtape/core";
import { bytesOf } from "../../memory/heap.ts";
import { widthOf } from "../matmul/shape.ts";
import { along, firstOf, from, type Grid, sums } from "./grid.ts";
import { packedBytes } from "./product.ts";
import type { Roles } from "./roles.ts";
import { Source } from "./source.ts";
import type { Means, Task } from "./task.ts";
import { convolveByTiles } from "./winograd/forward.ts";

/**
 * `target[n,row,…] = Σ weight[row,channel,…] source[n,channel,…]`: every result is a sum over channels and taps. The weight is the left side of the product,
 * the patches are the right one, whose columns are the positions.
 */
export function convolveGroup(means: Means, task: Task, weight: Grid, roles: Roles, target: Grid): void {
  const { axes, samples, channels, rows } = task;
  if (axes.some(({ taps }) => taps.length === 0)) return clear(means, task, target);
  if (convolveByTiles(means, task, weight, roles, target)) return;
  const { row: rowsAlong, channel: channelsAlong } = roles;
  const { products, scratch } = means;
  const { shape } = products;
  const source = new Source(task, means);
  const { channelsAtOnce, samplesAtOnce } = source;
  const window = sizeOf(axes.map(({ taps }) => taps.length));
  const positions = sizeOf(axes.map((axis) => axis.positions.length));
  const depth = channelsAtOnce * window;
  const slice = products.sliceOf(depth);
  const block = Math.min(products.rowsFor(depth), rows);
  const workspace = products.workspace(scratch, { m: block, depth, n: samplesAtOnce * positions, k: slice });

  const aRows = scratch.table(firstOf(weight, rowsAlong, rows), shape.rows);
  const aSteps = scratch.table(
    sums([firstOf(weight, channelsAlong, channelsAtOnce), ...axes.map(({ elements }, d) => along(weight, d + 2, elements))]),
  );
  const bSteps = scratch.table(sums([firstOf(source, 1, channelsAtOnce), ...axes.map(({ taps }, d) => along(source, d + 2, taps))]));
  const columns = (count: number): number[][] => [
    sums([firstOf(source, 0, count), ...axes.map((axis, d) => along(source, d + 2, axis.positions))]),
    sums([firstOf(target, 0, count), ...axes.map(({ results }, d) => along(target, d + 2, results))]),
  ];
  const [bColumns, cColumns] = columns(samplesAtOnce).map((offsets) => scratch.table(offsets, widthOf(shape)));
  let tabled = samplesAtOnce;

  for (let channel = 0; channel < channels; channel += channelsAtOnce) {
    const seen = Math.min(channelsAtOnce, channels - channel) * window;
    for (let row = 0; row < rows; row += block)
      for (let sample = 0; sample < samples; sample += samplesAtOnce) {
        const count = Math.min(samplesAtOnce, samples - sample);
        if (count !== tabled) columns(count).forEach((offsets, k) => void scratch.rewrite([bColumns, cColumns][k], offsets, widthOf(shape)));
        tabled = count;
        const b = source.portion(sample, count, channel, seen / window);
        const m = Math.min(block, rows - row);
        for (let step = 0; step < seen; step += slice) {
          const product = {
            a: from(weight, channelsAlong, channel).at,
            aRows: aRows + 4 * row,
            aSteps: aSteps + 4 * step,
            b,
            bSteps: bSteps + 4 * step,
            bColumns,
            c: from(from(target, 0, sample), 1, row).at,
            cRow: target.strides[1],
            cColumns,
            m,
            n: count * positions,
            k: Math.min(slice, seen - step),
            add: channel + step > 0 ? 1 : 0,
            packed: workspace.packed + packedBytes(shape, m, step),
            scratch: workspace.scratch,
          };
          products.run(product, workspace, sample === 0);
        }
      }
  }
}

const zero: Kernel = kernel("y = 0");

/** The results of a phase without taps. */
function clear({ elementwise }: Means, { dtype, axes, samples, rows }: Task, target: Grid): void {
  const size = bytesOf[dtype];
  const sizes = [samples, rows, ...axes.map(({ results }) => results.length)];
  const steps = [1, 1, ...axes.map(({ results }) => (results.length > 1 ? results[1] - results[0] : 1))];
  const at = axes.reduce((address, { results }, d) => address + results[0] * target.strides[d + 2], target.at);
  const strides = sizes.map((_, d) => [(target.strides[d] * steps[d]) / size]);
  elementwise.run(zero, [dtype], [at], { size: sizeOf(sizes), sizes, strides }, 0, []);
}

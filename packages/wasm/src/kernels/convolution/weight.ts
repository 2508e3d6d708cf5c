import { sizeOf } from "@gradtape/core";
import { widthOf } from "../matmul/shape.ts";
import { along, firstOf, from, type Grid, sums } from "./grid.ts";
import { Source } from "./source.ts";
import type { Means, Task } from "./task.ts";
import { convolveWeightByTiles } from "./winograd/weight.ts";

/**
 * `target[row,channel,…] = Σ gradient[n,row,…] source[n,channel,…]`: every result is a sum over samples and positions. The gradient is the left side of the
 * product, the patches are the right one, whose columns are channels and taps.
 */
export function convolveGroupWeight(means: Means, task: Task, gradient: Grid, target: Grid): void {
  if (convolveWeightByTiles(means, task, gradient, target)) return;
  const { axes, samples, channels, rows } = task;
  const { products, scratch } = means;
  const { shape } = products;
  const source = new Source(task, means);
  const { channelsAtOnce, samplesAtOnce } = source;
  const window = sizeOf(axes.map(({ taps }) => taps.length));
  const positions = sizeOf(axes.map((axis) => axis.positions.length));
  const slice = products.sliceOf(samplesAtOnce * positions);
  const block = Math.min(products.rowsFor(slice), rows);
  const workspace = products.workspace(scratch, { m: block, depth: slice, n: channelsAtOnce * window, k: slice });

  const aRows = scratch.table(firstOf(gradient, 1, rows), shape.rows);
  const aSteps = scratch.table(sums([firstOf(gradient, 0, samplesAtOnce), ...axes.map(({ results }, d) => along(gradient, d + 2, results))]));
  const bSteps = scratch.table(sums([firstOf(source, 0, samplesAtOnce), ...axes.map((axis, d) => along(source, d + 2, axis.positions))]));
  const columns = (count: number): number[][] => [
    sums([firstOf(source, 1, count), ...axes.map(({ taps }, d) => along(source, d + 2, taps))]),
    sums([firstOf(target, 1, count), ...axes.map(({ elements }, d) => along(target, d + 2, elements))]),
  ];
  const [bColumns, cColumns] = columns(channelsAtOnce).map((offsets) => scratch.table(offsets, widthOf(shape)));
  let tabled = channelsAtOnce;

  for (let channel = 0; channel < channels; channel += channelsAtOnce) {
    const count = Math.min(channelsAtOnce, channels - channel);
    if (count !== tabled) columns(count).forEach((offsets, k) => void scratch.rewrite([bColumns, cColumns][k], offsets, widthOf(shape)));
    tabled = count;
    for (let sample = 0; sample < samples; sample += samplesAtOnce) {
      const seen = Math.min(samplesAtOnce, samples - sample) * positions;
      const b = source.portion(sample, seen / positions, channel, count);
      for (let step = 0; step < seen; step += slice)
        for (let row = 0; row < rows; row += block) {
          const product = {
            a: from(gradient, 0, sample).at,
            aRows: aRows + 4 * row,
            aSteps: aSteps + 4 * step,
            b,
            bSteps: bSteps + 4 * step,
            bColumns,
            c: from(from(target, 0, row), 1, channel).at,
            cRow: target.strides[0],
            cColumns,
            m: Math.min(block, rows - row),
            n: count * window,
            k: Math.min(slice, seen - step),
            add: sample + step > 0 ? 1 : 0,
            packed: workspace.packed,
            scratch: workspace.scratch,
          };
          products.run(product, workspace, true);
        }
    }
  }
}

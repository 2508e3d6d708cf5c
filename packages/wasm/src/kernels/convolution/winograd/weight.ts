import { plain } from "../../matmul/block.ts";
import type { Grid } from "../grid.ts";
import { Source } from "../source.ts";
import type { Means, Task } from "../task.ts";
import { LANES } from "./planes.ts";
import { covered, firstOffset, IMAGE_BYTES, stepsOf, tileRows, tilingOf, whole } from "./tiles.ts";

/** Tiles that are summed at a time. */
const DEPTH = 256;

/** `convolveGroupWeight` by tiles, where that is possible and worth it; tells whether it did. */
export function convolveWeightByTiles(means: Means, task: Task, gradient: Grid, target: Grid): boolean {
  const tiling = tilingOf(task);
  if (tiling === undefined || gradient.strides[3] !== 4) return false;
  const { axes, samples, channels, rows } = task;
  const { scratch } = means;
  const images = new Source({ ...task, axes: whole(axes, tiling) }, means, IMAGE_BYTES);
  const seen = axes.map((axis, d) => ({
    ...axis,
    length: axis.positions.length,
    positions: Array.from({ length: covered(tiling)[d] }, (_, i) => i),
    taps: [0],
  }));
  const gradients = new Source({ ...task, axes: seen, channels: rows, source: gradient }, means, IMAGE_BYTES);
  if (images.channelsAtOnce < channels || gradients.channelsAtOnce < rows) return false;

  const tiles = means.tiles();
  const { down, vectors } = tiling;
  const samplesAtOnce = Math.min(images.samplesAtOnce, gradients.samplesAtOnce);
  const rowsAtOnce = Math.min(samplesAtOnce * down, Math.max(1, Math.floor(DEPTH / (LANES * vectors))));
  const numbers = rowsAtOnce * vectors * LANES;
  const [inputs, outputs] = [tiles.planes(scratch, channels, numbers), tiles.planes(scratch, rows, numbers)];
  const sums = tiles.planes(scratch, rows, channels);
  const imageTiles = scratch.table(tileRows(images, tiling, samplesAtOnce));
  const gradientTiles = scratch.table(tileRows(gradients, tiling, samplesAtOnce));
  const products = tiles.products(scratch, { m: rows, n: channels, k: numbers });

  for (let sample = 0; sample < samples; sample += samplesAtOnce) {
    const count = Math.min(samplesAtOnce, samples - sample);
    const image = images.portion(sample, count, 0, channels) + firstOffset(axes, images);
    const g = gradients.portion(sample, count, 0, rows);
    for (let row = 0; row < count * down; row += rowsAtOnce) {
      const portion = { rows: Math.min(rowsAtOnce, count * down - row), vectors };
      tiles.spread("input", {
        image,
        imageChannel: images.strides[1],
        imageRow: images.strides[2],
        tileRows: imageTiles + 4 * row,
        ...stepsOf(tiling, images),
        planes: inputs.at,
        plane: inputs.plane,
        channel: inputs.channel,
        channels,
        ...portion,
      });
      tiles.spread("gradient", {
        image: g,
        imageChannel: gradients.strides[1],
        imageRow: gradients.strides[2],
        tileRows: gradientTiles + 4 * row,
        ...stepsOf(tiling, gradients),
        planes: outputs.at,
        plane: outputs.plane,
        channel: outputs.channel,
        channels: rows,
        ...portion,
      });
      const isFirst = sample + row === 0;
      tiles.multiply(products, {
        a: outputs.at,
        aRow: outputs.channel,
        aColumn: 4,
        aBatch: outputs.plane,
        b: inputs.at,
        bRow: 4,
        bColumn: inputs.channel,
        bBatch: inputs.plane,
        c: sums.at,
        cRow: sums.channel,
        cColumn: 4,
        cBatch: sums.plane,
        ...plain,
        ...(!isFirst && { start: sums.at, startRow: sums.channel, startColumn: 4, startBatch: sums.plane }),
        m: rows,
        n: channels,
        k: portion.rows * vectors * LANES,
      });
    }
  }
  tiles.weights("collectWeight", {
    weight: target.at,
    weightOuter: target.strides[0],
    weightInner: target.strides[1],
    down: target.strides[2],
    right: target.strides[3],
    planes: sums.at,
    plane: sums.plane,
    planesOuter: sums.channel,
    planesInner: 4,
    outer: rows,
    inner: channels,
  });
  return true;
}

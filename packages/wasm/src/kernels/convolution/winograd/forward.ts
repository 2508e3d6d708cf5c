import { from, type Grid } from "../grid.ts";
import { moveElements } from "../move.ts";
import type { Roles } from "../roles.ts";
import { Source } from "../source.ts";
import type { Means, Task } from "../task.ts";
import { covered, firstOffset, IMAGE_BYTES, stepsOf, tileRows, tilingOf, whole } from "./tiles.ts";

/** `convolveGroup` by tiles, where that is possible and worth it; tells whether it did. */
export function convolveByTiles(means: Means, task: Task, weight: Grid, { row, channel }: Roles, target: Grid): boolean {
  const tiling = tilingOf(task);
  if (tiling === undefined) return false;
  const { axes, samples, channels, rows } = task;
  const { scratch } = means;
  const source = new Source({ ...task, axes: whole(axes, tiling) }, means, IMAGE_BYTES);
  if (source.channelsAtOnce < channels) return false;
  const tiles = means.tiles();
  const { samplesAtOnce } = source;
  const [height, width] = covered(tiling);

  const weights = tiles.planes(scratch, channels, rows);
  const [down, right] = axes.map(({ elements }, d) => (elements[1] - elements[0]) * weight.strides[d + 2]);
  tiles.weights("spreadWeight", {
    weight: axes.reduce((at, { elements }, d) => at + elements[0] * weight.strides[d + 2], weight.at),
    weightOuter: weight.strides[channel],
    weightInner: weight.strides[row],
    down,
    right,
    planes: weights.at,
    plane: weights.plane,
    planesOuter: weights.channel,
    planesInner: 4,
    outer: channels,
    inner: rows,
  });

  const sizes = axes.map(({ positions }) => positions.length);
  const inPlace = sizes[0] === height && sizes[1] === width && target.strides[3] === 4;
  const imageStrides = [4 * rows * height * width, 4 * height * width, 4 * width, 4];
  const image = inPlace ? target : { at: scratch.take(samplesAtOnce * imageStrides[0]), strides: imageStrides };
  const sourceTiles = scratch.table(tileRows(source, tiling, samplesAtOnce));
  const targetTiles = scratch.table(tileRows(image, tiling, samplesAtOnce));
  const workspace = tiles.workspace(scratch, tiling, { rows: samplesAtOnce * tiling.down, channels, outputs: rows, weights });

  for (let sample = 0; sample < samples; sample += samplesAtOnce) {
    const count = Math.min(samplesAtOnce, samples - sample);
    tiles.pass(workspace, {
      source: source.portion(sample, count, 0, channels) + firstOffset(axes, source),
      sourceChannel: source.strides[1],
      sourceRow: source.strides[2],
      sourceTiles,
      sourceHalf: stepsOf(tiling, source).half,
      target: inPlace ? from(image, 0, sample).at : image.at,
      targetChannel: image.strides[1],
      targetRow: image.strides[2],
      targetTiles,
      targetHalf: stepsOf(tiling, image).half,
      step: stepsOf(tiling, image).step,
      rows: count * tiling.down,
      vectors: tiling.vectors,
    });
    if (!inPlace) moveElements(means, "float32", image, from(target, 0, sample), [count, rows, ...sizes]);
  }
  return true;
}

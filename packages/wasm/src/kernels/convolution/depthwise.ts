import { bytesOf } from "../../memory/heap.ts";
import { along, firstOf, from, type Grid, sums } from "./grid.ts";
import { Source } from "./source.ts";
import type { Means, Task } from "./task.ts";

/**
 * Convolutions in which every channel has a kernel of its own: there is nothing that a product of matrices would use twice. Of all channels at once: the
 * task's channels are the groups. The image is the result, or its gradient, from which that of the weight is made. Tells whether it did.
 */
export function convolveChannels(means: Means, task: Task, weight: Grid, image: Grid, of: "image" | "weight"): boolean {
  const { axes, samples, channels, dtype } = task;
  const { scratch, products } = means;
  const size = bytesOf[dtype];
  const last = axes.length - 1;
  const { positions, results } = axes[last];
  const even = (list: readonly number[]): boolean => list.every((x, i) => x === list[0] + i);
  if (axes.some(({ taps }) => taps.length === 0) || !even(positions) || !even(results) || image.strides[last + 2] !== size) return false;
  const source = new Source(task, means);
  if (source.strides[last + 2] !== size) return false;

  const { samplesAtOnce, channelsAtOnce } = source;
  const outer = axes.slice(0, last);
  const inner = positions[0] * size;
  const rowsOf = (count: number): number[] => {
    const inSource = sums([firstOf(source, 0, count), ...outer.map((axis, d) => along(source, d + 2, axis.positions))]);
    const inImage = sums([firstOf(image, 0, count), ...outer.map((axis, d) => along(image, d + 2, axis.results))]);
    return inSource.flatMap((offset, i) => [offset + inner, inImage[i] + results[0] * size]);
  };
  const offsets = rowsOf(samplesAtOnce);
  const rows = scratch.table(offsets);
  const taps = scratch.table(sums(axes.map(({ taps }, d) => along(source, d + 2, taps))));
  const elements = scratch.table(sums(axes.map(({ elements }, d) => along(weight, d + 2, elements))));
  const tapCount = axes.reduce((product, axis) => product * axis.taps.length, 1);

  for (let channel = 0; channel < channels; channel += channelsAtOnce)
    for (let sample = 0; sample < samples; sample += samplesAtOnce) {
      const count = Math.min(samplesAtOnce, samples - sample);
      const seen = Math.min(channelsAtOnce, channels - channel);
      products.channelwise(of, {
        source: source.portion(sample, count, channel, seen),
        sourceChannel: source.strides[1],
        image: from(from(image, 0, sample), 1, channel).at,
        imageChannel: image.strides[1],
        weight: from(weight, 0, channel).at,
        weightChannel: weight.strides[0],
        channels: seen,
        rows,
        rowCount: (offsets.length / 2 / samplesAtOnce) * count,
        columns: positions.length,
        taps,
        elements,
        tapCount,
        add: sample > 0 ? 1 : 0,
      });
    }
  return true;
}

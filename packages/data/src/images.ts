import { type Tensor, tensor } from "@gradtape/core";
import { type Batch, checkIndex, type Dataset } from "./dataset.ts";

/** Per-channel mean and standard deviation of pixel values in [0, 1]; a pixel becomes (value - mean) / std. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** The parts of an {@link ImageDataset}. */
export interface ImageDatasetOptions {
  /** Bytes in the order example, channel, row, column. */
  readonly images: Uint8Array;
  /** One class index per example. */
  readonly labels: Uint8Array;
  /** Channels, height, width. */
  readonly shape: readonly [channels: number, height: number, width: number];
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** Applied to every image, default none: pixels are then in [0, 1]. */
  readonly normalization?: Normalization;
}

/** An image and its class: float32 [channels, height, width] and an int32 scalar. */
export type LabelledImage = [image: Tensor, label: Tensor];

/** Labelled images held as bytes; batches are float32 [B, channels, height, width] and int32 [B], made through a table of 256 values per channel. */
export class ImageDataset implements Dataset<LabelledImage> {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly classes: readonly string[];
  readonly normalization: Normalization | undefined;
  readonly #tables: readonly Float32Array[];

  /** An error when the bytes do not fill `labels.length` images, a label is no class, or the normalization has another number of channels. */
  constructor({ images, labels, shape, classes, normalization }: ImageDatasetOptions) {
    const pixels = shape[0] * shape[1] * shape[2];
    if (images.length !== labels.length * pixels)
      throw new RangeError(
        `ImageDataset: ${labels.length} labels and images of [${shape.join(",")}] need ${labels.length * pixels} bytes, found ${images.length}`,
      );
    const bad = labels.findIndex((label) => label >= classes.length);
    if (bad >= 0) throw new RangeError(`ImageDataset: label ${labels[bad]} of example ${bad} is not one of the ${classes.length} classes`);
    this.images = images;
    this.labels = labels;
    this.shape = shape;
    this.classes = classes;
    this.normalization = normalization;
    this.#tables = Array.from({ length: shape[0] }, (_, channel) => {
      const mean = normalization?.mean[channel] ?? (normalization ? NaN : 0);
      const std = normalization?.std[channel] ?? (normalization ? NaN : 1);
      if (!Number.isFinite(mean) || !(std > 0 && std < Infinity))
        throw new RangeError(
          `ImageDataset: normalization of channel ${channel} is mean ${mean}, std ${std}; expected ${shape[0]} finite means and stds above 0`,
        );
      return Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - mean) / std);
    });
  }

  get length(): number {
    return this.labels.length;
  }

  get(index: number): LabelledImage {
    checkIndex("ImageDataset", index, this.length);
    return [tensor(this.#pixels([index]), { shape: [...this.shape] }), tensor(this.labels[index], { dtype: "int32" })];
  }

  batch(indices: Int32Array): Batch<LabelledImage> {
    for (const index of indices) checkIndex("ImageDataset", index, this.length);
    const labels = indices.map((index) => this.labels[index]);
    return [tensor(this.#pixels(indices), { shape: [indices.length, ...this.shape] }), tensor(labels, { shape: [indices.length], dtype: "int32" })];
  }

  /** The bytes of one image, a view of length channels * height * width. */
  image(index: number): Uint8Array {
    checkIndex("ImageDataset", index, this.length);
    const pixels = this.images.length / this.length;
    return this.images.subarray(index * pixels, (index + 1) * pixels);
  }

  /** Mean and standard deviation of each channel over the whole dataset, pixels in [0, 1]. */
  statistics(): Normalization {
    const [channels, height, width] = this.shape;
    const counts = Array.from({ length: channels }, () => new Float64Array(256));
    for (let at = 0, plane = 0; at < this.images.length; plane++) {
      const count = counts[plane % channels];
      for (const end = at + height * width; at < end; at++) count[this.images[at]]++;
    }
    const pixels = this.images.length / channels;
    const moment = (count: Float64Array, of: (value: number) => number) => count.reduce((sum, n, byte) => sum + n * of(byte / 255), 0) / pixels;
    const mean = counts.map((count) => moment(count, (value) => value));
    return { mean, std: counts.map((count, channel) => Math.sqrt(moment(count, (value) => (value - mean[channel]) ** 2))) };
  }

  /** The same images normalised, sharing the bytes; take the training set's `statistics()` (the default: this set's own) for the test set too. */
  normalize(normalization: Normalization = this.statistics()): ImageDataset {
    return new ImageDataset({ images: this.images, labels: this.labels, shape: this.shape, classes: this.classes, normalization });
  }

  #pixels(indices: ArrayLike<number>): Float32Array {
    const [channels, height, width] = this.shape;
    const plane = height * width;
    const out = new Float32Array(indices.length * channels * plane);
    for (let k = 0, to = 0; k < indices.length; k++) {
      let from = indices[k] * channels * plane;
      for (let channel = 0; channel < channels; channel++) {
        const table = this.#tables[channel];
        for (const end = to + plane; to < end; to++) out[to] = table[this.images[from++]];
      }
    }
    return out;
  }
}

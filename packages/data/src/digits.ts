import { Generator } from "@gradtape/core";
import { Handwriting } from "./handwriting.ts";
import { ImageDataset, type Normalization } from "./images.ts";
import { checkOptions } from "./options.ts";
import { streamSeed } from "./seed.ts";

/** Which digits to draw. */
export interface DigitsOptions {
  /** Number of images, default 20,000. */
  readonly count?: number;
  /** Index of the first image, default 0: `{ start: i, count: 1 }` draws example i alone. */
  readonly start?: number;
  /** Seed of the handwriting, an integer, default 0. */
  readonly seed?: number;
  /** Training or test images; the two never share one. Default "train". */
  readonly split?: "train" | "test";
}

/** Mean and standard deviation of the digits' pixels in [0, 1], for `digits().normalize(digitsNormalization)`. */
export const digitsNormalization: Normalization = { mean: [0.1218], std: [0.2533] };

/**
 * Handwritten-style digits, drawn by the program: a dataset like MNIST ([1, 28, 28] grey, ten classes) that needs no download. Example i shows
 * digit i mod 10 and depends only on (seed, split, i), so a longer set begins with the shorter one; the bytes are the same on every machine.
 */
export function digits(options: DigitsOptions = {}): ImageDataset {
  checkOptions("digits", options, ["count", "start", "seed", "split"]);
  const { count = 20_000, start = 0, seed = 0, split = "train" } = options;
  if (!Number.isInteger(count) || count < 0) throw new RangeError(`digits: count is an integer >= 0, found ${count}`);
  if (!Number.isSafeInteger(start) || start < 0) throw new RangeError(`digits: start is an integer >= 0, found ${start}`);
  if (split !== "train" && split !== "test") throw new RangeError(`digits: split is "train" or "test", found ${JSON.stringify(split)}`);
  const pen = new Handwriting();
  const images = new Uint8Array(count * 784);
  const labels = Uint8Array.from({ length: count }, (_, k) => (start + k) % 10);
  const stream = split === "train" ? 0 : 1;
  for (let k = 0; k < count; k++) pen.draw(labels[k], new Generator(streamSeed(seed, stream, start + k)), images, k * 784);
  return new ImageDataset({ images, labels, shape: [1, 28, 28], classes: [..."0123456789"] });
}

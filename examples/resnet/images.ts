import { data, Generator, type Tensor, tensor } from "gradtape";

/** Images to train on and to test on, both normalised alike, and what they are. */
export interface Images {
  readonly train: data.ImageDataset;
  readonly test: data.ImageDataset;
  readonly about: string;
}

/** Reads CIFAR-10 from a directory; the test set is cut to its first `count` images. */
export async function loadImages(directory: string, count: number): Promise<Images> {
  const train = (await data.loadCifar10(directory, { split: "train" })).normalize();
  const { images, labels, shape, classes } = await data.loadCifar10(directory, { split: "test" });
  const pixels = shape[0] * shape[1] * shape[2];
  const test = new data.ImageDataset({ images: images.slice(0, count * pixels), labels: labels.slice(0, count), shape, classes });
  return { train, test: test.normalize(train.normalization), about: "CIFAR-10" };
}

const size = 32;

/** Whether a shape covers a place; u and v run from -1 to 1 over its box. */
const shapes: Readonly<Record<string, (u: number, v: number) => boolean>> = {
  disc: (u, v) => u * u + v * v < 1,
  ring: (u, v) => Math.abs(Math.hypot(u, v) - 0.75) < 0.25,
  square: () => true,
  frame: (u, v) => Math.max(Math.abs(u), Math.abs(v)) > 0.55,
  triangle: (u, v) => Math.abs(u) < (v + 1) / 2,
  diamond: (u, v) => Math.abs(u) + Math.abs(v) < 1,
  plus: (u, v) => Math.min(Math.abs(u), Math.abs(v)) < 0.3,
  cross: (u, v) => Math.abs(Math.abs(u) - Math.abs(v)) < 0.35,
  rows: (_, v) => Math.floor((v + 1) * 2.5) % 2 === 0,
  columns: (u) => Math.floor((u + 1) * 2.5) % 2 === 0,
};

function draw(count: number, generator: Generator): data.ImageDataset {
  const classes = Object.keys(shapes);
  const labels = Uint8Array.from({ length: count }, (_, k) => k % classes.length);
  const images = new Uint8Array(count * 3 * size * size);
  for (let k = 0; k < count; k++) {
    const inside = shapes[classes[labels[k]]];
    const radius = 10 + 4 * generator.random();
    const [x, y] = [0, 0].map(() => radius + (size - 2 * radius) * generator.random());
    const colour = (low: number) => Array.from({ length: 3 }, () => low + 100 * generator.random());
    const [ink, ground] = [colour(150), colour(0)];
    for (let i = 0; i < size * size; i++) {
      const [u, v] = [((i % size) + 0.5 - x) / radius, (Math.floor(i / size) + 0.5 - y) / radius];
      const source = Math.max(Math.abs(u), Math.abs(v)) <= 1 && inside(u, v) ? ink : ground;
      for (let channel = 0; channel < 3; channel++)
        images[(3 * k + channel) * size * size + i] = Math.min(255, Math.max(0, source[channel] + 15 * generator.normal()));
    }
  }
  return new data.ImageDataset({ images, labels, shape: [3, size, size], classes });
}

/** A stand-in for CIFAR-10 that needs no files: ten bright shapes of any colour, size and place, with noise; `count` to train on. */
export function drawImages(count: number, testCount: number, seed: number): Images {
  const generator = new Generator(seed);
  const train = draw(count, generator).normalize();
  return { train, test: draw(testCount, generator).normalize(train.normalization), about: "drawn shapes, a stand-in for CIFAR-10" };
}

/** Moves each image by up to four pixels and mirrors every second, as the paper does with CIFAR-10. He et al. 2016, arXiv:1512.03385, section 4.2. */
export function augment(batch: Tensor, generator: Generator): Tensor {
  const [count, channels, height, width] = batch.shape;
  const from = batch.data();
  const to = new Float32Array(from.length);
  for (let k = 0; k < count; k++) {
    const [down, right] = [generator.integer(9) - 4, generator.integer(9) - 4];
    const mirrored = generator.random() < 0.5;
    for (let row = 0; row < channels * height; row++)
      for (let column = 0; column < width; column++) {
        const y = (row % height) + down;
        const x = (mirrored ? width - 1 - column : column) + right;
        if (y < 0 || y >= height || x < 0 || x >= width) continue;
        to[(k * channels * height + row) * width + column] = from[(k * channels * height + row + down) * width + x];
      }
  }
  return tensor(to, { shape: batch.shape });
}

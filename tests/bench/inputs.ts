import { SECOND, THIRD, take } from "./numbers.ts";

/** What every peer computes with. `peers/pytorch.py` makes the same from the same numbers. */

/** The lesson: a network 784-256-128-10, 1024 images, AdamW. */
export const lesson = {
  sizes: [784, 256, 128, 10],
  samples: 1024,
  lr: 3e-4,
  weightDecay: 0.01,
  /** Losses that are compared with PyTorch's. */
  steps: 20,
  images: (): Float32Array => take(lesson.samples * lesson.sizes[0]),
  labels: (): Int32Array => Int32Array.from(take(lesson.samples, THIRD), (u) => Math.floor(u * 10)),
  /** Weight `[out, in]` and bias `[out]` of a layer, uniform within 1 / sqrt(in). */
  layer(index: number): { readonly weight: Float32Array; readonly bias: Float32Array } {
    const [fanIn, fanOut] = [lesson.sizes[index], lesson.sizes[index + 1]];
    const within = (u: number): number => (2 * u - 1) / Math.sqrt(fanIn);
    return { weight: take(fanIn * fanOut, SECOND + index, within), bias: take(fanOut, THIRD + index, within) };
  },
};

/** Images and labels of the batches of an epoch. */
export function batches(size: number): { readonly images: Float32Array; readonly labels: Int32Array }[] {
  const [images, labels] = [lesson.images(), lesson.labels()];
  const pixels = lesson.sizes[0];
  return Array.from({ length: lesson.samples / size }, (_, k) => ({
    images: images.subarray(k * size * pixels, (k + 1) * size * pixels),
    labels: labels.subarray(k * size, (k + 1) * size),
  }));
}

/** Two square matrices. */
export const matrices = (n: number): [Float32Array, Float32Array] => [take(n * n), take(n * n, SECOND)];

/** Two operands of elementwise workloads, within 0.5 of 0 and of 0.5. */
export const operands = (count: number): [Float32Array, Float32Array] => [take(count, 0, (u) => u - 0.5), take(count, SECOND)];

/** A parameter and its gradient, the same at every step. */
export const update = { steps: 10, of: (count: number): [Float32Array, Float32Array] => [take(count), take(count, SECOND)] };

/** A convolution 64 → 64 of 3x3, padding 1, on 32 images of 32x32: input, weight, and the gradient that arrives. */
export const convolution = {
  batch: 32,
  channels: 64,
  side: 32,
  of(): [Float32Array, Float32Array, Float32Array] {
    const { batch, channels, side } = convolution;
    const size = batch * channels * side * side;
    return [take(size), take(channels * channels * 9, SECOND), take(size, THIRD)];
  },
};

/** `links` times `t = t * b`, `t = t + b`, beginning with t = a; the gradient of the sum goes to a. */
export const chain = { links: 500, of: (count: number): [Float32Array, Float32Array] => [take(count), take(count, SECOND, (u) => 0.9 + 0.1 * u)] };

/**
 * A network of scalars as in Andrej Karpathy's micrograd: 3-4-4-1 neurons with tanh, squared error on four samples, every number a node of its own.
 * Parameters are, neuron by neuron, its weights and its bias.
 */
export const scalars = {
  sizes: [3, 4, 4, 1],
  samples: [
    [2, 3, -1],
    [3, -1, 0.5],
    [0.5, 1, 1],
    [1, 1, -1],
  ],
  targets: [1, -1, -1, 1],
  parameters: (): Float32Array => take(41, 0, (u) => 2 * u - 1),
};

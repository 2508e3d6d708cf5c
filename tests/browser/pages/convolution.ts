import { type Device, Generator, keep, randn, type Tensor } from "@gradtape/core";
import { type Comparison, compare } from "./comparison.ts";
import { open } from "./opened.ts";

/** One convolution: sizes of input and weight, and its options. */
interface Case {
  readonly x: readonly number[];
  readonly weight: readonly number[];
  readonly stride?: number | readonly number[];
  readonly padding?: number | readonly number[];
  readonly dilation?: number | readonly number[];
  readonly groups?: number;
}

const cases: readonly Case[] = [
  { x: [2, 3, 8, 8], weight: [4, 3, 3, 3], padding: 1 },
  { x: [2, 8, 8, 8], weight: [16, 8, 3, 3], padding: 1 },
  { x: [2, 8, 8, 8], weight: [12, 8, 3, 3], padding: 1, stride: 2 },
  { x: [3, 5, 7, 9], weight: [6, 5, 3, 2], padding: [1, 0], stride: [2, 1] },
  { x: [2, 4, 9, 8], weight: [4, 4, 3, 3], padding: 2, dilation: 2 },
  { x: [2, 4, 9, 9], weight: [7, 4, 2, 3], padding: 3, dilation: [2, 1], stride: [3, 2] },
  { x: [2, 4, 6, 6], weight: [8, 4, 1, 1], stride: 2 },
  { x: [2, 4, 6, 6], weight: [8, 4, 1, 1] },
  { x: [2, 4, 5, 5], weight: [3, 4, 1, 1] },
  { x: [1, 1, 5, 5], weight: [1, 1, 5, 5] },
  { x: [2, 6, 8, 8], weight: [9, 2, 3, 3], groups: 3, padding: 1 },
  { x: [2, 8, 8, 8], weight: [8, 1, 3, 3], groups: 8, padding: 1 },
  { x: [2, 8, 8, 8], weight: [16, 4, 3, 3], groups: 2, padding: 1, stride: 2 },
  { x: [4, 16, 16, 16], weight: [32, 16, 3, 3], padding: 1 },
  { x: [32, 8, 16, 16], weight: [8, 8, 3, 3], padding: 1 },
  { x: [2, 3, 11], weight: [4, 3, 5], padding: 2, stride: 2 },
  { x: [2, 4, 16], weight: [4, 4, 3], padding: 1 },
  { x: [2, 3, 4, 5, 6], weight: [4, 3, 2, 3, 3], padding: 1 },
  { x: [0, 3, 4, 4], weight: [2, 3, 3, 3], padding: 1 },
];

const drawn = (device: Device, shape: readonly number[], seed: number): Tensor => randn(shape, { generator: new Generator(seed) }).to(device);

/** Convolutions of all kinds and both their gradients, with operands that lie in order and with operands that do not. */
export async function convolutions(): Promise<Comparison[]> {
  const device = await open();
  return cases.flatMap(({ x, weight, ...options }) =>
    [false, true].map((turned) => {
      const lay = (d: Device, shape: readonly number[], seed: number): Tensor =>
        turned ? drawn(d, [...shape].reverse(), seed).permute(shape.map((_, k) => shape.length - 1 - k)) : drawn(d, shape, seed);
      const terms = Math.max(
        weight.slice(1).reduce((a, b) => a * b),
        (x[0] * x.slice(2).reduce((a, b) => a * b)) / 4,
      );
      return compare(
        device,
        `[${x}] by [${weight}] ${JSON.stringify(options)}${turned ? ", turned" : ""}`,
        (d) => {
          const image = lay(d, x, 1).requireGrad();
          const kernel = lay(d, weight, 2).requireGrad();
          const bias = drawn(d, [weight[0]], 3).requireGrad();
          const name = `conv${x.length - 2}d` as "conv1d" | "conv2d" | "conv3d";
          const y = image[name](kernel, bias, options);
          keep(y)
            .mul(drawn(d, y.shape, 4))
            .sum()
            .backward();
          return [y.detach(), image.grad as Tensor, kernel.grad as Tensor, bias.grad as Tensor];
        },
        { ulps: 8 + 3 * Math.sqrt(terms), scale: Math.sqrt(terms) },
      );
    }),
  );
}

import { type Device, Generator, maxPool2d, randn, type Tensor, tensor } from "@gradtape/core";
import { type Comparison, compare } from "./comparison.ts";
import { open } from "./opened.ts";

interface Case {
  readonly x: readonly number[];
  readonly kernelSize: number | readonly number[];
  readonly stride?: number | readonly number[];
  readonly padding?: number | readonly number[];
  readonly ceilMode?: boolean;
}

const cases: readonly Case[] = [
  { x: [2, 3, 8, 8], kernelSize: 2 },
  { x: [2, 3, 7, 9], kernelSize: 3, stride: 2, padding: 1 },
  { x: [2, 3, 7, 9], kernelSize: [3, 2], stride: [1, 2] },
  { x: [3, 8, 8], kernelSize: 3, stride: 1, padding: 1 },
  { x: [2, 2, 7, 7], kernelSize: 2, ceilMode: true },
  { x: [2, 3, 11], kernelSize: 3, stride: 2 },
  { x: [2, 2, 4, 5, 6], kernelSize: 2 },
  { x: [16, 8, 32, 32], kernelSize: 2 },
];

const drawn = (d: Device, shape: readonly number[], turned: boolean, seed: number): Tensor =>
  turned
    ? randn([...shape].reverse(), { generator: new Generator(seed) })
        .to(d)
        .permute(shape.map((_, k) => shape.length - 1 - k))
    : randn(shape, { generator: new Generator(seed) }).to(d);

/** Maxima and means of windows and their gradients, of second order too. */
export async function poolings(): Promise<Comparison[]> {
  const device = await open();
  const results = cases.flatMap(({ x, ...options }) =>
    ([false, true] as const).flatMap((turned) =>
      (["max", "avg"] as const).map((kind) =>
        compare(
          device,
          `${kind} pooling of [${x}] ${JSON.stringify(options)}${turned ? ", turned" : ""}`,
          (d) => {
            const n = typeof options.kernelSize === "number" ? Math.max(1, x.length - 2) : options.kernelSize.length;
            const image = drawn(d, x, turned, 1).requireGrad();
            const name = `${kind}Pool${n}d` as "maxPool2d" | "avgPool2d";
            const y = image[name](options);
            const g = drawn(d, y.shape, turned, 2).requireGrad();
            y.mul(g).sum().backward({ createGraph: true });
            const first = image.grad as Tensor;
            first.square().sum().backward();
            return [y.detach().clone(), first.detach().clone(), g.grad as Tensor];
          },
          { ulps: 16, scale: 4 },
        ),
      ),
    ),
  );
  const ties = [1, 1, 0, 2, NaN, 3, 1, 1, 5, 5, NaN, NaN, -Infinity, -Infinity, 0, -0];
  results.push(
    compare(device, "ties, NaN and infinities", (d) => {
      const { values, indices } = maxPool2d(tensor(ties, { device: d, shape: [1, 1, 4, 4] }), { kernelSize: 2, returnIndices: true });
      return [values, indices];
    }),
    compare(
      device,
      "adaptive pooling",
      (d) => {
        const image = drawn(d, [2, 3, 7, 5], false, 1).requireGrad();
        const both = [image.adaptiveMaxPool2d({ outputSize: [3, 2] }), image.adaptiveAvgPool2d({ outputSize: [3, 2] })];
        both[0].add(both[1]).square().sum().backward();
        return [image.grad as Tensor];
      },
      { ulps: 16, scale: 4 },
    ),
  );
  return results;
}

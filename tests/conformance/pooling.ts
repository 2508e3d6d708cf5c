import {
  avgPool1d,
  avgPool2d,
  avgPool3d,
  type Backend,
  backward,
  type DType,
  Generator,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  randint,
  requireGrad,
  type Tensor,
} from "@gradtape/core";
import fc from "fast-check";
import { test } from "vitest";
import { expectSame } from "./comparison.ts";

const pools = { max: [maxPool1d, maxPool2d, maxPool3d], average: [avgPool1d, avgPool2d, avgPool3d] } as const;

const upTo = (least: number, most: number): fc.Arbitrary<number> => fc.integer({ min: least, max: most });

const draws = upTo(1, 3).chain((n) => {
  const each = (least: number, most: number): fc.Arbitrary<number[]> => fc.array(upTo(least, most), { minLength: n, maxLength: n });
  return fc.record({
    lead: fc.array(upTo(1, 4), { maxLength: 2 }),
    kernelSize: each(1, 4),
    stride: each(1, 3),
    half: fc.boolean(),
    room: each(0, n === 1 ? 70 : n === 2 ? 20 : 6),
    ceilMode: fc.boolean(),
    countIncludePad: fc.boolean(),
    across: fc.boolean(),
  });
});

/** Pooling over one to three dimensions and its gradient, fuzzed over all options; whole numbers, many alike, which every order of summation gives exactly. */
export function poolingConformance(backend: Backend): void {
  for (const kind of ["max", "average"] as const)
    for (const dtype of ["float32", "float64"] as const satisfies readonly DType[])
      test(`${kind} pooling, ${dtype}`, () => {
        fc.assert(
          fc.property(draws, (draw) => {
            const { lead, kernelSize, stride, half, room, ceilMode, countIncludePad, across } = draw;
            const n = kernelSize.length;
            const padding = kernelSize.map((k) => (half ? Math.floor(k / 2) : 0));
            const shape = [...lead, ...kernelSize.map((k, d) => k + room[d])];
            const lay = (size: readonly number[], generator: Generator): Tensor => {
              const numbers = (given: readonly number[]): Tensor => randint(-6, 7, given, { generator }).to(dtype);
              if (!across) return numbers(size);
              return numbers([...size].reverse())
                .permute(size.map((_, d) => d).reverse())
                .flip([0]);
            };
            const results = (): { y: Tensor; gradient: Tensor } => {
              const generator = new Generator(5);
              const x = requireGrad(lay(shape, generator));
              const options = { kernelSize, stride, padding, ceilMode };
              const y = kind === "max" ? pools.max[n - 1](x, options) : pools.average[n - 1](x, { ...options, countIncludePad, divisorOverride: 4 });
              backward(y, { gradient: lay(y.shape, generator) });
              return { y: y.detach(), gradient: x.grad as Tensor };
            };
            for (const what of ["y", "gradient"] as const)
              expectSame(`${what} of ${JSON.stringify(draw)}`, backend, () => results()[what], { ulps: 0 });
          }),
          { seed: 20261126, numRuns: 60 },
        );
      });
}

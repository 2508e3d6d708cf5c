import {
  type Backend,
  backward,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  type DType,
  Generator,
  randint,
  requireGrad,
  type Tensor,
} from "@gradtape/core";
import fc from "fast-check";
import { describe, test } from "vitest";
import { expectSame } from "./comparison.ts";

/** What one convolution is drawn from; lists have one number for each dimension that the window moves over. */
interface Draw {
  readonly batch: number;
  readonly groups: number;
  readonly within: number;
  readonly out: number;
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  /** Elements of the input beyond the fewest for which the window fits. */
  readonly room: readonly number[];
  readonly transposed: boolean;
  readonly across: boolean;
}

const conv = [conv1d, conv2d, conv3d] as const;
const transposedConv = [convTranspose1d, convTranspose2d, convTranspose3d] as const;

/** Value and gradients of a convolution of small whole numbers, which every order of summation gives exactly. */
function results(draw: Draw, dtype: DType): ((on: Backend) => Tensor)[] {
  const { batch, groups, within, out, kernel, stride, padding, dilation, room, transposed, across } = draw;
  const n = kernel.length;
  const input = kernel.map((k, d) => (transposed ? 0 : Math.max(0, (k - 1) * dilation[d] - 2 * padding[d])) + 1 + room[d]);
  const lay = (shape: readonly number[], generator: Generator): Tensor => {
    const numbers = (size: readonly number[]): Tensor => randint(-3, 4, size, { generator }).to(dtype);
    if (!across) return numbers(shape);
    const dims = shape.map((_, d) => d);
    return numbers([...shape].reverse())
      .permute(dims.reverse())
      .flip([1]);
  };
  const run = (): { x: Tensor; weight: Tensor; y: Tensor; generator: Generator } => {
    const generator = new Generator(3);
    const x = requireGrad(lay([batch, groups * within, ...input], generator));
    const weight = requireGrad(lay([groups * (transposed ? within : out), transposed ? out : within, ...kernel], generator));
    const options = { stride, padding, dilation, groups };
    const y = transposed ? transposedConv[n - 1](x, weight, null, options) : conv[n - 1](x, weight, null, options);
    return { x, weight, y, generator };
  };
  const gradients = (): { x: Tensor; weight: Tensor } => {
    const { x, weight, y, generator } = run();
    backward(y, { gradient: lay(y.shape, generator) });
    return { x: x.grad as Tensor, weight: weight.grad as Tensor };
  };
  return [() => run().y, () => gradients().x, () => gradients().weight];
}

const upTo = (least: number, most: number): fc.Arbitrary<number> => fc.integer({ min: least, max: most });

const draws = upTo(1, 3).chain((n) => {
  const each = (least: number, most: number): fc.Arbitrary<number[]> => fc.array(upTo(least, most), { minLength: n, maxLength: n });
  return fc.record({
    batch: upTo(1, 4),
    groups: upTo(1, 3),
    within: upTo(1, 9),
    out: upTo(1, 9),
    kernel: each(1, n === 3 ? 3 : 5),
    stride: each(1, 3),
    padding: each(0, 3),
    dilation: each(1, 3),
    room: each(0, n === 1 ? 40 : n === 2 ? 9 : 4),
    transposed: fc.boolean(),
    across: fc.boolean(),
  });
});

const plain = { batch: 2, groups: 1, stride: [1, 1], padding: [1, 1], dilation: [1, 1], transposed: false, across: false };

/** Larger ones: several blocks of everything, planes that do not fit a cache, one channel of many. */
const large: readonly (Draw & { readonly name: string })[] = [
  { ...plain, name: "many channels", within: 83, out: 37, kernel: [3, 3], room: [6, 6] },
  { ...plain, name: "more weights than are packed at a time", within: 500, out: 480, kernel: [3, 3], room: [3, 4] },
  { ...plain, name: "large planes", batch: 1, within: 20, out: 2, kernel: [3, 3], room: [158, 168] },
  { ...plain, name: "pointwise", within: 70, out: 66, kernel: [1, 1], padding: [0, 0], room: [16, 16] },
  { ...plain, name: "pointwise with strides", within: 20, out: 18, kernel: [1, 1], padding: [0, 0], stride: [2, 2], room: [15, 14] },
  { ...plain, name: "depthwise, one position after the other", groups: 24, within: 1, out: 1, kernel: [3, 4], dilation: [1, 2], room: [14, 23] },
  { ...plain, name: "depthwise", groups: 24, within: 1, out: 1, kernel: [3, 3], stride: [2, 1], room: [14, 15] },
  { ...plain, name: "many small samples", batch: 150, within: 5, out: 6, kernel: [2, 2], room: [1, 2] },
];

/** Convolutions of one to three dimensions and their gradients, fuzzed over all options, and some that take several blocks. */
export function convolutionConformance(backend: Backend): void {
  const check = (draw: Draw, dtype: DType): void => {
    const names = ["value", "gradient of the input", "gradient of the weight"];
    results(draw, dtype).forEach((compute, k) => void expectSame(`${names[k]} of ${JSON.stringify(draw)}`, backend, compute, { ulps: 0 }));
  };
  describe("convolution", () => {
    test.each(["float32", "float64"] as const)("every option at random, %s", (dtype) => {
      fc.assert(
        fc.property(draws, (draw) => {
          const output = draw.kernel.map((k, d) => draw.room[d] * draw.stride[d] - 2 * draw.padding[d] + (k - 1) * draw.dilation[d]);
          fc.pre(!draw.transposed || output.every((length) => length >= 0));
          check(draw, dtype);
        }),
        { numRuns: 60 },
      );
    });

    test.each(large)("$name", (draw) => {
      check(draw, "float32");
      check({ ...draw, across: true }, "float32");
    });
  });
}

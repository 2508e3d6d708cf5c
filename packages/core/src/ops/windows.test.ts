import { describe, expect, test } from "vitest";
import { type Backend, cpu, Generator, grad, maxPool1d, ones, randn, reference, tensor, zeros } from "../index.ts";

describe("values", () => {
  test("each is one entry of the tape", () => {
    const x = randn([1, 2, 4, 4], { requiresGrad: true });
    const w = randn([2, 2, 3, 3], { requiresGrad: true });
    expect(x.conv2d(w, zeros([2])).node?.name).toBe("conv2d");
    expect(x.convTranspose2d(w).node?.name).toBe("convTranspose2d");
    expect(x.maxPool2d({ kernelSize: 2 }).node?.name).toBe("maxPool2d");
    expect(x.avgPool2d({ kernelSize: 2 }).node?.edges).toEqual([x.node]);
  });

  test("a backend's own kernel is asked first", () => {
    const asked: string[] = [];
    const refuse = (name: string) => () => asked.push(name) < 0;
    const kernels: Partial<Backend> = {
      convolve: refuse("convolve"),
      convolveInput: refuse("convolveInput"),
      convolveWeight: refuse("convolveWeight"),
    };
    const bound = (value: unknown): unknown => (typeof value === "function" ? value.bind(reference) : value);
    const own = new Proxy(reference, { get: (target, key) => kernels[key as keyof Backend] ?? bound(target[key as keyof Backend]) });
    const before = cpu.backend;
    cpu.setBackend(own);
    try {
      const x = ones([1, 1, 3, 3], { requiresGrad: true });
      const w = ones([1, 1, 2, 2], { requiresGrad: true });
      x.conv2d(w).sum().backward();
      expect(asked.sort()).toEqual(["convolve", "convolveInput", "convolveWeight"]);
      expect(w.grad?.toArray()).toEqual([
        [
          [
            [4, 4],
            [4, 4],
          ],
        ],
      ]);
    } finally {
      cpu.setBackend(before);
    }
  });

  test("portions of a large batch add up", () => {
    const generator = new Generator(1);
    const x = randn([9, 8, 33, 33], { generator, dtype: "float64" });
    const w = randn([4, 8, 3, 3], { generator, dtype: "float64", requiresGrad: true });
    const whole = grad(x.conv2d(w, null, { padding: 1 }).sum(), w);
    const parts = x.split(1).map((sample) => grad(sample.conv2d(w, null, { padding: 1 }).sum(), w));
    expect(
      parts
        .reduce((sum, part) => sum.add(part))
        .sub(whole)
        .abs()
        .amax()
        .item(),
    ).toBeLessThan(1e-9);
  });

  test("the maximum: indices, the first of a tie, NaN, windows of -Infinity", () => {
    const x = tensor([[[1, 3, 3, 0, Number.NaN, 2, -Infinity, -Infinity]]], { dtype: "float64", requiresGrad: true });
    const { values, indices } = maxPool1d(x, { kernelSize: 2, returnIndices: true });
    expect(values.toArray()).toEqual([[[3, 3, Number.NaN, -Infinity]]]);
    expect(indices.toArray()).toEqual([[[1, 2, 4, 6]]]);
    values.sum().backward();
    expect(x.grad?.toArray()).toEqual([[[0, 1, 1, 0, 1, 0, 1, 0]]]);
    expect(
      tensor([
        [2, 2],
        [2, 2],
      ])
        .maxPool2d({ kernelSize: 2 })
        .toArray(),
    ).toEqual([[2]]);
  });

  test("fold undoes unfold where patches do not overlap", () => {
    const x = randn([2, 3, 4, 6]);
    expect(
      x
        .unfold({ kernelSize: 2, stride: 2 })
        .fold({ outputSize: [4, 6], kernelSize: 2, stride: 2 })
        .toArray(),
    ).toEqual(x.toArray());
    expect(x.pixelUnshuffle(2).pixelShuffle(2).toArray()).toEqual(x.toArray());
  });

  test("an empty batch", () => {
    const w = ones([2, 1, 3, 3], { requiresGrad: true });
    const y = zeros([0, 1, 4, 4]).conv2d(w);
    expect(y.shape).toEqual([0, 2, 2, 2]);
    y.sum().backward();
    expect(w.grad?.abs().sum().item()).toBe(0);
    expect(zeros([0, 1, 4, 4]).maxPool2d({ kernelSize: 2 }).shape).toEqual([0, 1, 2, 2]);
  });
});

describe("errors name the op, the shapes and the way out", () => {
  const x = zeros([1, 3, 4, 4]);
  const w = zeros([2, 3, 3, 3]);
  const cases: Readonly<Record<string, readonly [() => unknown, string]>> = {
    rank: [() => zeros([4, 4]).conv2d(w), "conv2d: takes an input of 3 dimensions or 4 with a batch, got [4,4]"],
    channels: [() => x.conv2d(zeros([2, 2, 3, 3])), "conv2d: input [1,3,4,4] has 3 channels, weight [2,2,3,3] in 1 group takes 2"],
    groups: [
      () => x.conv2d(zeros([2, 1, 3, 3]), null, { groups: 3 }),
      "weight [2,1,3,3] in 3 groups takes 3 and gives 2, which the groups must divide",
    ],
    weight: [() => x.conv2d(zeros([2, 3, 3])), "conv2d: a weight has 4 dimensions, got [2,3,3] for an input [1,3,4,4]"],
    bias: [() => x.conv2d(w, zeros([3])), "conv2d: a bias for weight [2,3,3,3] has shape [2], got [3]"],
    kernel: [() => x.conv2d(zeros([2, 3, 5, 5])), "conv2d: kernel [5,5] does not fit input [1,3,4,4] with padding [0,0]"],
    same: [() => x.conv2d(w, null, { padding: "same", stride: 2 }), 'conv2d: padding "same" needs stride 1, got [2,2]'],
    stride: [() => x.conv2d(w, null, { stride: 0 }), "conv2d: stride is an integer of at least 1, or 2 of them, got 0"],
    transposedChannels: [() => x.convTranspose2d(zeros([2, 1, 2, 2])), "convTranspose2d: input [1,3,4,4] has 3 channels, weight [2,1,2,2] takes 2"],
    outputPadding: [
      () => x.convTranspose2d(zeros([3, 1, 2, 2]), null, { outputPadding: 1 }),
      "outputPadding [1,1] must be smaller than stride [1,1]",
    ],
    pool: [() => x.maxPool2d({ kernelSize: 2, padding: 2 }), "maxPool2d: padding [2,2] is more than half the kernel [2,2]"],
    poolSize: [() => x.avgPool2d({ kernelSize: 5 }), "avgPool2d: kernel [5,5] does not fit shape [1,3,4,4]"],
    poolType: [() => x.to("int32").maxPool2d({ kernelSize: 2 }), 'maxPool2d: takes float32 or float64, got int32; convert it with .to("float32")'],
    fold: [() => zeros([1, 4, 3]).fold({ outputSize: 4, kernelSize: 2 }), "fold: an image [4,4] takes patches [N, C·4, 9], got [1,4,3]"],
    unfold: [() => x.unfold(3, 5), "unfold: windows of 5 elements every 1 do not fit dimension 3 of [1,3,4,4]"],
    shuffle: [() => x.pixelShuffle(2), "pixelShuffle: 3 channels of [1,3,4,4] are no multiple of 2²"],
    interpolate: [() => x.interpolate({}), "interpolate: give { size } or { scaleFactor }, one of them"],
    mode: [() => x.interpolate({ size: 2, mode: "linear" }), 'interpolate: mode "linear" takes 3 dimensions, got [1,3,4,4]'],
  };
  for (const [name, [run, message]] of Object.entries(cases)) test(name, () => expect(run).toThrow(message));
});

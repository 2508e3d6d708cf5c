import {
  allocate,
  conv2d,
  copyKernel,
  cpu,
  empty,
  Generator,
  gradcheck,
  gradgradcheck,
  hostData,
  randint,
  randn,
  reference,
  type View,
} from "@gradtape/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWasmBackend } from "../../backend.ts";

const backend = createWasmBackend();
const before = cpu.backend;
beforeAll(() => cpu.setBackend(backend));
afterAll(() => cpu.setBackend(before));

const MEBIBYTE = 2 ** 20;

describe("convolutions", () => {
  test("gradients of first and second order hold in double precision, strided, dilated and in groups", () => {
    const generator = new Generator(2);
    const x = randn([2, 4, 7, 6], { dtype: "float64", generator, requiresGrad: true });
    const weight = randn([6, 2, 2, 3], { dtype: "float64", generator, requiresGrad: true });
    const work = (a: typeof x, b: typeof x) => conv2d(a, b, null, { stride: [2, 1], padding: 1, dilation: [1, 2], groups: 2 });
    gradcheck(work, [x, weight]);
    gradgradcheck(work, [x, weight]);
  });

  test("the report tells which ran and which were composed", () => {
    const { convolve: start } = backend.backendReport();
    conv2d(randn([1, 2, 5, 5]), randn([3, 2, 3, 3]));
    conv2d(randint(0, 3, [1, 2, 5, 5]), randint(0, 3, [3, 2, 3, 3]));
    const { convolve } = backend.backendReport();
    expect(convolve.wasm - (start?.wasm ?? 0)).toBe(1);
    expect(convolve.reference - (start?.reference ?? 0)).toBe(1);
    expect(Object.keys(convolve.reasons)).toContain("int32, int32, int32; composed of matrix products");
  });

  test("memory beside the operands is bounded, and does not grow", () => {
    const own = createWasmBackend({ smallBytes: 0 });
    cpu.setBackend(own);
    try {
      const c = { kernel: [3, 3], stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 };
      const cases = [
        { batch: 3, channels: 300, out: 260, size: [9, 9] },
        { batch: 1, channels: 40, out: 3, size: [300, 290] },
      ].map(({ batch, channels, out, size }) => {
        const values = [
          [batch, channels, ...size],
          [out, channels, 3, 3],
          [batch, out, ...size],
        ] as const;
        return {
          operands: values.map((shape) => randn(shape)),
          results: values.map((shape) => empty(shape)),
          window: { ...c, input: size, output: size },
        };
      });
      const step = (): void => {
        for (const { operands, results, window } of cases) {
          const [x, weight, y] = operands;
          const ran = [
            own.convolve?.(x, weight, results[2], window),
            own.convolveInput?.(y, weight, results[0], window),
            own.convolveWeight?.(x, y, results[1], window),
          ];
          expect(ran).toEqual([true, true, true]);
        }
      };
      const start = own.memoryReport();
      // The second step finds the memory that the first has cut into blocks, and may cut a little more.
      for (let i = 0; i < 2; i++) step();
      const settled = own.memoryReport();
      expect(settled.free - start.free).toBeLessThan(8 * MEBIBYTE);
      for (let i = 0; i < 5; i++) step();
      expect(own.memoryReport()).toEqual(settled);
    } finally {
      cpu.setBackend(backend);
    }
  });
});

describe("convolutions of 3x3 by tiles", () => {
  const random = new Generator(5);
  const between = (low: number, high: number): number => low + random.integer(high - low + 1);

  /** A view of random numbers with gaps between its dimensions and before it. */
  function spaced(dtype: "float32" | "float64", shape: readonly number[]): View {
    const strides = new Array<number>(shape.length).fill(1);
    for (let d = shape.length - 2; d >= 0; d--) strides[d] = strides[d + 1] * shape[d + 1] + between(0, 2);
    const offset = between(0, 3);
    const length = offset + strides[0] * shape[0];
    const storage = backend.allocate(dtype, length, "variable");
    reference.write(
      Array.from({ length }, () => random.normal()),
      { storage, dtype, shape: [length], strides: [1], offset: 0 },
    );
    return { storage, dtype, shape, strides, offset };
  }

  const converted = (view: View, dtype: "float32" | "float64"): View => {
    const copy = allocate(cpu, dtype, view.shape);
    reference.map(copyKernel, [view], [], [copy]);
    return copy;
  };

  /** The largest difference between a result and the same in float64, in units of the largest number. */
  function worst(actual: View, expected: View): number {
    const [a, b] = [actual, expected].map((view) => Array.from(hostData(converted(view, "float64"))));
    const scale = b.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    return a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0) / scale;
  }

  test("agree with double precision, for sizes, paddings and strides of views of all kinds", () => {
    for (let round = 0; round < 15; round++) {
      const [samples, groups] = [between(1, 5), random.integer(3) === 0 ? 2 : 1];
      const [channels, rows] = [between(14, 40), between(14, 40)];
      // Of a stride of 2 and a window of 5 or 6, the gradient of the input has parts with windows of 3.
      const [kernel, stride] =
        round % 3 === 0
          ? [
              [between(5, 6), between(5, 6)],
              [2, 2],
            ]
          : [
              [3, 3],
              [1, 1],
            ];
      const padding = [between(0, 3), between(0, 3)];
      const input = padding.map((p, d) => Math.max(between(2, 37), kernel[d] - 2 * p));
      const output = input.map((n, d) => Math.floor((n + 2 * padding[d] - kernel[d]) / stride[d]) + 1);
      const c = { kernel, stride, padding, dilation: [1, 1], groups, input, output };
      const shapes = [
        [samples, channels * groups, ...input],
        [rows * groups, channels, ...kernel],
        [samples, rows * groups, ...output],
      ];
      const [x, weight, g] = shapes.map((shape) => spaced("float32", shape));
      for (const [product, left, right, k] of [
        ["convolve", x, weight, 2],
        ["convolveInput", g, weight, 0],
        ["convolveWeight", x, g, 1],
      ] as const) {
        const [actual, expected] = (["float32", "float64"] as const).map((dtype) => {
          const result = allocate(cpu, dtype, shapes[k]);
          expect(backend[product]?.(converted(left, dtype), converted(right, dtype), result, c)).toBe(true);
          return result;
        });
        expect(worst(actual, expected), `${product} ${JSON.stringify(c)} ${shapes}`).toBeLessThan(3e-6);
        const again = allocate(cpu, "float32", shapes[k]);
        expect(backend[product]?.(left, right, again, c)).toBe(true);
        expect(hostData(again)).toEqual(hostData(actual));
      }
    }
  });
});

import { conv2d, cpu, empty, Generator, gradcheck, gradgradcheck, randint, randn } from "@gradtape/core";
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
      step();
      const first = own.memoryReport();
      expect(first.free - start.free).toBeLessThan(8 * MEBIBYTE);
      for (let i = 0; i < 5; i++) step();
      expect(own.memoryReport()).toEqual(first);
    } finally {
      cpu.setBackend(backend);
    }
  });
});

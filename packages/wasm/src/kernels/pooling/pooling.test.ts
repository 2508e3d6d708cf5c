import { cpu, type DType, hostStorage, type Pooling, type Shape, type View, type Window } from "@gradtape/core";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { elementsOf, type Layout, layouts, viewOf } from "../../../test/layout.ts";
import { createWasmBackend } from "../../index.ts";

const backends = { one: createWasmBackend(), two: createWasmBackend() };
afterAll(() => void backends.two.setThreads(1));

const upTo = (least: number, most: number): fc.Arbitrary<number> => fc.integer({ min: least, max: most });
const product = (sizes: Shape): number => sizes.reduce((total, size) => total * size, 1);

interface Draw {
  readonly window: Window;
  readonly lead: Shape;
  readonly layout: Layout[];
  readonly dtype: "float32" | "float64";
  readonly seed: number;
}

/** Windows of one to three dimensions, with every option, over any layout. Some see nothing in some positions. */
const draws: fc.Arbitrary<Draw> = upTo(1, 3).chain((n) => {
  const each = (least: number, most: number): fc.Arbitrary<number[]> => fc.array(upTo(least, most), { minLength: n, maxLength: n });
  return fc
    .record({
      kernel: each(1, 4),
      stride: each(1, 4),
      padding: each(0, 2),
      dilation: each(1, 3),
      room: each(0, [0, 60, 20, 7][n]),
      ceil: fc.boolean(),
    })
    .chain(({ kernel, stride, padding, dilation, room, ceil }) => {
      const input = kernel.map((k, d) => Math.max(1, (k - 1) * dilation[d] + 1 - 2 * padding[d]) + room[d]);
      const output = input.map((size, d) => {
        const space = size + 2 * padding[d] - (kernel[d] - 1) * dilation[d] - 1;
        return (ceil ? Math.ceil(space / stride[d]) : Math.floor(space / stride[d])) + 1;
      });
      return fc.array(upTo(1, 4), { maxLength: 2 }).chain((lead) =>
        fc.record({
          window: fc.constant({ kernel, stride, padding, dilation, input, output }),
          lead: fc.constant(lead),
          layout: fc.array(layouts(lead.length + n), { minLength: 2, maxLength: 2 }),
          dtype: fc.constantFrom("float32" as const, "float64" as const),
          seed: fc.nat(99),
        }),
      );
    });
});

/** Whole numbers, many of them alike, NaN and infinities. */
const special = (seed: number) => (index: number) => {
  const hash = Math.imul(index + 1, 2654435761 + 2 * seed) >>> 7;
  return hash % 31 < 3 ? [NaN, Infinity, -Infinity][hash % 31] : (hash % 9) - 4;
};
const whole = (seed: number) => (index: number) => (Math.imul(index + 1, 2654435761 + 2 * seed) >>> 7) % 64;

/** Every index of a shape. */
const indices = (shape: Shape): number[][] =>
  shape.reduce<number[][]>((all, size) => all.flatMap((index) => Array.from({ length: size }, (_, i) => [...index, i])), [[]]);

/** For every position of a window the numbers of the elements that it sees, in their order. */
function seen({ kernel, stride, padding, dilation, input, output }: Window): number[][] {
  const taps = indices(kernel);
  return indices(output).map((position) =>
    taps.flatMap((tap) => {
      const at = position.map((p, d) => p * stride[d] - padding[d] + tap[d] * dilation[d]);
      return at.every((i, d) => i >= 0 && i < input[d]) ? [at.reduce((number, i, d) => number * input[d] + i, 0)] : [];
    }),
  );
}

/** The number of the first maximum; of several NaN the last. */
function found(plane: readonly number[], numbers: readonly number[]): number {
  let [best, at] = [-Infinity, numbers[0]];
  for (const number of numbers) if (plane[number] > best || Number.isNaN(plane[number])) [best, at] = [plane[number], number];
  return at;
}

const planes = (values: readonly number[], size: number): number[][] =>
  Array.from({ length: values.length / size }, (_, p) => values.slice(p * size, (p + 1) * size));

/** A dense view between elements that must stay as they are. */
function guarded(dtype: DType, shape: Shape): { readonly view: View; readonly intact: () => boolean } {
  const [size, guard] = [product(shape), 16];
  const data = new { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array }[dtype](size + 2 * guard).fill(77);
  const strides = shape.map((_, d) => product(shape.slice(d + 1)));
  const view = { storage: hostStorage(cpu, dtype, data), dtype, shape, strides, offset: guard };
  return { view, intact: () => data.every((value, i) => value === 77 || (i >= guard && i < guard + size)) };
}

const check = (holds: (draw: Draw) => void): void => fc.assert(fc.property(draws, holds), { seed: 20261126, numRuns: 300 });

describe("pooling, any window and layout, against its definition", () => {
  const shapes = ({ lead, window }: Draw) => ({ image: [...lead, ...window.input], result: [...lead, ...window.output] });

  test("numbers of maxima, and sums", () => {
    check((draw) => {
      const { window, layout, dtype, seed } = draw;
      const { image, result } = shapes(draw);
      const sees = seen(window);
      const x = viewOf(backends.one, dtype, image, layout[0], special(seed));
      const numbers = guarded("int32", result);
      const did = backends.one.pool?.("argmax", x, numbers.view, window);
      expect(did).toBe(sees.every((list) => list.length > 0));
      if (did)
        expect(elementsOf(numbers.view)).toEqual(
          planes(elementsOf(x), product(window.input)).flatMap((plane) => sees.map((list) => found(plane, list))),
        );
      const addends = viewOf(backends.one, dtype, image, layout[1], whole(seed));
      const sums = guarded(dtype, result);
      expect(backends.one.pool?.("sum", addends, sums.view, window)).toBe(true);
      expect(elementsOf(sums.view)).toEqual(
        planes(elementsOf(addends), product(window.input)).flatMap((plane) =>
          sees.map((list) => list.reduce((sum, number) => sum + plane[number], 0)),
        ),
      );
      expect([numbers.intact(), sums.intact()]).toEqual([true, true]);
    });
  });

  test("their adjoints; a number from elsewhere writes nowhere", () => {
    check((draw) => {
      const { window, layout, dtype, seed } = draw;
      const { image, result } = shapes(draw);
      const size = product(window.input);
      const g = viewOf(backends.one, dtype, result, layout[0], whole(seed));
      const gradients = planes(elementsOf(g), product(window.output));
      const spread = guarded(dtype, image);
      expect(backends.one.unpool?.("sum", g, undefined, spread.view, window)).toBe(true);
      const sees = seen(window);
      const expected = gradients.map((plane) => {
        const sums = new Array<number>(size).fill(0);
        for (const [p, list] of sees.entries()) for (const number of list) sums[number] += plane[p];
        return sums;
      });
      expect(elementsOf(spread.view)).toEqual(expected.flat());
      const foreign = [-1, size, -(2 ** 31), 2 ** 31 - 1, size + 7];
      const numbers = viewOf(backends.one, "int32", result, layout[1], (i) => {
        const hash = whole(seed + 1)(i);
        return hash < foreign.length ? foreign[hash] : hash % size;
      });
      const chosen = planes(elementsOf(numbers), product(window.output));
      const scattered = guarded(dtype, image);
      expect(backends.one.unpool?.("argmax", g, numbers, scattered.view, window)).toBe(true);
      const given = gradients.map((plane, k) => {
        const sums = new Array<number>(size).fill(0);
        for (const [p, number] of chosen[k].entries()) if (number >= 0 && number < size) sums[number] += plane[p];
        return sums;
      });
      expect(elementsOf(scattered.view)).toEqual(given.flat());
      expect([spread.intact(), scattered.intact()]).toEqual([true, true]);
    });
  });
});

test("nothing at all, and dtypes without a kernel", () => {
  const window: Window = { kernel: [2], stride: [2], padding: [0], dilation: [1], input: [4], output: [2] };
  const dense = (dtype: DType, shape: Shape): View => guarded(dtype, shape).view;
  const backend = createWasmBackend();
  expect(backend.pool?.("sum", dense("float32", [0, 4]), dense("float32", [0, 2]), window)).toBe(true);
  expect(backend.unpool?.("argmax", dense("float64", [0, 2]), dense("int32", [0, 2]), dense("float64", [0, 4]), window)).toBe(true);
  const pools: [Pooling, DType, DType][] = [
    ["argmax", "int32", "int32"],
    ["argmax", "float32", "float32"],
    ["sum", "float32", "float64"],
  ];
  for (const [pooling, from, to] of pools) expect(backend.pool?.(pooling, dense(from, [3, 4]), dense(to, [3, 2]), window)).toBe(false);
  expect(backend.unpool?.("argmax", dense("float32", [3, 2]), dense("float32", [3, 2]), dense("float32", [3, 4]), window)).toBe(false);
  expect(backend.pool?.("sum", dense("float32", [3, 0]), dense("float32", [3, 2]), { ...window, input: [0] })).toBe(false);
  expect(backend.backendReport()).toMatchObject({
    pool: { wasm: 1, reference: 4, reasons: { "int32; composed of other kernels": 1, "nothing to pool; composed of other kernels": 1 } },
    unpool: { wasm: 1, reference: 1, reasons: { "numbers of float32; composed of other kernels": 1 } },
  });
});

test("on two threads the same bits", async () => {
  expect(await backends.two.setThreads(2, { backOff: false })).toBe(2);
  const window: Window = { kernel: [3, 3], stride: [2, 1], padding: [1, 1], dilation: [1, 1], input: [37, 41], output: [19, 41] };
  const random = (index: number): number => Math.fround(Math.sin(index * 12.9898) * 43758.5453) % 1;
  const results = Object.values(backends).map((backend) => {
    const layout = (rank: number): Layout => ({
      order: [...Array(rank).keys()],
      reversed: Array(rank).fill(false),
      offset: 0,
      step: 1,
      resident: true,
    });
    const lay = (dtype: DType, shape: Shape, value?: (index: number) => number): View => viewOf(backend, dtype, shape, layout(shape.length), value);
    const x = lay("float32", [9, 31, 37, 41], random);
    const g = lay("float32", [9, 31, 19, 41], random);
    const [numbers, sums, spread, scattered] = [lay("int32", g.shape), lay("float32", g.shape), lay("float32", x.shape), lay("float32", x.shape)];
    backend.pool?.("argmax", x, numbers, window);
    backend.pool?.("sum", x, sums, window);
    backend.unpool?.("sum", g, undefined, spread, window);
    backend.unpool?.("argmax", g, numbers, scattered, window);
    return [numbers, sums, spread, scattered].map(elementsOf);
  });
  expect(results[1]).toEqual(results[0]);
  expect(backends.two.threadReport().jobs).toBe(4);
});

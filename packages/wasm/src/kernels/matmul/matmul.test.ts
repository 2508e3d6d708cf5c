import { type DType, Generator, hostData, reference, type View } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import { createWasmBackend, type WasmBackend } from "../../backend.ts";

const random = new Generator(11);
const upTo = (n: number): number => random.integer(n + 1);
const pick = <T>(list: readonly T[]): T => list[upTo(list.length - 1)];

/** A view of random numbers whose dimensions lie in a random order, with gaps and an offset; some of them may be repeated. */
function anyView(backend: WasmBackend, dtype: DType, shape: readonly number[], repeatable: readonly boolean[]): View {
  const strides = new Array<number>(shape.length).fill(0);
  const offset = upTo(5);
  let step = pick([1, 1, 1, 2]);
  const order = shape.map((_, d) => d);
  const turned = pick(["rows", "columns", "any"] as const);
  if (turned === "columns" && order.length > 1) order.push(...order.splice(order.length - 2, 1));
  if (turned === "any") order.sort(() => random.random() - 0.5);
  for (const d of order.reverse()) {
    if (repeatable[d] && upTo(3) === 0) continue;
    strides[d] = step;
    step *= shape[d] + pick([0, 0, 3]);
  }
  const length = offset + 1 + shape.reduce((reach, n, d) => reach + Math.max(0, n - 1) * strides[d], 0);
  const storage = backend.allocate(dtype, length, pick(["value", "variable"]));
  const view = { storage, dtype, shape: [length], strides: [1], offset: 0 };
  reference.write(
    Array.from({ length }, () => random.random() - 0.5),
    view,
  );
  return { storage, dtype, shape, strides, offset };
}

/** Where the elements of a view lie in its storage. */
const places = ({ shape, strides, offset }: View): number[] =>
  shape.reduce((all, n, d) => all.flatMap((at) => Array.from({ length: n }, (_, i) => at + i * strides[d])), [offset]);

/** The largest difference from the reference's product, in units of the rounding that k additions may make; what is beside the output must not change. */
function worst(backend: WasmBackend, a: View, b: View, output: View, start?: View, gate?: View): number {
  const before = hostData(output).slice();
  backend.matmul(a, b, output, start, gate);
  const actual = hostData(output).slice();
  hostData(output).set(before);
  reference.matmul(a, b, output, start, gate);
  const expected = hostData(output);
  const written = places(output);
  for (const at of written) before[at] = actual[at];
  expect(before.findIndex((value, at) => !Object.is(value, actual[at]))).toBe(-1);
  const additions = a.shape[a.shape.length - 1] + (start === undefined ? 0 : 1);
  const unit = (output.dtype === "float32" ? 2 ** -24 : 2 ** -53) * Math.max(1, additions);
  return written.reduce((most, at) => Math.max(most, Math.abs(expected[at] - actual[at]) / unit), 0);
}

const primes = [1, 2, 3, 5, 7, 11, 13, 17, 31, 37, 61, 67];

describe.each([true, false])("matrix products, fused if %s and possible", (asked) => {
  const backend = createWasmBackend(asked ? {} : { fused: false });

  test.each(["float32", "float64"] as const)("of %s agree with the reference for sizes, strides and offsets of all kinds", (dtype) => {
    for (let round = 0; round < 250; round++) {
      const size = pick([() => upTo(70), () => pick(primes), () => pick([16, 32, 64])]);
      const batch = pick([[], [], [upTo(3)], [2, 3], [3, 1, 2]]);
      const [m, n, k] = [size(), size(), size()];
      const repeatable = [...batch.map(() => true), false, false];
      const a = anyView(backend, dtype, [...batch, m, k], repeatable);
      const b = anyView(backend, dtype, [...batch, k, n], repeatable);
      const output = anyView(
        backend,
        dtype,
        [...batch, m, n],
        repeatable.map(() => false),
      );
      const spread = [...repeatable.slice(2), true, true];
      const start = pick([() => undefined, () => output, () => anyView(backend, dtype, [...batch, m, n], spread)])();
      const alike = { ...output, storage: anyView(backend, dtype, [output.storage.length], [false]).storage };
      const gate = pick([() => undefined, () => undefined, () => output, () => alike, () => anyView(backend, dtype, [...batch, m, n], repeatable)])();
      expect(worst(backend, a, b, output, start, gate), JSON.stringify({ a, b, output, start, gate }, ["shape", "strides", "offset"])).toBeLessThan(
        1,
      );
    }
  });

  test.each([
    [90, 530, 270],
    [70, 1030, 300],
    [1, 700, 600],
    [5, 9, 1000],
  ])("of several blocks agree with the reference, %d x %d over %d", (m, n, k) => {
    for (const dtype of ["float32", "float64"] as const)
      for (let round = 0; round < 2; round++) {
        const [a, b, output] = [
          [m, k],
          [k, n],
          [m, n],
        ].map((shape) => anyView(backend, dtype, shape, [false, false]));
        const start = anyView(backend, dtype, [m, n], [true, true]);
        for (const first of [undefined, start, output]) expect(worst(backend, a, b, output, first)).toBeLessThan(1);
      }
  });

  test("of many small matrices, and of a broadcast side, agree with the reference", () => {
    for (const [batch, m, n, k] of [
      [96, 8, 8, 8],
      [40, 17, 5, 33],
      [64, 1, 20, 30],
      [64, 20, 1, 30],
    ])
      for (const side of ["neither", "left", "right"] as const) {
        const dense = (shape: readonly number[], repeated: boolean): View => {
          const view = anyView(backend, "float32", [repeated ? 1 : shape[0], shape[1], shape[2]], [false, false, false]);
          return { ...view, shape, strides: repeated ? [0, ...view.strides.slice(1)] : view.strides };
        };
        const a = dense([batch, m, k], side === "left");
        const b = dense([batch, k, n], side === "right");
        const [output, start] = [dense([batch, m, n], false), dense([batch, m, n], side === "right")];
        for (const first of [undefined, start, output]) expect(worst(backend, a, b, output, first)).toBeLessThan(1);
      }
  });
});

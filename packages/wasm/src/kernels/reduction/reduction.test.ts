import { type Reduction, reference, restride, type Shape } from "@gradtape/core";
import { afterAll, describe, expect, test } from "vitest";
import { elementsOf, type Layout, viewOf } from "../../../test/layout.ts";
import { createWasmBackend } from "../../index.ts";

const backends = [createWasmBackend(), createWasmBackend()];
afterAll(() => void backends[1].setThreads(1));

const layout = (rank: number): Layout => ({
  order: Array.from({ length: rank }, (_, d) => d),
  reversed: new Array<boolean>(rank).fill(false),
  offset: 0,
  step: 1,
  resident: true,
});

/** Numbers of all signs, and where NaN is wanted one in some columns. */
const values = (special: boolean) => (index: number) => {
  const hash = Math.imul(index + 1, 2654435761) >>> 7;
  if (special && hash % 50_021 === 0) return NaN;
  return ((hash % 4001) - 2000) / 64;
};

describe("columns that reach far, folded a block at a time", () => {
  const shapes: readonly Shape[] = [
    [701, 517],
    [2301, 517],
    [2, 333, 1030],
    [17, 20_003],
  ];
  test.each(["float32", "float64", "int32"] as const)("%s, on one thread and on two", async (dtype) => {
    expect(await backends[1].setThreads(2, { backOff: false })).toBe(2);
    for (const shape of shapes)
      for (const fold of ["sum", "max", "min", "argmax"] as const satisfies readonly Reduction[]) {
        const axis = shape.length - 2;
        const left = shape.map((n, d) => (d === axis ? 1 : n));
        const result = fold === "argmax" ? "int32" : dtype;
        const results = backends.map((backend) => {
          const x = viewOf(backend, dtype, shape, layout(shape.length), values(fold !== "sum" && dtype !== "int32"));
          const reversed = restride(
            x,
            shape,
            x.strides.map((stride, d) => (d === axis ? -stride : stride)),
            x.offset + (shape[axis] - 1) * x.strides[axis],
          );
          return [x, reversed].map((input) => {
            const output = viewOf(backend, result, left, layout(shape.length));
            backend.reduce(fold, input, [axis], output);
            return { input, output };
          });
        });
        const [[{ input, output }, turned], others] = results;
        const wanted = [input, turned.input].map((view) => {
          const expected = viewOf(backends[0], result, left, layout(shape.length));
          reference.reduce(fold, view, [axis], expected);
          return elementsOf(expected);
        });
        expect([output, turned.output].map(elementsOf)).toEqual(wanted);
        expect(others.map((other) => elementsOf(other.output))).toEqual(wanted);
      }
  });
});

test("dense views in the memory and outside, and views that are not dense, agree", () => {
  for (const shape of [[1, 10], [32, 10], [5, 1, 7], [3, 4, 5, 2], [130], [], [9, 70]] as const satisfies readonly Shape[])
    for (let bits = 0; bits < 2 ** shape.length; bits++) {
      const axes = shape.flatMap((_, d) => ((bits >> d) & 1 ? [d] : []));
      const left = shape.map((n, d) => (axes.includes(d) ? 1 : n));
      for (const fold of ["sum", "prod", "max", "argmin"] as const satisfies readonly Reduction[]) {
        if (fold === "argmin" && axes.length !== 1) continue;
        const [dtype, wide] = fold === "argmin" ? (["int32", "int32"] as const) : (["float32", "float64"] as const);
        for (const kind of [dtype, wide])
          for (const [resident, step] of [
            [true, 1],
            [false, 1],
            [false, 2],
          ] as const) {
            const input = viewOf(backends[0], "float32", shape, { ...layout(shape.length), offset: 3, resident, step }, (i) => (i % 7) / 4 - 1);
            const [actual, expected] = [0, 1].map(() => viewOf(backends[0], kind, left, { ...layout(shape.length), offset: 2, resident, step }));
            backends[0].reduce(fold, input, axes, actual);
            reference.reduce(fold, input, axes, expected);
            expect(elementsOf(actual), `${fold} of [${shape}] over [${axes}] into ${kind}`).toEqual(elementsOf(expected));
          }
      }
    }
});

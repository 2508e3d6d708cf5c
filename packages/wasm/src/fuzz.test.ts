import { copyKernel, type DType, kernel, type Reduction, reference, restride, type Scan, type Shape, type View } from "@gradtape/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { elementsOf, type Layout, layouts, viewOf } from "../test/layout.ts";
import { createWasmBackend } from "./index.ts";

const wasm = createWasmBackend();
const dtypes = ["float32", "float64", "int32", "bool"] as const satisfies readonly DType[];
const numbers = ["float32", "float64", "int32"] as const satisfies readonly DType[];

/** Odd shapes: every size to 70, nothing, primes, and more dimensions of smaller sizes. */
const shapes: fc.Arbitrary<readonly number[]> = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 70 })),
  fc.tuple(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 70 })),
  fc.tuple(fc.integer({ min: 1, max: 11 }), fc.integer({ min: 1, max: 19 }), fc.integer({ min: 1, max: 13 })),
  fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 17 })),
  fc.constantFrom([0], [3, 0], [1031], [257, 3], [2, 509]),
);

/** A shape with so many layouts of it. */
const laid = (views: number): fc.Arbitrary<{ shape: Shape; layout: Layout[] }> =>
  shapes.chain((shape) => fc.array(layouts(shape.length), { minLength: views, maxLength: views }).map((layout) => ({ shape, layout })));

/** Numbers of a dtype, ordinary and special, by index. */
const valuesOf = (dtype: DType, seed: number): ((index: number) => number) => {
  const special = [0, -0, NaN, Infinity, -Infinity];
  return (index) => {
    const hash = Math.imul(index + 1, 2654435761 + 2 * seed) >>> 7;
    if (dtype === "bool") return hash & 1;
    if (dtype === "int32") return (hash % 41) - 20;
    return hash % 97 < special.length ? special[hash % 97] : ((hash % 4001) - 2000) / 64;
  };
};
/** The same without NaN and infinities. */
const finiteOf = (dtype: DType, seed: number): ((index: number) => number) => {
  const value = valuesOf(dtype, seed);
  return (index) => (Number.isFinite(value(index)) ? value(index) : 1);
};

const near = (actual: readonly number[], expected: readonly number[], tolerance: number): void => {
  expect(actual.length).toBe(expected.length);
  const index = actual.findIndex((value, i) => {
    const other = expected[i];
    return !(Object.is(value, other) || value === other || Math.abs(value - other) <= tolerance * Math.max(1, Math.abs(other)));
  });
  expect(index, `element ${index} is ${actual[index]}, should be ${expected[index]}`).toBe(-1);
};

/** Runs a property often, always the same cases. */
const check = <T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => void, numRuns = 250): void =>
  fc.assert(
    fc.property(arbitrary, (value) => void holds(value)),
    { seed: 20261125, numRuns },
  );

/** Two outputs of one kind, for the backend and the reference. */
const twice = (dtype: DType, shape: Shape, layout: Layout, value?: (index: number) => number): [View, View] => [
  viewOf(wasm, dtype, shape, layout, value),
  viewOf(wasm, dtype, shape, layout, value),
];

describe("any size, layout and offset, against the reference", () => {
  test("copies", () => {
    check(fc.record({ views: laid(2), from: fc.constantFrom(...dtypes), to: fc.constantFrom(...dtypes), seed: fc.nat(99) }), (c) => {
      const { shape, layout } = c.views;
      // Conversion to truth is a comparison, not a copy.
      if (c.to === "bool" && c.from !== "bool") return;
      const input = viewOf(wasm, c.from, shape, layout[0], c.from === c.to ? valuesOf(c.from, c.seed) : finiteOf(c.from, c.seed));
      const [actual, expected] = twice(c.to, shape, layout[1]);
      wasm.map(copyKernel, [input], [], [actual]);
      reference.map(copyKernel, [input], [], [expected]);
      near(elementsOf(actual), elementsOf(expected), 0);
    });
  });

  test("formulas over stretched operands, and in place", () => {
    const formula = kernel("y = a * b - s * c\nz = a > c ? a : b", ["s"]);
    check(
      fc.record({ views: laid(4), dtype: fc.constantFrom("float32" as const, "float64" as const), stretched: fc.nat(3), inPlace: fc.boolean() }),
      (c) => {
        const { shape, layout } = c.views;
        const [a, b, whole] = [0, 1, 2].map((k) => viewOf(wasm, c.dtype, shape, layout[k], finiteOf(c.dtype, k)));
        const stretch = whole.strides.map((stride, d) => (d === c.stretched ? 0 : stride));
        const third = restride(whole, shape, stretch);
        const [y, yExpected] = twice(c.dtype, shape, layout[3]);
        const [z, zExpected] = c.inPlace ? twice(c.dtype, shape, layout[0], finiteOf(c.dtype, 0)) : twice(c.dtype, shape, layout[3]);
        wasm.map(formula, [c.inPlace ? z : a, b, third], [0.5], [y, z]);
        reference.map(formula, [c.inPlace ? zExpected : a, b, third], [0.5], [yExpected, zExpected]);
        const tolerance = c.dtype === "float32" ? 1e-5 : 1e-13;
        near(elementsOf(y), elementsOf(yExpected), tolerance);
        near(elementsOf(z), elementsOf(zExpected), tolerance);
      },
    );
  });

  test("reductions", () => {
    const folds = ["sum", "prod", "max", "min", "argmax", "argmin"] as const satisfies readonly Reduction[];
    check(
      fc.record({ views: laid(2), dtype: fc.constantFrom(...numbers), fold: fc.constantFrom(...folds), axes: fc.nat(15), seed: fc.nat(99) }),
      (c) => {
        const { shape, layout } = c.views;
        const search = c.fold === "argmax" || c.fold === "argmin";
        const all = shape.map((_, d) => d);
        const axes = search ? [c.axes % shape.length] : all.filter((d) => (c.axes >> d) & 1);
        if (search && shape.includes(0)) return;
        const values =
          c.fold === "prod"
            ? (index: number) => (index % 5 === 0 ? -1.0625 : 1)
            : c.fold === "sum"
              ? finiteOf(c.dtype, c.seed)
              : valuesOf(c.dtype, c.seed);
        const input = viewOf(wasm, c.dtype, shape, layout[0], values);
        const left = shape.map((n, d) => (axes.includes(d) ? 1 : n));
        const [actual, expected] = twice(search ? "int32" : c.dtype, left, layout[1]);
        wasm.reduce(c.fold, input, axes, actual);
        reference.reduce(c.fold, input, axes, expected);
        near(elementsOf(actual), elementsOf(expected), c.dtype === "float32" ? 1e-6 : 1e-12);
      },
    );
  });

  test("gather and scatter-add", () => {
    check(
      fc.record({ views: laid(3), dtype: fc.constantFrom(...numbers), axis: fc.nat(3), entries: fc.integer({ min: 1, max: 70 }), row: fc.boolean() }),
      (c) => {
        const { shape, layout } = c.views;
        const axis = c.axis % shape.length;
        const tableShape = shape.map((n, d) => (d === axis ? c.entries : n));
        const written = viewOf(wasm, "int32", shape, layout[1], (index) => Math.imul(index + 3, 40503) % c.entries);
        const index = c.row
          ? restride(
              written,
              shape,
              written.strides.map((stride, d) => (d === axis ? stride : 0)),
            )
          : written;
        const table = twice(c.dtype, tableShape, layout[0], finiteOf(c.dtype, 1));
        const [actual, expected] = twice(c.dtype, shape, layout[2]);
        wasm.gather(table[0], axis, index, actual);
        reference.gather(table[0], axis, index, expected);
        near(elementsOf(actual), elementsOf(expected), 0);
        const source = viewOf(wasm, c.dtype, shape, layout[2], finiteOf(c.dtype, 2));
        wasm.scatterAdd(table[0], axis, index, source);
        reference.scatterAdd(table[1], axis, index, source);
        near(elementsOf(table[0]), elementsOf(table[1]), c.dtype === "float32" ? 1e-4 : 1e-12);
      },
    );
  });

  test("scans", () => {
    const scans = ["affine", "argmax", "argmin"] as const satisfies readonly Scan[];
    check(
      fc.record({
        views: laid(3),
        dtype: fc.constantFrom(...numbers),
        scan: fc.constantFrom(...scans),
        axis: fc.nat(3),
        sums: fc.boolean(),
        seed: fc.nat(99),
      }),
      (c) => {
        const { shape, layout } = c.views;
        const affine = c.scan === "affine";
        const input = viewOf(wasm, c.dtype, shape, layout[0], affine ? finiteOf(c.dtype, c.seed) : valuesOf(c.dtype, c.seed));
        const factor = viewOf(wasm, c.dtype, shape, layout[1], (index) => (index % 3) - 1);
        const one = restride(
          viewOf(wasm, c.dtype, [1], { order: [0], reversed: [false], offset: 2, step: 1, resident: true }, () => 1),
          shape,
          shape.map(() => 0),
        );
        const [actual, expected] = twice(affine ? c.dtype : "int32", shape, layout[2]);
        const inputs = affine ? [c.sums ? one : factor, input] : [input];
        wasm.scan(c.scan, inputs, c.axis % shape.length, actual);
        reference.scan(c.scan, inputs, c.axis % shape.length, expected);
        near(elementsOf(actual), elementsOf(expected), 0);
      },
    );
  });

  test("sorting", () => {
    check(fc.record({ views: laid(2), dtype: fc.constantFrom(...dtypes), axis: fc.nat(3), descending: fc.boolean(), seed: fc.nat(99) }), (c) => {
      const { shape, layout } = c.views;
      const input = viewOf(wasm, c.dtype, shape, layout[0], valuesOf(c.dtype, c.seed));
      const [actual, expected] = twice("int32", shape, layout[1]);
      const order = c.descending ? "descending" : "ascending";
      wasm.argsort(input, c.axis % shape.length, order, actual);
      reference.argsort(input, c.axis % shape.length, order, expected);
      near(elementsOf(actual), elementsOf(expected), 0);
    });
  });
});

import { type Backend, empty, Generator, randint, randn, type Tensor } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import { expectSame, on } from "./comparison.ts";

/** Gather and scatter-add along every axis, contiguous and transposed, with repeated indices; an index out of range is refused. */
export function indexingConformance(backend: Backend): void {
  const cases = [
    { table: [9], index: [4], axis: 0 },
    { table: [9], index: [0], axis: 0 },
    { table: [33, 10], index: [33, 1], axis: 1 },
    { table: [50, 17], index: [23, 17], axis: 0 },
    { table: [4, 5, 6], index: [4, 3, 6], axis: 1 },
    { table: [4, 5, 6], index: [2, 5, 9], axis: 2 },
  ];
  describe("gather and scatterAdd", () => {
    test.each(cases.flatMap((each) => (["float32", "float64", "int32"] as const).map((dtype) => ({ ...each, dtype }))))(
      "$dtype $table at $index along $axis",
      ({ table, index, axis, dtype }) => {
        for (const across of [false, true]) {
          const lay = (shape: readonly number[], make: (shape: readonly number[]) => Tensor): Tensor =>
            across ? make([...shape].reverse()).permute(shape.map((_, d) => shape.length - 1 - d)) : make(shape);
          const operands = (): { x: Tensor; at: Tensor; source: Tensor } => {
            const generator = new Generator(8);
            const values = (shape: readonly number[]): Tensor => randn(shape, { generator }).mul(10).to(dtype);
            return { x: lay(table, values), at: lay(index, (shape) => randint(0, table[axis], shape, { generator })), source: lay(index, values) };
          };
          const gather = (on: Backend): Tensor => {
            const { x, at } = operands();
            const output = empty(index, { dtype });
            on.gather(x, axis, at, output);
            return output;
          };
          const scatter = (on: Backend): Tensor => {
            const { x, at, source } = operands();
            const output = x.clone();
            on.scatterAdd(output, axis, at, source);
            return output;
          };
          expectSame("gather", backend, gather, { ulps: 0 });
          expectSame("scatterAdd", backend, scatter, { ulps: 8, scale: 10 });
        }
      },
    );

    test("an index that names nothing is an error", () => {
      for (const wrong of [-1, 5, 2 ** 30])
        on(backend, () => {
          const at = randint(0, 1, [3]).add(wrong);
          expect(() => randn([5]).gather(0, at)).toThrow(`gather: index ${wrong} is out of range for dimension 0 of [5]; use 0 to 4`);
          expect(() => randn([5]).scatterAdd(0, at, randn([3]))).toThrow(`scatterAdd: index ${wrong} is out of range`);
        });
    });
  });
}

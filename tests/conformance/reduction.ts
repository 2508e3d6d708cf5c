import { type Backend, type DType, empty, Generator, type Reduction, randint, randn, type Tensor } from "@gradtape/core";
import { describe, test } from "vitest";
import { expectSame } from "./comparison.ts";

const shapes: readonly (readonly number[])[] = [
  [1],
  [2],
  [7],
  [64],
  [1037],
  [5, 1],
  [1, 9],
  [33, 70],
  [128, 3],
  [4, 5, 6],
  [2, 37, 3],
  [3, 2, 5, 4],
  [0],
  [3, 0],
  [0, 4],
];

function subsets(rank: number): number[][] {
  return Array.from({ length: 2 ** rank - 1 }, (_, bits) => Array.from({ length: rank }, (_, d) => d).filter((d) => ((bits + 1) >> d) & 1));
}

function operand(dtype: DType, shape: readonly number[], turn: number): Tensor {
  const generator = new Generator(11 + turn);
  const order = shape.map((_, d) => (d + turn) % shape.length);
  const made = order.map((d) => shape[d]);
  const values =
    dtype === "float32" || dtype === "float64"
      ? randn(made, { dtype, generator })
      : randint(dtype === "bool" ? 0 : -9, dtype === "bool" ? 2 : 10, made, { generator }).to(dtype);
  const back = order.map((_, d) => order.indexOf(d));
  const x = values.permute(back);
  return turn === 2 && shape.length > 0 ? x.flip(0) : x;
}

/** Every reduction over every set of axes, of every dtype, contiguous, permuted and flipped; NaN and infinities; nothing at all. */
export function reductionConformance(backend: Backend): void {
  describe("reduce", () => {
    const reductions: readonly Reduction[] = ["sum", "prod", "max", "min", "argmax", "argmin"];
    test.each(reductions.flatMap((reduction) => (["float32", "float64", "int32", "bool"] as const).map((dtype) => ({ reduction, dtype }))))(
      "$reduction of $dtype",
      ({ reduction, dtype }) => {
        const search = reduction === "argmax" || reduction === "argmin";
        const result: DType = search ? "int32" : dtype === "bool" ? "int32" : dtype;
        for (const shape of shapes)
          for (const axes of subsets(shape.length)) {
            if (search && axes.length !== 1) continue;
            const nothing = axes.some((d) => shape[d] === 0);
            if (nothing && (search || (reduction !== "sum" && reduction !== "prod"))) continue;
            if (reduction === "prod" && dtype === "int32" && axes.reduce((n, d) => n * shape[d], 1) > 12) continue;
            const count = axes.reduce((n, d) => n * shape[d], 1);
            for (const turn of [0, 1, 2]) {
              const compute = (on: Backend): Tensor => {
                const output = empty(
                  shape.map((n, d) => (axes.includes(d) ? 1 : n)),
                  { dtype: result },
                );
                on.reduce(reduction, operand(dtype, shape, turn), axes, output);
                return output;
              };
              expectSame(`${reduction} ${dtype} [${shape}] over [${axes}], ${turn}`, backend, compute, {
                ulps: 16,
                scale: reduction === "sum" ? Math.sqrt(count) : 0,
              });
            }
          }
      },
    );

    test.each(reductions)("%s of NaN and infinities", (reduction) => {
      const search = reduction === "argmax" || reduction === "argmin";
      for (const special of [[NaN], [Infinity], [-Infinity], [Infinity, -Infinity], [NaN, Infinity], [-0, 0]])
        for (const dtype of ["float32", "float64"] as const)
          for (const axis of [0, 1]) {
            const compute = (on: Backend): Tensor => {
              const x = randn([9, 23], { dtype, generator: new Generator(2) });
              special.forEach((value, k) => {
                x.storage.data?.fill(value, 23 * 4 + 7 + 5 * k, 23 * 4 + 8 + 5 * k);
              });
              const output = empty(axis === 0 ? [1, 23] : [9, 1], { dtype: search ? "int32" : dtype });
              on.reduce(reduction, x, [axis], output);
              return output;
            };
            expectSame(`${reduction} ${dtype} with ${special} over ${axis}`, backend, compute, { ulps: 64, scale: 1 });
          }
    });

    test("a long float32 sum loses nothing", () => {
      const compute = (on: Backend): Tensor => {
        const x = randn([100_003], { generator: new Generator(4) }).add(1);
        const output = empty([1]);
        on.reduce("sum", x, [0], output);
        return output;
      };
      expectSame("sum of 100,003", backend, compute, { ulps: 1 });
    });
  });
}

import { type Backend, type DType, empty, Generator, randn, type Tensor } from "@gradtape/core";
import { describe, test } from "vitest";
import { expectSame } from "./comparison.ts";

/** How an operand lies: as it is, transposed, a window of something larger, or backwards. */
type Lie = "plain" | "transposed" | "window" | "flipped";

function matrix(generator: Generator, dtype: DType, batch: readonly number[], rows: number, columns: number, lie: Lie): Tensor {
  const make = (...shape: number[]): Tensor => randn([...batch, ...shape], { dtype, generator });
  if (lie === "transposed") return make(columns, rows).transpose(-2, -1);
  if (lie === "window")
    return make(rows + 3, columns + 5)
      .narrow(-2, 2, rows)
      .narrow(-1, 3, columns);
  return lie === "flipped" ? make(rows, columns).flip([batch.length, batch.length + 1]) : make(rows, columns);
}

const lies: readonly Lie[] = ["plain", "transposed", "window", "flipped"];

/** Products of every size from 0 to 70 in some order, primes, blocks and their edges, each operand lying in every way, batches. */
export function matmulConformance(backend: Backend): void {
  const check = (dtype: DType, batch: readonly number[], m: number, k: number, n: number, left: Lie, right: Lie): void => {
    const compute = (on: Backend): Tensor => {
      const generator = new Generator(m + 71 * k + 5041 * n);
      const output = empty([...batch, m, n], { dtype });
      on.matmul(matrix(generator, dtype, batch, m, k, left), matrix(generator, dtype, batch, k, n, right), output);
      return output;
    };
    // Partial sums of k products of normal numbers grow like √k, and so does the number of roundings that show: a random walk, allowed 4 deviations.
    expectSame(`${dtype} [${batch}] ${m}x${k} ${left} by ${k}x${n} ${right}`, backend, compute, { ulps: 8 + 3 * Math.sqrt(k), scale: Math.sqrt(k) });
  };

  describe("matmul", () => {
    test.each(["float32", "float64"] as const)("every size from 1 to 70 in every dimension, %s", (dtype) => {
      for (let size = 1; size <= 70; size++)
        for (const [m, k, n] of [
          [size, 13, 29],
          [17, size, 23],
          [31, 19, size],
          [size, (size * 37) % 71, (size * 23) % 71],
        ])
          check(dtype, [], m, k, n, lies[size % 4], lies[(size >> 2) % 4]);
    });

    test.each(["float32", "float64"] as const)("rows, columns, outer products and nothing, %s", (dtype) => {
      const sizes = [0, 1, 2, 3, 5, 8, 33, 70];
      for (const m of sizes)
        for (const k of sizes)
          for (const n of sizes) if (Math.min(m, k, n) <= 3) for (const lie of lies) check(dtype, [], m, k, n, lie, lies[(m + n) % 4]);
    });

    test.each(["float32", "float64"] as const)("several blocks and their edges, %s", (dtype) => {
      for (const [m, k, n] of [
        [97, 601, 131],
        [64, 512, 520],
        [5, 257, 1031],
        [131, 300, 7],
      ])
        for (const lie of lies) check(dtype, [], m, k, n, lie, lies[(lies.indexOf(lie) + 1) % 4]);
    });

    test.each(["float32", "float64"] as const)("batches, %s", (dtype) => {
      for (const batch of [[1], [3], [2, 3], [2, 1, 2]]) for (const lie of lies) check(dtype, batch, 9, 10, 11, lie, "plain");
    });

    test("a batch of one operand spread over the other's", () => {
      const compute = (on: Backend): Tensor => {
        const generator = new Generator(6);
        const output = empty([4, 5, 6]);
        on.matmul(randn([5, 7], { generator }).expand([4, 5, 7]), randn([4, 7, 6], { generator }), output);
        return output;
      };
      expectSame("spread", backend, compute, { ulps: 8, scale: 1 });
    });
  });
}

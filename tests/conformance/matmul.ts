import { type Backend, type DType, empty, Generator, hostData, randn, type Tensor } from "@gradtape/core";
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

/** What a product begins with: nothing, a row, a column or a number that is repeated, a matrix for all of a batch, numbers of its own, or what is in the output. */
const starts = ["nothing", "row", "column", "number", "matrix", "own", "output"] as const;
type Start = (typeof starts)[number];

function startOf(generator: Generator, start: Start, output: Tensor, lie: Lie): Tensor | undefined {
  const batch = output.shape.slice(0, -2);
  const [m, n] = output.shape.slice(-2);
  const make = (...shape: number[]): Tensor => randn(shape, { dtype: output.dtype, generator }).expand(output.shape);
  switch (start) {
    case "nothing":
      return undefined;
    case "row":
      return make(n);
    case "column":
      return make(m, 1);
    case "number":
      return make();
    case "matrix":
      return matrix(generator, output.dtype, [], m, n, lie).expand(output.shape);
    case "own":
      return matrix(generator, output.dtype, batch, m, n, lie);
    case "output":
      return output;
  }
}

/** What closes a product's gates: nothing, numbers that lie as the result does or in another way, or the result itself. */
const gates = ["nothing", "alike", "otherwise", "output"] as const;
type Gate = (typeof gates)[number];

function gateOf(generator: Generator, gate: Gate, output: Tensor, lie: Lie): Tensor | undefined {
  if (gate === "nothing") return undefined;
  if (gate === "output") return output;
  const [m, n] = output.shape.slice(-2);
  const made = matrix(generator, output.dtype, output.shape.slice(0, -2), m, n, gate === "alike" ? lie : lies[(lies.indexOf(lie) + 1) % 4]);
  // A gate that is NaN lets pass, as a ReLU does.
  if (made.size > 4)
    for (const value of [0, -0, Number.NaN]) hostData(made)[made.offset + Math.floor(generator.random() * 2) * made.strides[made.ndim - 1]] = value;
  return made;
}

/** Products of every size from 0 to 70 in some order, primes, blocks and their edges, each operand lying in every way, batches. */
export function matmulConformance(backend: Backend): void {
  const check = (
    dtype: DType,
    batch: readonly number[],
    m: number,
    k: number,
    n: number,
    left: Lie,
    right: Lie,
    start: Start = "nothing",
    result: Lie = "plain",
    gate: Gate = "nothing",
  ): void => {
    const compute = (on: Backend): Tensor => {
      const generator = new Generator(m + 71 * k + 5041 * n);
      const output = matrix(generator, dtype, batch, m, n, result);
      const [a, b] = [matrix(generator, dtype, batch, m, k, left), matrix(generator, dtype, batch, k, n, right)];
      on.matmul(a, b, output, startOf(generator, start, output, right), gateOf(generator, gate, output, result));
      return output;
    };
    // Partial sums of k products of normal numbers grow like √k, and so does the number of roundings that show: a random walk, allowed 4 deviations.
    const what = `${dtype} [${batch}] ${m}x${k} ${left} by ${k}x${n} ${right}, ${result}, beginning with ${start}, gated by ${gate}`;
    expectSame(what, backend, compute, { ulps: 8 + 3 * Math.sqrt(k), scale: Math.sqrt(Math.max(1, k)) });
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

    test.each(["float32", "float64"] as const)("few rows by long columns, %s", (dtype) => {
      let turn = 0;
      for (const m of [1, 2, 3, 4, 7, 31, 32, 33])
        for (const k of [127, 128, 131, 136, 159, 400])
          for (const n of [3, 4, 5, 6, 7, 8, 70]) {
            const [start, gate, result] = [starts[turn % starts.length], gates[(turn >> 1) % gates.length], lies[turn % lies.length]];
            check(dtype, [], m, k, n, turn % 3 === 0 ? "window" : "plain", "transposed", start, result, gate);
            check(dtype, [], n, k, m, "plain", "transposed", start, result, gate);
            if (turn++ % 5 === 0) check(dtype, [2, 2], m, k, n, "plain", "transposed", start, result, gate);
          }
      for (const start of starts)
        for (const [m, k, n] of [
          [16, 300, 61],
          [32, 129, 64],
          [48, 1700, 67],
        ]) {
          const [gate, result] = [gates[turn % gates.length], lies[(turn >> 1) % lies.length]];
          check(dtype, [], m, k, n, "plain", "transposed", start, result, gate);
          check(dtype, [], n, k, m, "plain", "transposed", start, result, gate);
          check(dtype, [2], n, k, m, turn++ % 2 === 0 ? "plain" : "window", "plain", start, result, gate);
        }
    });

    describe.each(starts.slice(1))("beginning with %s", (start) => {
      test.each(["float32", "float64"] as const)("of every size and lie, %s", (dtype) => {
        for (let size = 1; size <= 70; size++) {
          const [left, right, result] = [lies[size % 4], lies[(size >> 2) % 4], lies[(size >> 1) % 4]];
          check(dtype, [], size, (size * 37) % 71, (size * 23) % 71, left, right, start, result);
          check(dtype, [], (size * 23) % 71, 13, size, left, right, start, result);
        }
      });

      test.each(["float32", "float64"] as const)("of rows, columns, outer products and nothing, %s", (dtype) => {
        const sizes = [0, 1, 2, 5, 8, 33];
        for (const m of sizes)
          for (const k of sizes)
            for (const n of sizes) if (Math.min(m, k, n) <= 2) for (const lie of lies) check(dtype, [], m, k, n, lie, lies[(m + n) % 4], start);
      });

      test.each(["float32", "float64"] as const)("of several blocks, %s", (dtype) => {
        for (const lie of lies) {
          check(dtype, [], 37, 601, 67, lie, "plain", start);
          check(dtype, [], 5, 257, 1031, lie, "transposed", start);
        }
      });

      test.each(["float32", "float64"] as const)("in batches, %s", (dtype) => {
        for (const batch of [[1], [3], [2, 3], [2, 1, 2]])
          for (const lie of lies) {
            check(dtype, batch, 9, 10, 11, lie, "plain", start);
            check(dtype, batch, 1, 10, 16, lie, "transposed", start, lie);
          }
      });
    });

    describe.each(gates.slice(1))("gated by %s", (gate) => {
      test.each(["float32", "float64"] as const)("of every size and lie, %s", (dtype) => {
        for (let size = 1; size <= 70; size++) {
          const [left, right, result] = [lies[size % 4], lies[(size >> 2) % 4], lies[(size >> 1) % 4]];
          const start = starts[size % starts.length];
          check(dtype, [], size, (size * 37) % 71, (size * 23) % 71, left, right, start, result, gate);
          check(dtype, [], (size * 23) % 71, 13, size, left, right, start, result, gate);
        }
      });

      test.each(["float32", "float64"] as const)("of rows, columns, outer products, nothing, several blocks and batches, %s", (dtype) => {
        const sizes = [0, 1, 2, 5, 8, 33];
        for (const m of sizes)
          for (const k of sizes)
            for (const n of sizes) if (Math.min(m, k, n) <= 2) check(dtype, [], m, k, n, "plain", "transposed", "row", "plain", gate);
        for (const lie of lies) {
          check(dtype, [], 37, 601, 67, lie, "plain", "row", lie, gate);
          check(dtype, [], 5, 257, 1031, lie, "transposed", "output", "plain", gate);
          for (const batch of [[3], [2, 1, 2]]) check(dtype, batch, 9, 10, 11, lie, "plain", "nothing", lie, gate);
          check(dtype, [3], 1, 10, 16, lie, "transposed", "own", lie, gate);
        }
      });
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

import { type Backend, type DType, empty, Generator, mapRows, RowKernel, randint, randn, type Tensor } from "@gradtape/core";
import { describe, test } from "vitest";
import { expectSame } from "./comparison.ts";

/** Formulas over rows, each with everything that such a formula can have in some of them. */
const formulas: Readonly<Record<string, RowKernel>> = {
  softmax: new RowKernel("top = rowMax(x)\nout = exp(x - top)\ntotal = rowSum(out)\nout = out * (1 / total)", ["out"]),
  "an output that is read and written again": new RowKernel(
    "out = exp(x)\ns = rowSum(out)\nout = out * (1 / s)\nq = rowSum(out ** 2)\nout = out - q",
    ["out"],
  ),
  "a choice by position": new RowKernel("own = rowSum(position == at ? x : 0)\nlow = rowMin(x)\nout = own - low", ["out"]),
  "two results, a row input, a scalar": new RowKernel(
    "s = rowSum(x * w)\nout = (x - s * scale) * c\nspread = rowSum(out ** 2)\nout = out + at\nsize = sqrt(spread)",
    ["out", "size"],
    ["scale"],
  ),
};

const shapes: readonly (readonly number[])[] = [
  [1],
  [3],
  [70],
  [1, 1],
  [5, 1],
  [1, 9],
  [33, 70],
  [64, 16],
  [2, 37, 3],
  [3, 2, 5, 41],
  [7, 1037],
  [0, 4],
  [3, 0],
];

function run(kernel: RowKernel, shape: readonly number[], dtype: DType, layout: "dense" | "offset" | "across", output: string): Tensor {
  const generator = new Generator(5);
  const rank = shape.length;
  const perRow = [...shape.slice(0, -1), 1];
  const lay = (size: readonly number[]): Tensor => {
    if (layout === "offset") return randn([...size.slice(0, -1), size[rank - 1] + 3], { dtype, generator }).narrow(rank - 1, 2, size[rank - 1]);
    if (layout === "dense" || rank === 1) return randn(size, { dtype, generator });
    return randn([...size].reverse(), { dtype, generator }).permute(size.map((_, d) => rank - 1 - d));
  };
  const operands: Readonly<Record<string, Tensor>> = {
    x: lay(shape),
    w: randn([shape[rank - 1]], { dtype, generator }),
    c: randn(perRow, { dtype, generator }),
    at: randint(0, Math.max(1, shape[rank - 1]), perRow, { generator }),
  };
  const outputs = kernel.outputs.map((each) => empty(each.perRow ? perRow : shape, { dtype }));
  mapRows(
    kernel,
    kernel.inputs.map((input) => operands[input]),
    kernel.scalars.map(() => 0.25),
    outputs,
  );
  return outputs[kernel.outputs.findIndex(({ name }) => name === output)];
}

/** Formulas over rows against their composition of maps and reductions. */
export function rowConformance(backend: Backend): void {
  describe("mapRows", () => {
    test.each(Object.keys(formulas).flatMap((name) => (["float32", "float64"] as const).map((dtype) => ({ name, dtype }))))(
      "$name in $dtype",
      ({ name, dtype }) => {
        const kernel = formulas[name];
        for (const shape of shapes)
          for (const layout of ["dense", "offset", "across"] as const)
            for (const { name: output } of kernel.outputs) {
              expectSame(`${name} ${dtype} [${shape}] ${layout}, ${output}`, backend, () => run(kernel, shape, dtype, layout, output), {
                ulps: 16,
                // A sum over a row is made of as many numbers of size 1.
                scale: 1 + shape[shape.length - 1],
              });
            }
      },
    );
  });
}

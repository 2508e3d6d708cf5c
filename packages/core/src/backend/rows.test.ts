import { describe, expect, test } from "vitest";
import { toText } from "../formula/index.ts";
import "../index.ts";
import { cpu } from "./device.ts";
import { mapRows } from "./rowcomposition.ts";
import { RowKernel } from "./rows.ts";
import { allocate, hostData, type View } from "./view.ts";

const matrix = (rows: readonly (readonly number[])[]): View => {
  const view = allocate(cpu, "float64", [rows.length, rows[0].length]);
  cpu.backend.write(rows.flat(), view);
  return view;
};

const shown = ({ passes, totals }: RowKernel): unknown => ({
  passes: passes.map(({ constants, writes, folds }) => ({
    constants: constants.map(({ name, expression }) => `${name} = ${toText(expression)}`),
    writes: writes.map(({ name, expression }) => `${name} = ${toText(expression)}`),
    folds: folds.map(({ name, fold, expression }) => `${name} = ${fold} ${toText(expression)}`),
  })),
  totals: totals.map(({ name, expression }) => `${name} = ${toText(expression)}`),
});

describe("a formula over rows", () => {
  test("becomes as few passes as will do; what a later pass reads of an output is written", () => {
    const softmax = new RowKernel("top = rowMax(x)\ny = exp(x - top)\ntotal = rowSum(y)\ny = y * (1 / total)", ["y"]);
    expect(softmax.inputs).toEqual(["x"]);
    expect(softmax.outputs).toEqual([{ name: "y", perRow: false }]);
    expect(shown(softmax)).toEqual({
      passes: [
        { constants: [], writes: [], folds: ["top = max x"] },
        { constants: [], writes: ["y = exp(x - top)"], folds: ["total = sum exp(x - top)"] },
        { constants: ["u0 = 1 / total"], writes: ["y = y * u0"], folds: [] },
      ],
      totals: [],
    });
  });

  test("folds what it can in one pass, and computes other names anew", () => {
    const kernel = new RowKernel("a = rowSum(x)\nb = rowSum(x * w)\nc = x - a\nd = rowMax(c)\ny = c * b\nz = d + b", ["y", "z"], ["w"]);
    expect(shown(kernel)).toEqual({
      passes: [
        { constants: [], writes: [], folds: ["a = sum x", "b = sum x * w"] },
        { constants: [], writes: ["y = (x - a) * b"], folds: ["d = max x - a"] },
      ],
      totals: ["z = d + b"],
    });
    expect(kernel.outputs).toEqual([
      { name: "y", perRow: false },
      { name: "z", perRow: true },
    ]);
  });

  test("is composed of maps and reductions where a backend has no kernel", () => {
    const kernel = new RowKernel("s = rowSum(position == at ? x : 0)\nlow = rowMin(x)\ny = x - low + bias\nz = s * 2", ["y", "z"], ["bias"]);
    const x = matrix([
      [3, 1, 2],
      [-1, 5, -2],
    ]);
    const at = allocate(cpu, "int32", [2, 1]);
    cpu.backend.write([2, 1], at);
    const [y, z] = [allocate(cpu, "float64", [2, 3]), allocate(cpu, "float64", [2, 1])];
    mapRows(
      kernel,
      kernel.inputs.map((input) => (input === "x" ? x : at)),
      [10],
      [y, z],
    );
    expect([...hostData(y)]).toEqual([12, 10, 11, 11, 17, 10]);
    expect([...hostData(z)]).toEqual([4, 10]);
  });

  test("reads of an output what an earlier pass wrote, while the pass writes it anew", () => {
    const kernel = new RowKernel("y = x + 1; z = x\ns = rowSum(y)\ny = y / s\nq = rowSum(y * 3)\ny = y - q", ["y", "z"]);
    const [y, z] = [allocate(cpu, "float64", [1, 2]), allocate(cpu, "float64", [1, 2])];
    mapRows(kernel, [matrix([[0, 2]])], [], [y, z]);
    expect([...hostData(y)]).toEqual([0.25 - 3, 0.75 - 3]);
    expect([...hostData(z)]).toEqual([0, 2]);
  });

  test("refuses an output that no line assigns", () => {
    expect(() => new RowKernel("s = rowSum(x)", ["y"])).toThrow("assigns its output y");
  });
});

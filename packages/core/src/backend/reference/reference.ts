import { type DType, dtypes, newArray, type TypedArray } from "../../dtype.ts";
import { contiguousStrides, type Shape, showShape, sizeOf } from "../../shape.ts";
import type { Backend, Reduction, Scan } from "../backend.ts";
import { cpu } from "../device.ts";
import { copyKernel, gateKernel, type Kernel, kernel } from "../kernel.ts";
import { broadcastView, hostData, hostStorage, newHostStorage, restride, type Storage, type View } from "../view.ts";
import { forEachRow, innerSteps, layoutOf } from "./layout.ts";
import { compileLoop, type Loop } from "./loop.ts";
import { type Matrix, multiply } from "./matmul.ts";
import { scanLines, sortLines } from "./scan.ts";

const folds: Readonly<Record<Exclude<Reduction, "argmax" | "argmin">, { readonly start: number; readonly fold: Kernel }>> = {
  sum: { start: 0, fold: kernel("acc = acc + x") },
  prod: { start: 1, fold: kernel("acc = acc * x") },
  max: { start: -Infinity, fold: kernel("acc = max(acc, x)") },
  min: { start: Infinity, fold: kernel("acc = min(acc, x)") },
};

const searches: Readonly<Record<"argmax" | "argmin", { readonly start: number; readonly search: Kernel }>> = {
  argmax: { start: -Infinity, search: searchKernel(">") },
  argmin: { start: Infinity, search: searchKernel("<") },
};

/** Keeps the first best element and its index; a NaN beats every number, the first index stands when nothing beats it. */
function searchKernel(beats: ">" | "<"): Kernel {
  return kernel(
    `better = x ${beats} best || (isnan(x) && !isnan(best))
     best = better ? x : best
     at = better ? i : at`,
    [],
    ["best", "at"],
  );
}

/**
 * The backend that all others are compared with: plain loops over the fields of an ndarray (data, shape, strides, offset) in float64, on every platform.
 * Formulas become one generated JavaScript loop, an interpreted one where code generation is forbidden. `@gradtape/core/ndarray` has a sibling on ndarray-ops.
 */
export class ReferenceBackend implements Backend {
  readonly name: string = "reference";
  readonly #loops = new WeakMap<Kernel, Map<number, Loop>>();

  allocate(dtype: DType, length: number): Storage {
    return newHostStorage(cpu, dtype, length);
  }

  write(values: ArrayLike<number>, output: View): void {
    hostData(output).set(values, output.offset);
  }

  map(kernel: Kernel, inputs: readonly View[], uniforms: readonly number[], outputs: readonly View[]): void {
    const views = [...inputs, ...outputs];
    const layout = layoutOf(outputs[0].shape, views);
    const arrays = views.map(hostData);
    const loop = this.#loop(kernel, views);
    const steps = innerSteps(layout);
    forEachRow(layout, (starts, length) => loop(arrays, starts, steps, uniforms, length));
  }

  /** One compiled loop per kernel and tuple of dtypes, so that engines see one array type at each access. */
  #loop(kernel: Kernel, views: readonly View[]): Loop {
    let byType = this.#loops.get(kernel);
    if (byType === undefined) this.#loops.set(kernel, (byType = new Map()));
    let types = 1;
    for (const view of views) types = types * dtypes.length + dtypes.indexOf(view.dtype);
    let loop = byType.get(types);
    if (loop === undefined) byType.set(types, (loop = compileLoop(kernel)));
    return loop;
  }

  reduce(reduction: Reduction, input: View, axes: readonly number[], output: View): void {
    const scratch = (start: number): View => {
      const view = fresh("float64", output.shape);
      hostData(view).fill(start);
      return view;
    };
    const over = (view: View): View => broadcastView(view, input.shape);
    if (reduction === "argmax" || reduction === "argmin") {
      const { start, search } = searches[reduction];
      const best = scratch(start);
      const at = scratch(0);
      const steps = input.shape.map((_, d) => (d === axes[0] ? 1 : 0));
      const index = restride(
        wrap(
          "int32",
          Int32Array.from({ length: input.shape[axes[0]] }, (_, i) => i),
        ),
        input.shape,
        steps,
      );
      const operands: Readonly<Record<string, View>> = { x: input, best: over(best), at: over(at), i: index };
      this.map(
        search,
        search.inputs.map((n) => operands[n]),
        [],
        search.outputs.map((o) => operands[o.name]),
      );
      this.map(copyKernel, [at], [], [output]);
      return;
    }
    const { start, fold } = folds[reduction];
    const acc = scratch(start);
    const operands: Readonly<Record<string, View>> = { x: input, acc: over(acc) };
    this.map(
      fold,
      fold.inputs.map((n) => operands[n]),
      [],
      [operands.acc],
    );
    this.map(copyKernel, [acc], [], [output]);
  }

  matmul(a: View, b: View, output: View, start?: View, gate?: View): void {
    const batch = output.shape.slice(0, -2);
    const [m, n] = output.shape.slice(-2);
    const k = a.shape[a.shape.length - 1];
    const lead = (view: View): View => restride(view, batch, view.strides.slice(0, -2));
    const matrix = (view: View, start: number): Matrix => {
      const [row, column] = view.strides.slice(-2);
      return { data: hostData(view), start, row, column };
    };
    const views = start === undefined ? [a, b, output] : [a, b, output, start];
    const layout = layoutOf(batch, views.map(lead));
    const steps = innerSteps(layout);
    forEachRow(layout, (starts, length) => {
      for (let i = 0; i < length; i++) {
        const [left, right, c, before] = views.map((view, v) => matrix(view, starts[v] + i * steps[v]));
        multiply(left, right, c, before, m, k, n);
      }
    });
    if (gate !== undefined) this.map(gateKernel, [gate, output], [], [output]);
  }

  gather(input: View, axis: number, index: View, output: View): void {
    this.#walkIndex("gather", input, axis, index, output, (table, at, dense, i) => {
      dense[i] = table[at];
    });
  }

  scatterAdd(output: View, axis: number, index: View, source: View): void {
    this.#walkIndex("scatterAdd", output, axis, index, source, (table, at, dense, i) => {
      table[at] += dense[i];
    });
  }

  scan(scan: Scan, inputs: readonly View[], axis: number, output: View): void {
    scanLines(
      scan,
      inputs.map((input) => broadcastView(input, output.shape)),
      axis,
      output,
    );
  }

  argsort(input: View, axis: number, order: "ascending" | "descending", output: View): void {
    sortLines(input, axis, order === "descending", output);
  }

  /** Visits each index with the table's element that it names and the dense view's element at its own place. */
  #walkIndex(
    op: string,
    table: View,
    axis: number,
    index: View,
    dense: View,
    visit: (table: TypedArray, at: number, dense: TypedArray, i: number) => void,
  ): void {
    const size = table.shape[axis];
    const stride = table.strides[axis];
    const rows = restride(
      table,
      index.shape,
      table.strides.map((s, d) => (d === axis ? 0 : s)),
    );
    const layout = layoutOf(index.shape, [index, rows, dense]);
    const [indexStep, tableStep, denseStep] = innerSteps(layout);
    const [indices, values, others] = [index, table, dense].map(hostData);
    forEachRow(layout, ([indexStart, tableStart, denseStart], length) => {
      for (let i = 0; i < length; i++) {
        const k = indices[indexStart + i * indexStep];
        if (!(k >= 0 && k < size))
          throw new RangeError(`${op}: index ${k} is out of range for dimension ${axis} of ${showShape(table.shape)}; use 0 to ${size - 1}`);
        visit(values, tableStart + i * tableStep + k * stride, others, denseStart + i * denseStep);
      }
    });
  }
}

const wrap = (dtype: DType, data: TypedArray): View => ({
  storage: hostStorage(cpu, dtype, data),
  dtype,
  shape: [data.length],
  strides: [1],
  offset: 0,
});

const fresh = (dtype: DType, shape: Shape): View => ({
  storage: hostStorage(cpu, dtype, newArray(dtype, sizeOf(shape))),
  dtype,
  shape,
  strides: contiguousStrides(shape),
  offset: 0,
});

/** The reference backend. */
export const reference: Backend = new ReferenceBackend();

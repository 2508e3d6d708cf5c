import { isFloat } from "../dtype.ts";
import { type Expression, names } from "../formula/index.ts";
import { broadcastShapes, type Shape } from "../shape.ts";
import type { Device } from "./device.ts";
import { copyKernel, Kernel } from "./kernel.ts";
import { region } from "./region.ts";
import type { Named, RowKernel } from "./rows.ts";
import { allocate, restride, type View } from "./view.ts";

/**
 * Runs a row kernel: inputs broadcast to the rows, results of one number for a row have size 1 in the last dimension. By the backend where it has a kernel, composed
 * of maps and reductions where not.
 */
export function mapRows(kernel: RowKernel, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]): void {
  if (outputs[0].storage.device.backend.mapRows?.(kernel, inputs, scalars, outputs)) return;
  region(
    () => new Composition(kernel, inputs, scalars, outputs).run(),
    () => [],
  );
}

/** The kernels of expressions, by the expressions of a row kernel. */
const kernels = new WeakMap<RowKernel, Map<Expression, Kernel>>();

/** The places in a row, for each device a list as long as was needed so far. */
const places = new WeakMap<Device, View>();

/** The places 0, 1, … in a row, on a device. */
export function positions(device: Device, length: number): View {
  let known = places.get(device);
  if (known === undefined || known.shape[0] < length) {
    known = allocate(device, "int32", [Math.max(16, 2 ** Math.ceil(Math.log2(length)))], "variable");
    device.backend.write(
      Array.from({ length: known.shape[0] }, (_, i) => i),
      known,
    );
    places.set(device, known);
  }
  return restride(known, [length], [1]);
}

class Composition {
  readonly #kernel: RowKernel;
  readonly #device: Device;
  readonly #shape: Shape;
  readonly #outputs: ReadonlyMap<string, View>;
  readonly #numbers: Readonly<Record<string, number>>;
  readonly #views: Map<string, View>;

  constructor(kernel: RowKernel, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]) {
    this.#kernel = kernel;
    this.#device = outputs[0].storage.device;
    this.#shape = broadcastShapes("mapRows", ...inputs.map(({ shape }) => shape));
    this.#outputs = new Map(kernel.outputs.map(({ name }, k) => [name, outputs[k]]));
    this.#numbers = Object.fromEntries(kernel.scalars.map((scalar, k) => [scalar, scalars[k]]));
    this.#views = new Map(kernel.inputs.map((input, k) => [input, inputs[k]]));
  }

  run(): void {
    const whole = this.#shape;
    const perRow = [...whole.slice(0, -1), 1];
    const [{ dtype }] = this.#outputs.values();
    for (const { constants, writes, folds } of this.#kernel.passes) {
      for (const constant of constants) this.#views.set(constant.name, this.#value(constant.expression, allocate(this.#device, dtype, perRow)));
      const written = new Map<Expression, View>();
      const isReadBeside = ({ name, expression }: Named): boolean =>
        [...writes, ...folds].some((each) => each.expression !== expression && names(each.expression).includes(name));
      for (const write of writes) {
        // What this pass reads of an output is what an earlier one wrote: a new value waits until the pass is over.
        const place = isReadBeside(write) ? allocate(this.#device, dtype, whole) : (this.#outputs.get(write.name) as View);
        written.set(write.expression, this.#value(write.expression, place));
      }
      for (const { name, fold, expression } of folds) {
        const folded = allocate(this.#device, dtype, perRow);
        const elements = written.get(expression) ?? this.#elements(expression) ?? this.#value(expression, allocate(this.#device, dtype, whole));
        this.#device.backend.reduce(fold, elements, [whole.length - 1], folded);
        this.#views.set(name, folded);
      }
      for (const { name, expression } of writes) {
        const output = this.#outputs.get(name) as View;
        const value = written.get(expression) as View;
        if (value !== output) this.#device.backend.map(copyKernel, [value], [], [output]);
        this.#views.set(name, output);
      }
    }
    for (const { name, expression } of this.#kernel.totals) this.#value(expression, this.#outputs.get(name) as View);
  }

  /** The view of a name that has every element already. */
  #elements(expression: Expression): View | undefined {
    if (expression.kind !== "name") return undefined;
    const view = this.#views.get(expression.name);
    return view !== undefined && isFloat(view.dtype) && view.shape.length === this.#shape.length && view.shape.every((n, d) => n === this.#shape[d])
      ? view
      : undefined;
  }

  #value(expression: Expression, output: View): View {
    const kernel = this.#kernelOf(expression);
    const inputs = kernel.inputs.map((input) => this.#views.get(input) ?? positions(this.#device, this.#shape[this.#shape.length - 1]));
    this.#device.backend.map(kernel, inputs, kernel.uniformValues(this.#numbers), [output]);
    return output;
  }

  #kernelOf(expression: Expression): Kernel {
    let known = kernels.get(this.#kernel);
    if (known === undefined) kernels.set(this.#kernel, (known = new Map()));
    let kernel = known.get(expression);
    if (kernel === undefined) {
      const tensors = names(expression).filter((read) => !this.#kernel.scalars.includes(read));
      known.set(expression, (kernel = new Kernel({ value: expression }, tensors, this.#kernel.scalars)));
    }
    return kernel;
  }
}

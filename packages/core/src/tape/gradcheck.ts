import { isFloat } from "../dtype.ts";
import { Generator } from "../random.ts";
import { type Shape, showShape, sizeOf } from "../shape.ts";
import { fromData, Tensor } from "../tensor/tensor.ts";
import { enableGrad, noGrad } from "./apply.ts";
import { grad } from "./backward.ts";
import { TapeNode } from "./node.ts";
import { checkOptions } from "./options.ts";

/** A function of tensors whose gradient is checked; results that are not floats, such as indices, are left out. */
export type Differentiable = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

/** How a gradient is checked. */
export interface GradcheckOptions {
  /** Half the distance of the two values in a central difference. Default 1e-5. */
  readonly eps?: number;
  /** Relative tolerance. Default 1e-5. */
  readonly rtol?: number;
  /** Absolute tolerance. Default 1e-6. */
  readonly atol?: number;
  /** Seed of the weights with which the results are summed. Default 0. */
  readonly seed?: number;
  /** What errors call the function. Default: the last operation that it applies. */
  readonly name?: string;
}

const known = ["eps", "rtol", "atol", "seed", "name"];

/**
 * Compares the gradients of a function with central differences, element by element, and throws where they disagree; the error names the operation, the
 * input, the element, and both values. The results are summed with random weights, so that one backward pass covers them all; NaN must meet NaN. Inputs are
 * float64 tensors, of any strides; all floats among them are checked. Stay away from kinks: a difference across one is no derivative.
 */
export function gradcheck(fn: Differentiable, inputs: readonly Tensor[], options: GradcheckOptions = {}): void {
  checkOptions("gradcheck", options, known);
  const { eps = 1e-5, rtol = 1e-5, atol = 1e-6, seed = 0 } = options;
  const checked = inputs.flatMap((input, k) => (isFloat(input.dtype) ? [k] : []));
  if (checked.length === 0) throw new TypeError("gradcheck: none of the inputs is a float tensor, so there is no gradient to check");
  for (const k of checked)
    if (inputs[k].dtype !== "float64")
      throw new TypeError(`gradcheck: input ${k} is ${inputs[k].dtype}; differences need float64, convert it with .to("float64")`);
  const leaves = inputs.map((input) => (isFloat(input.dtype) ? leaf(input) : input));
  const outputs = enableGrad(() => floats(fn(...leaves)));
  const generator = new Generator(seed);
  const weights = outputs.map((output) => random(output.shape, generator));
  const analytic = gradients(
    outputs,
    checked.map((k) => leaves[k]),
    weights,
    false,
  );
  const label = options.name ?? outputs.find((output) => output.node !== null)?.node?.name ?? "function";
  const value = (replaced: number, values: Float64Array): number =>
    noGrad(() => {
      const at = inputs.map((input, k) => (k === replaced ? fromData(values, "float64", input.shape, input.device) : input));
      return floats(fn(...at)).reduce((total, output, k) => total + dot(output, weights[k]), 0);
    });
  checked.forEach((input, k) => {
    const values = Float64Array.from(inputs[input].data());
    const found = analytic[k].data();
    for (let i = 0; i < values.length; i++) {
      const kept = values[i];
      values[i] = kept + eps;
      const above = value(input, values);
      values[i] = kept - eps;
      const numeric = (above - value(input, values)) / (2 * eps);
      values[i] = kept;
      if (!agree(found[i], numeric, rtol, atol))
        throw new Error(
          `gradcheck: ${label}: input ${input}, element ${showShape(position(i, inputs[input].shape))} of ${showShape(inputs[input].shape)}: the gradient is ${found[i]}, the difference quotient ${numeric}`,
        );
    }
  });
}

/** Checks second derivatives: `gradcheck` of the gradient, as a function of the inputs and of what arrives at the results. */
export function gradgradcheck(fn: Differentiable, inputs: readonly Tensor[], options: GradcheckOptions = {}): void {
  checkOptions("gradgradcheck", options, known);
  const outputs = enableGrad(() => floats(fn(...inputs.map((input) => (isFloat(input.dtype) ? leaf(input) : input)))));
  const generator = new Generator((options.seed ?? 0) + 1);
  const incoming = outputs.map((output) => random(output.shape, generator));
  const name = options.name ?? outputs.find((output) => output.node !== null)?.node?.name ?? "function";
  const backward: Differentiable = (...all) =>
    enableGrad(() => {
      const xs = all.slice(0, inputs.length).map((x) => (isFloat(x.dtype) && x.node === null ? leaf(x) : x));
      const results = floats(fn(...xs));
      return gradients(
        results,
        xs.filter((x) => isFloat(x.dtype)),
        all.slice(inputs.length),
        true,
      );
    });
  gradcheck(backward, [...inputs, ...incoming], { ...options, name: `gradient of ${name}` });
}

/** The same values, on the same memory and strides, as a leaf. */
function leaf(x: Tensor): Tensor {
  const fresh = new Tensor(x);
  fresh.node = new TapeNode(null, fresh);
  return fresh;
}

const floats = (result: Tensor | readonly Tensor[]): Tensor[] =>
  (result instanceof Tensor ? [result] : [...result]).filter((output) => isFloat(output.dtype));

/** Gradients by every input, zeros where a result does not depend on it. */
function gradients(outputs: readonly Tensor[], inputs: readonly Tensor[], weights: readonly Tensor[], createGraph: boolean): Tensor[] {
  const reached = outputs.flatMap((output, k) => (output.node === null ? [] : [{ output, weight: weights[k] }]));
  const zeros = (x: Tensor): Tensor => fromData(new Float64Array(x.size), "float64", x.shape, x.device);
  if (reached.length === 0) return inputs.map(zeros);
  const found = grad(
    reached.map(({ output }) => output),
    inputs,
    { gradients: reached.map(({ weight }) => weight), allowUnused: true, createGraph },
  );
  return found.map((gradient, k) => gradient ?? zeros(inputs[k]));
}

const random = (shape: Shape, generator: Generator): Tensor =>
  fromData(
    Float64Array.from({ length: sizeOf(shape) }, () => generator.normal()),
    "float64",
    shape,
  );

function dot(a: Tensor, b: Tensor): number {
  const [left, right] = [a.data(), b.data()];
  let sum = 0;
  for (let i = 0; i < left.length; i++) sum += left[i] * right[i];
  return sum;
}

const agree = (a: number, b: number, rtol: number, atol: number): boolean =>
  Object.is(a, b) || (Number.isNaN(a) && Number.isNaN(b)) || Math.abs(a - b) <= atol + rtol * Math.max(Math.abs(a), Math.abs(b));

/** The indices of the i-th element in row-major order. */
function position(i: number, shape: Shape): number[] {
  let rest = i;
  return shape.map((_, d) => {
    const step = sizeOf(shape.slice(d + 1));
    const index = Math.floor(rest / step);
    rest -= index * step;
    return index;
  });
}

import { concat, stack } from "../ops/join.ts";
import { showShape } from "../shape.ts";
import { enableGrad, withGrad } from "../tape/apply.ts";
import { grad } from "../tape/backward.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** How the derivatives of a function are taken. */
export interface DerivativeOptions {
  /** Record the derivatives, so that they can be differentiated again. Default false. */
  readonly createGraph?: boolean;
}

/** The inputs behind an operation of their own: they keep their past when a graph is wanted beyond, and an outer `jvp` can follow them. */
function leaves(inputs: readonly Tensor[], createGraph: boolean): Tensor[] {
  return inputs.map((input) => {
    const passed = withGrad(createGraph, () => input.unsqueeze(0).squeeze(0));
    return passed.requiresGrad ? passed : passed.requireGrad();
  });
}

/**
 * Vector-Jacobian product: the value of `fn`, and the gradients of its inputs for one gradient of its output.
 * @param gradient of the output's shape; 1 by default, when the output is a single number.
 */
export function vjp(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  gradient?: Tensor,
  options: DerivativeOptions = {},
): { value: Tensor; gradients: Tensor[] } {
  const createGraph = options.createGraph ?? false;
  return enableGrad(() => {
    const xs = leaves(inputs, createGraph);
    const value = fn(...xs);
    const found = grad(value, xs, { ...(gradient && { gradients: [gradient] }), createGraph, allowUnused: true });
    return { value: createGraph ? value : value.detach(), gradients: found.map((g, k) => g ?? xs[k].newZeros()) };
  });
}

/** Jacobian of `fn` at `x`, by one backward pass per output element: `[…output shape, …input shape]`. */
export function jacobian(fn: (x: Tensor) => Tensor, x: Tensor, options: DerivativeOptions = {}): Tensor {
  const createGraph = options.createGraph ?? false;
  return enableGrad(() => {
    const [at] = leaves([x], createGraph);
    const y = fn(at);
    const flat = y.reshape([-1]);
    if (!flat.requiresGrad || flat.size === 0) return x.newZeros([...y.shape, ...x.shape]);
    const rows = Array.from({ length: flat.size }, (_, k) => {
      const [row] = grad(flat.select(0, k), [at], { retainGraph: true, createGraph, allowUnused: true });
      return row ?? at.newZeros();
    });
    return stack(rows).reshape([...y.shape, ...x.shape]);
  });
}

/** Hessian of a function of one tensor to one number: `[…shape, …shape]`. */
export function hessian(fn: (x: Tensor) => Tensor, x: Tensor, options: DerivativeOptions = {}): Tensor {
  return jacobian((at) => gradientOf("hessian", fn, at), x, options);
}

/** Hessian-vector product of a function to one number, by backward over backward (Pearlmutter 1994): of the shape of `x`. */
export function hvp(fn: (x: Tensor) => Tensor, x: Tensor, vector: Tensor, options: DerivativeOptions = {}): Tensor {
  return vjp((at) => gradientOf("hvp", fn, at), [x], vector, options).gradients[0];
}

function gradientOf(op: string, fn: (x: Tensor) => Tensor, x: Tensor): Tensor {
  const value = fn(x);
  if (value.size !== 1)
    throw new RangeError(`${op}: the function must give one number, it gave ${showShape(value.shape)}; reduce it with sum or mean`);
  if (!value.requiresGrad) return x.newZeros();
  const [g] = grad(value, [x], { createGraph: true, allowUnused: true });
  return g ?? x.newZeros();
}

/** `fn` on every slice of the leading dimension of its inputs, results stacked: what a loop would do, as one function. */
export function vmap(fn: (...inputs: Tensor[]) => Tensor): (...inputs: Tensor[]) => Tensor {
  return (...inputs) => {
    const sizes = inputs.map((input) => input.shape[0]);
    if (inputs.length === 0 || sizes.some((n) => n === undefined || n !== sizes[0]))
      throw new RangeError(
        `vmap: inputs must share the size of their leading dimension, got ${inputs.map((input) => showShape(input.shape)).join(" and ")}`,
      );
    if (sizes[0] === 0) throw new RangeError("vmap: the leading dimension is empty, so the shape of a result is unknown");
    const slices = Array.from({ length: sizes[0] }, (_, k) => fn(...inputs.map((input) => input.select(0, k))).unsqueeze(0));
    return concat(slices);
  };
}

import { showShape } from "../shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { isFollowed, withGrad } from "./apply.ts";
import { sum } from "./arithmetic.ts";
import { GradientMemory } from "./memory.ts";
import type { TapeNode } from "./node.ts";
import { composed } from "./ownership.ts";
import { type BackwardOptions, backpropagate, rootGradient } from "./pass.ts";

/**
 * Backpropagates from `root` and adds the gradients to `grad` of every leaf that requires one.
 * @param options `gradient` is the gradient of some number with respect to `root`, of its shape; 1 when `root` is a single number.
 */
export const backward = (root: Tensor, options: BackwardOptions & { readonly gradient?: Tensor } = {}): void =>
  composed(() => void accumulateGradients(root, options));

function accumulateGradients(root: Tensor, options: BackwardOptions & { readonly gradient?: Tensor }): void {
  const createGraph = options.createGraph ?? false;
  const start = withGrad(createGraph, () => rootGradient("backward", root, options.gradient));
  const memory = createGraph ? undefined : new GradientMemory();
  const arrived: [TapeNode, Tensor][] = [];
  backpropagate({ roots: [start], options, ...(memory && { memory }) }, ({ node, incoming }) => {
    if (!node.retainsGrad) return;
    memory?.hold(incoming);
    arrived.push([node, incoming]);
  });
  withGrad(createGraph, () => {
    for (const [node, gradient] of arrived) {
      const before = node.peekGrad();
      if (before === null) {
        const alone = memory?.give(gradient) ?? false;
        // Memory that is freed has one owner: where a gradient arrives at several leaves, each gets its own.
        const shared = gradient.device.manual && memory !== undefined && !alone && gradient !== options.gradient;
        node.setGrad(shared ? gradient.clone() : gradient, alone);
      } else {
        const isAdded = memory !== undefined && !isFollowed() && node.addToGrad(gradient);
        if (!isAdded) node.setGrad(sum(before, gradient), memory !== undefined);
        memory?.drop(gradient);
      }
      for (const hook of node.accumulateHooks ?? []) hook(node.grad as Tensor);
    }
  });
}

/** Options of `grad`: as for backward, the roots' gradients, and whether an input that does not matter gives `null` instead of an error. */
export interface GradOptions extends BackwardOptions {
  readonly gradients?: readonly Tensor[];
  readonly allowUnused?: boolean;
}

/** Gradients of `outputs` with respect to `inputs`, returned rather than accumulated; one tensor in gives one tensor out. */
export function grad(outputs: Tensor | readonly Tensor[], inputs: Tensor, options?: GradOptions & { readonly allowUnused?: false }): Tensor;
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options?: GradOptions & { readonly allowUnused?: false },
): Tensor[];
export function grad(outputs: Tensor | readonly Tensor[], inputs: readonly Tensor[], options: GradOptions): (Tensor | null)[];
export function grad(outputs: Tensor | readonly Tensor[], inputs: Tensor | readonly Tensor[], options: GradOptions = {}): Tensor | (Tensor | null)[] {
  return composed(() => gradients(outputs, inputs, options));
}

function gradients(outputs: Tensor | readonly Tensor[], inputs: Tensor | readonly Tensor[], options: GradOptions): Tensor | (Tensor | null)[] {
  const roots = outputs instanceof Tensor ? [outputs] : outputs;
  const targets = inputs instanceof Tensor ? [inputs] : inputs;
  targets.forEach((target, k) => {
    if (target.node === null) throw new Error(`grad: input ${k} of shape ${showShape(target.shape)} does not require a gradient`);
  });
  const starts = withGrad(options.createGraph ?? false, () => roots.map((root, k) => rootGradient("grad", root, options.gradients?.[k])));
  const found = new Map<TapeNode, Tensor>();
  const wanted = new Set(targets.map((target) => target.node as TapeNode));
  backpropagate({ roots: starts, options, wanted }, ({ node, incoming }) => {
    if (wanted.has(node)) found.set(node, incoming);
  });
  const result = targets.map((target, k) => {
    const gradient = found.get(target.node as TapeNode) ?? null;
    if (gradient === null && options.allowUnused !== true)
      throw new Error(`grad: the outputs do not depend on input ${k} of shape ${showShape(target.shape)}; pass { allowUnused: true } to get null`);
    return gradient;
  });
  return inputs instanceof Tensor ? (result[0] as Tensor) : result;
}

import { defaultGenerator } from "../random.ts";
import { enableGrad, isGradEnabled, noGrad } from "../tape/apply.ts";
import { nodesBefore } from "../tape/graph.ts";
import { TapeNode } from "../tape/node.ts";
import { type Op, operation } from "../tape/op.ts";
import { backpropagate } from "../tape/pass.ts";
import { Tensor } from "../tensor/tensor.ts";

interface Recomputed {
  /** Runs the function again, recorded, and gives the gradient for each edge. */
  readonly gradients: (g: Tensor) => readonly (Tensor | null)[];
}

const checkpointOp: Op<Recomputed> = operation({
  name: "checkpoint",
  saves: { inputs: [], output: false },
  forward: () => {
    throw new Error("checkpoint: recorded by checkpoint() alone");
  },
  vjp:
    (index) =>
    (g, { attrs, shapes }) =>
      attrs.gradients(g)[index] ?? g.newZeros(shapes[index]),
});

/**
 * Runs `fn` without keeping what its operations save, and runs it again in the backward pass: memory for time (Chen et al. 2016, arXiv:1604.06174). Gradients reach
 * the inputs and every parameter that `fn` uses; random numbers drawn from the default generator are the same in both runs.
 */
export function checkpoint(fn: (...inputs: Tensor[]) => Tensor, ...inputs: Tensor[]): Tensor {
  if (!isGradEnabled()) return fn(...inputs);
  const drawn = defaultGenerator.state();
  const probe = run(
    fn,
    noGrad(() => inputs.map((input) => (input.requiresGrad ? new Tensor(input).requireGrad() : input))),
  );
  const value = probe.output.detach();
  if (probe.output.node === null) return value;
  const outside = nodesBefore([probe.output.node]).filter((node) => node.op === null && !probe.leaves.some((leaf) => leaf.node === node));
  const edges = [...inputs.map((input) => input.node), ...outside];
  let last: { readonly g: Tensor; readonly found: readonly (Tensor | null)[] } | undefined;
  const gradients = (g: Tensor): readonly (Tensor | null)[] => {
    if (last?.g === g) return last.found;
    const now = defaultGenerator.state();
    defaultGenerator.setState(drawn);
    const again = run(
      fn,
      enableGrad(() => inputs.map(passage)),
    );
    defaultGenerator.setState(now);
    const targets = [...again.leaves.map((leaf) => leaf.node), ...outside];
    const wanted = new Set(targets.filter((node) => node !== null));
    const arrived = new Map<TapeNode, Tensor>();
    const roots = [{ node: again.output.node as TapeNode, gradient: g }];
    backpropagate({ roots, options: { createGraph: isGradEnabled(), retainGraph: true }, wanted }, ({ node, incoming }) => {
      if (wanted.has(node)) arrived.set(node, incoming);
    });
    const found = targets.map((node) => (node === null ? null : (arrived.get(node) ?? null)));
    last = { g, found };
    return found;
  };
  const node = new TapeNode(checkpointOp, value, edges, { gradients });
  const shapes = [...inputs.map((input) => input.shape), ...outside.map((leaf) => leaf.shape)];
  const dtypes = [...inputs.map((input) => input.dtype), ...outside.map((leaf) => leaf.dtype)];
  node.save({ inputs: [], output: undefined, shapes, dtypes, attrs: { gradients } });
  value.node = node;
  return value;
}

/** The tensor behind a node of its own: gradients can be stopped there, and second ones pass through. */
const passage = (x: Tensor): Tensor => (x.requiresGrad ? x.unsqueeze(0).squeeze(0) : x);

const run = (fn: (...inputs: Tensor[]) => Tensor, leaves: readonly Tensor[]): { readonly leaves: readonly Tensor[]; readonly output: Tensor } => ({
  leaves,
  output: enableGrad(() => fn(...leaves)),
});

import type { Storage } from "../backend/view.ts";
import { sameShape, showShape } from "../shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { switchGrad } from "./apply.ts";
import { nodesBefore } from "./graph.ts";
import type { GradientMemory } from "./memory.ts";
import type { TapeNode } from "./node.ts";
import { type Op, vjpOf } from "./op.ts";

/** How a backward pass treats the graph. */
export interface BackwardOptions {
  /** Keep the saved values, so that the graph can be gone through again. Default: the value of `createGraph`. */
  readonly retainGraph?: boolean;
  /** Record the backward pass itself, so that gradients can be differentiated. Default false. */
  readonly createGraph?: boolean;
}

/** Sees every step of every backward pass; must not keep the gradients. */
export type BackwardListener = (step: BackwardStep) => void;

const listeners = new Set<BackwardListener>();
let visiting = 0;

/** Whether a gradient is being computed now, so that operations are those of a backward pass. */
export const isInBackward = (): boolean => visiting > 0;

/** Calls `listener` after every step of a backward pass until the returned function is called. */
export function listenBackward(listener: BackwardListener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Ops that the pass itself needs; set by `ops`, which the tape must not import. */
interface Arithmetic {
  add(a: Tensor, b: Tensor): Tensor;
  sumTo(x: Tensor, shape: readonly number[]): Tensor;
  onesLike(x: Tensor): Tensor;
  cast(x: Tensor, dtype: Tensor["dtype"]): Tensor;
}

let arithmetic: Arithmetic;

/** Hands the tape the ops with which it adds and un-broadcasts gradients. */
export function useArithmetic(ops: Arithmetic): void {
  arithmetic = ops;
}

/** The sum of two gradients. */
export const sum = (a: Tensor, b: Tensor): Tensor => arithmetic.add(a, b);

/** One node's share of the backward pass. */
export interface BackwardStep {
  readonly node: TapeNode;
  /** Gradient that arrived, after hooks. */
  readonly incoming: Tensor;
  /** Gradient sent to each input; `null` where none flows. */
  readonly outgoing: readonly (Tensor | null)[];
}

/** Where a pass starts. */
export interface Root {
  readonly node: TapeNode;
  readonly gradient: Tensor;
  /** Memory of the root's own value, which stays. */
  readonly value?: Storage;
}

/** Checks root and gradient, and fills in the gradient 1 of a single number. */
export function rootGradient(op: string, root: Tensor, gradient: Tensor | undefined): Root {
  if (root.node === null)
    throw new Error(
      `${op}: the tensor of shape ${showShape(root.shape)} does not depend on anything that requires a gradient; create a leaf with { requiresGrad: true } and compute outside noGrad()`,
    );
  if (gradient !== undefined && !sameShape(gradient.shape, root.shape))
    throw new RangeError(`${op}: the gradient has shape ${showShape(gradient.shape)}, the tensor ${showShape(root.shape)}; they must be the same`);
  if (gradient === undefined && root.size !== 1)
    throw new RangeError(
      `${op}: a tensor of shape ${showShape(root.shape)} needs a gradient of that shape; reduce it to one number (sum, mean) or pass { gradient }`,
    );
  return { node: root.node, gradient: gradient ?? arithmetic.onesLike(root), value: root.storage };
}

/** What a backward pass over these roots needs to know. */
interface Pass {
  readonly roots: readonly Root[];
  readonly options: BackwardOptions;
  /** Limits the pass to the paths that lead to these nodes. */
  readonly wanted?: ReadonlySet<TapeNode>;
  /** Keeps the books of the pass's memory, when nobody sees the gradients between. */
  readonly memory?: GradientMemory;
}

/**
 * Reverse-mode accumulation (Linnainmaa 1976; Griewank & Walther 2008, section 3.2): visits the nodes from outputs to inputs, yields each one's step.
 */
export function* backwardSteps({ roots, options, wanted, memory }: Pass): Generator<BackwardStep, void> {
  const createGraph = options.createGraph ?? false;
  const retainGraph = options.retainGraph ?? createGraph;
  const nodes = nodesBefore(roots.map((root) => root.node));
  const leads = new Set<TapeNode>();
  for (const node of nodes)
    if (wanted === undefined || wanted.has(node) || node.edges.some((edge) => edge !== null && leads.has(edge))) leads.add(node);
  for (const node of leads) if (node.op !== null) node.checkedSaved();
  for (const { node, value } of roots) if (value !== undefined) node.disown(value);
  const gradients = new Map<TapeNode, Tensor>();
  for (const { node, gradient } of roots) accumulate(gradients, node, gradient, createGraph, memory);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    const arrived = gradients.get(node);
    if (arrived === undefined) continue;
    gradients.delete(node);
    if (leads.has(node)) {
      if (node.hooks !== undefined) memory?.disown(arrived);
      const step = visit(node, arrived, leads, createGraph, memory);
      for (const listener of listeners) listener(step);
      if (!retainGraph) {
        // A gradient may be a view of what was saved: then its holders decide.
        for (const storage of node.owned) if (step.outgoing.some((gradient) => gradient?.storage === storage)) node.disown(storage);
        node.release();
      }
      // Held until all are on their way: two edges may get one gradient, and what was added to another is needed no more.
      if (memory !== undefined) for (const gradient of step.outgoing) if (gradient !== null) memory.hold(gradient);
      for (let k = 0; k < step.outgoing.length; k++) {
        const edge = node.edges[k];
        const gradient = step.outgoing[k];
        if (edge !== null && gradient !== null) accumulate(gradients, edge, gradient, createGraph, memory);
      }
      yield step;
      if (memory !== undefined) for (const gradient of step.outgoing) if (gradient !== null) memory.drop(gradient);
    }
    memory?.drop(arrived);
  }
}

/** Adds a gradient to those that wait at a node. */
function accumulate(
  gradients: Map<TapeNode, Tensor>,
  node: TapeNode,
  gradient: Tensor,
  createGraph: boolean,
  memory: GradientMemory | undefined,
): void {
  const before = gradients.get(node);
  if (before === undefined) {
    gradients.set(node, gradient);
    memory?.hold(gradient);
    return;
  }
  const recorded = switchGrad(createGraph);
  try {
    const total = memory === undefined ? arithmetic.add(before, gradient) : memory.collect(() => arithmetic.add(before, gradient), storageOf);
    gradients.set(node, total);
    memory?.hold(total);
    memory?.drop(before);
  } finally {
    switchGrad(recorded);
  }
}

/** One node's step: hooks, then the products for its inputs. */
function visit(
  node: TapeNode,
  arrived: Tensor,
  leads: ReadonlySet<TapeNode>,
  createGraph: boolean,
  memory: GradientMemory | undefined,
): BackwardStep {
  const recorded = switchGrad(createGraph);
  visiting++;
  try {
    const incoming = node.hooks === undefined ? arrived : runHooks(node, arrived);
    if (node.op === null) return { node, incoming, outgoing: [] };
    const outgoing = memory === undefined ? outgoingOf(node, incoming, leads) : memory.collect(() => outgoingOf(node, incoming, leads), storagesOf);
    return { node, incoming, outgoing };
  } finally {
    visiting--;
    switchGrad(recorded);
  }
}

const storageOf = ({ storage }: Tensor): readonly Storage[] => [storage];

function storagesOf(gradients: readonly (Tensor | null)[]): readonly Storage[] {
  const storages: Storage[] = [];
  for (const gradient of gradients) if (gradient !== null) storages.push(gradient.storage);
  return storages;
}

function runHooks(node: TapeNode, gradient: Tensor): Tensor {
  let changed = gradient;
  for (const hook of node.hooks ?? []) {
    const next = hook(changed) ?? changed;
    if (!sameShape(next.shape, node.shape))
      throw new RangeError(`hook: returned a gradient of shape ${showShape(next.shape)} for a tensor of shape ${showShape(node.shape)}`);
    changed = next;
  }
  return changed;
}

function outgoingOf(node: TapeNode, incoming: Tensor, leads: ReadonlySet<TapeNode>): (Tensor | null)[] {
  const saved = node.checkedSaved();
  return node.edges.map((edge, k) => {
    const vjp = edge !== null && leads.has(edge) ? vjpOf(node.op as Op, k) : null;
    return vjp === null ? null : arithmetic.cast(arithmetic.sumTo(vjp(incoming, saved), saved.shapes[k]), saved.dtypes[k]);
  });
}

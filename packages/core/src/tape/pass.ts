import type { Storage } from "../backend/view.ts";
import { sameShape, showShape } from "../shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { switchGrad } from "./apply.ts";
import { fitted, onesLike } from "./arithmetic.ts";
import { Gradients } from "./gradients.ts";
import { Order } from "./graph.ts";
import type { GradientMemory } from "./memory.ts";
import type { TapeNode } from "./node.ts";
import { type JointVJP, type Op, type Saved, vjpOf } from "./op.ts";

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

/** One node's share of the backward pass. */
export interface BackwardStep {
  readonly node: TapeNode;
  /** Gradient that arrived, after hooks. */
  readonly incoming: Tensor;
  /** Gradient sent to each input; `null` where none flows, or where it was added to what waits. */
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
  return { node: root.node, gradient: gradient ?? onesLike(root), value: root.storage };
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
 * Reverse-mode accumulation (Linnainmaa 1976; Griewank & Walther 2008, section 3.2): visits the nodes from outputs to inputs and shows each one's step to
 * `see`, which must not run operations.
 */
export function backpropagate({ roots, options, wanted, memory }: Pass, see: BackwardListener): void {
  const createGraph = options.createGraph ?? false;
  const order = new Order(roots.map((root) => root.node));
  const { nodes } = order;
  const leads = wanted === undefined ? undefined : leading(nodes, wanted);
  for (const node of nodes) if (node.op !== null && (leads?.has(node) ?? true)) node.checkedSaved();
  for (const { node, value } of roots) if (value !== undefined) node.disown(value);
  const recorded = switchGrad(createGraph);
  visiting++;
  try {
    const gradients = new Gradients(order, memory);
    for (const { node, gradient } of roots) gradients.add(node, gradient);
    for (let i = nodes.length - 1; i >= 0; i--) {
      const node = nodes[i];
      const arrived = gradients.take(i);
      if (arrived === undefined) continue;
      if (leads === undefined || leads.has(node)) {
        const step = stepOf(node, arrived, leads, gradients);
        if (listeners.size > 0) for (const listener of listeners) listener(step);
        see(step);
        if (!(options.retainGraph ?? createGraph)) releaseAfter(step);
        gradients.send(node, step.outgoing);
      }
      memory?.drop(arrived);
    }
  } catch (error) {
    memory?.abandon();
    throw error;
  } finally {
    visiting--;
    switchGrad(recorded);
  }
}

/** The nodes on the paths to those that are wanted. */
function leading(nodes: readonly TapeNode[], wanted: ReadonlySet<TapeNode>): ReadonlySet<TapeNode> {
  const leads = new Set<TapeNode>();
  for (const node of nodes) if (wanted.has(node) || node.edges.some((edge) => edge !== null && leads.has(edge))) leads.add(node);
  return leads;
}

/** One node's step: hooks, then the products for its inputs. */
function stepOf(node: TapeNode, arrived: Tensor, leads: ReadonlySet<TapeNode> | undefined, gradients: Gradients): BackwardStep {
  const { memory } = gradients;
  if (node.hooks !== undefined) memory?.disown(arrived);
  const incoming = node.hooks === undefined ? arrived : runHooks(node, arrived);
  if (node.op === null) return { node, incoming, outgoing: none };
  memory?.open();
  const outgoing = outgoingOf(node, incoming, leads, gradients);
  memory?.close(outgoing);
  return { node, incoming, outgoing };
}

const none: readonly null[] = [];

/** Frees what a node saved, once its step is done. A gradient may be a view of what was saved: then its holders decide. */
function releaseAfter({ node, outgoing }: BackwardStep): void {
  for (const storage of node.owned) if (outgoing.some((gradient) => gradient?.storage === storage)) node.disown(storage);
  node.release();
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

function outgoingOf(node: TapeNode, incoming: Tensor, leads: ReadonlySet<TapeNode> | undefined, gradients: Gradients): (Tensor | null)[] {
  const { edges } = node;
  const saved = node.checkedSaved();
  if (gradients.takePassed(node)) return [incoming];
  const op = node.op as Op;
  if (op.jointVjp !== undefined) return jointly(op.jointVjp, node, incoming, leads, gradients);
  if (edges.length !== 2) return edges.map((_, k) => productFor(k, node, saved, incoming, leads, gradients));
  return [productFor(0, node, saved, incoming, leads, gradients), productFor(1, node, saved, incoming, leads, gradients)];
}

/** The product for one input; `null` where none flows, or where it was added to what waits. */
function productFor(
  k: number,
  { edges, op }: TapeNode,
  saved: Saved,
  incoming: Tensor,
  leads: ReadonlySet<TapeNode> | undefined,
  gradients: Gradients,
): Tensor | null {
  const edge = edges[k];
  if (edge === null || (leads !== undefined && !leads.has(edge))) return null;
  const vjp = vjpOf(op as Op, k);
  if (vjp === null) return null;
  // What a product added in place is not shown to listeners: they see what was sent.
  const into = listeners.size > 0 ? undefined : gradients.open(edge);
  const gate = listeners.size > 0 ? undefined : gradients.gate(edge);
  const product = vjp(incoming, saved, into, gate);
  gradients.notePassed(edge, gate?.closed === true);
  return product === into ? null : fitted(product, edge);
}

/** The outgoing gradients of products that are made together. */
function jointly(
  jointVjp: JointVJP,
  node: TapeNode,
  incoming: Tensor,
  leads: ReadonlySet<TapeNode> | undefined,
  gradients: Gradients,
): (Tensor | null)[] {
  const wanted = node.edges.map((edge) => (edge !== null && (leads?.has(edge) ?? true) ? edge : null));
  const products = jointVjp(incoming, node.checkedSaved(), wanted);
  for (const edge of wanted) if (edge !== null) gradients.notePassed(edge, false);
  return wanted.map((edge, k) => (edge === null || products[k] === null ? null : fitted(products[k], edge)));
}

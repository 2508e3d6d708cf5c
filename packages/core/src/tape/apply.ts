import { adopt, hasManual, isAdopted } from "../backend/ownership.ts";
import { abandonRegion, closeRegion, isRegionOpen, openRegion } from "../backend/region.ts";
import type { Storage, View } from "../backend/view.ts";
import type { Shape } from "../shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { TapeNode } from "./node.ts";
import { type Op, type Operand, type Saves, vjpOf } from "./op.ts";
import { deviceScope } from "./ownership.ts";

/** Sees every operation after it ran, not those that an operation uses inside; tools for tracing, profiling and teaching subscribe with `listen`. */
export type Listener = (event: { readonly op: Op; readonly inputs: readonly Operand[]; readonly attrs: unknown; readonly output: Tensor }) => void;

let recording = true;
let depth = 0;
const listeners = new Set<Listener>();

/** Whether operations are recorded now. */
export const isGradEnabled = (): boolean => recording;

/** Calls `listener` after every operation until the returned function is called. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Whether somebody follows the operations; what is done without one would be missed. */
export const isFollowed = (): boolean => listeners.size > 0;

/** Switches recording and tells how it was; whoever calls this switches it back in a `finally`. */
export function switchGrad(enabled: boolean): boolean {
  const before = recording;
  recording = enabled;
  return before;
}

/** Runs `fn` with recording switched on or off and restores it, whatever happens. `fn` must not be asynchronous: the switch is back before it would go on. */
export function withGrad<T>(enabled: boolean, fn: () => T): T {
  const before = switchGrad(enabled);
  try {
    const result = fn();
    if (result instanceof Promise)
      throw new TypeError("noGrad: the function returned a promise; switch recording off around the synchronous parts only");
    return result;
  } finally {
    recording = before;
  }
}

/** Runs `fn` without recording: results require no gradient, nothing is kept for a backward pass. On a GPU it frees what `fn` made and does not return. */
export const noGrad = <T>(fn: () => T): T => deviceScope(() => withGrad(false, fn));

/** Runs `fn` with recording, inside `noGrad` too. */
export const enableGrad = <T>(fn: () => T): T => withGrad(true, fn);

/** Refuses what is no tensor, and tensors on two devices. */
function checkOperands(op: Op, inputs: readonly Operand[]): void {
  let first: Tensor | undefined;
  for (let k = 0; k < inputs.length; k++) {
    const input = inputs[k];
    if (typeof input === "number") continue;
    if (!(input instanceof Tensor)) throw noTensor(op, input);
    if (first === undefined) first = input;
    else if (first.storage.device !== input.storage.device) throw apart(op, first, input);
  }
}

// Errors apart: engines inline what is small.
const noTensor = (op: Op, input: unknown): TypeError =>
  new TypeError(
    `${op.name}: expected a tensor, got ${input === null ? "null" : Array.isArray(input) ? "an array; wrap it in tensor(...)" : typeof input}`,
  );

const apart = (op: Op, first: Tensor, other: Tensor): Error =>
  new Error(`${op.name}: tensors are on ${first.device.name} and on ${other.device.name}; move one with .to(device)`);

/** The storage that the operation made which ran last, if its result shows that. */
let fresh: Storage | undefined;
const noteFresh = (storage: Storage): void => {
  fresh = storage;
};

/** The value of an operation that is composed of others: they are not recorded, and what they make on the way is freed. */
function compose<Attrs>(op: Op<Attrs>, inputs: readonly Operand[], attrs: Attrs): Tensor {
  const before = switchGrad(false);
  const mark = openRegion();
  depth++;
  let view: View;
  try {
    view = op.forward(inputs, attrs);
  } catch (error) {
    abandonRegion(mark);
    throw error;
  } finally {
    depth--;
    recording = before;
  }
  fresh = undefined;
  closeRegion(mark, [view], noteFresh);
  return new Tensor(view);
}

/** The one function in which operations happen: computes the value, records it on the tape when a gradient flows, tells the listeners. */
export function apply<Attrs>(op: Op<Attrs>, inputs: readonly Operand[], attrs: Attrs): Tensor {
  checkOperands(op, inputs);
  const output = op.primitive === true && !hasManual() ? direct(op, inputs, attrs) : compose(op, inputs, attrs);
  const made = fresh;
  if (recording && op.vjp !== undefined) record(op, inputs, attrs, output);
  if (made !== undefined) settleFresh(made, output);
  if (listeners.size > 0 && depth === 0) for (const listener of listeners) listener({ op, inputs, attrs, output });
  return output;
}

/** The value of an operation that makes nothing but that. */
function direct<Attrs>(op: Op<Attrs>, inputs: readonly Operand[], attrs: Attrs): Tensor {
  const output = op.forward(inputs, attrs);
  fresh = undefined;
  return output instanceof Tensor ? output : new Tensor(output);
}

/** Gives the memory of a composed operation's result an owner. */
function settleFresh(made: Storage, output: Tensor): void {
  if (isRegionOpen()) return;
  if (output.node !== null && made.device.manual) output.node.own(made);
  else adopt(made);
}

/** What is saved: a variable may take over other memory before the backward pass, the values that were read stay these. */
const valueOf = (input: Tensor): Tensor => (input.constructor === Tensor ? input : Object.assign(new Tensor(input), { node: input.node }));

/**
 * Puts the output of an operation on the tape when a gradient flows through one of the inputs. `apply` does that; an operation whose value is made together with
 * another's does it by itself.
 */
export function record(op: Op, inputs: readonly Operand[], attrs: unknown, output: Tensor): void {
  const edges = edgesOf(op, inputs);
  if (edges === undefined) return;
  const node = new TapeNode(op, output, edges, attrs);
  output.node = node;
  const { saves } = op;
  const { inputs: kept, output: keepsOutput = true, shapes: keepsShapes = true } = (typeof saves === "function" ? saves(edges) : saves) ?? everything;
  if (hasManual()) takeOver(node, inputs, kept);
  const values = inputs.length === 2 ? [savedOf(inputs[0], kept, 0), savedOf(inputs[1], kept, 1)] : inputs.map((input, k) => savedOf(input, kept, k));
  const shapes = keepsShapes ? inputs.map((input) => (typeof input === "number" ? scalar : input.shape)) : unread;
  const dtypes = keepsShapes ? inputs.map((input) => (typeof input === "number" ? output.dtype : input.dtype)) : unread;
  node.save({ inputs: values, output: keepsOutput ? output : undefined, shapes, dtypes, attrs });
}

const unread: readonly never[] = [];

/** What is saved of an input. */
const savedOf = (input: Operand, kept: readonly number[] | undefined, k: number): Operand | undefined =>
  typeof input === "number" ? input : isKept(kept, k) ? valueOf(input) : undefined;

/** Whether an input is listed, or nothing is, which means all; by a loop, because lists are shorter than a call is long. */
function isKept(kept: readonly number[] | undefined, k: number): boolean {
  if (kept === undefined) return true;
  for (let i = 0; i < kept.length; i++) if (kept[i] === k) return true;
  return false;
}
const everything: Saves = {};
const scalar: Shape = [];

/** The nodes of the inputs to which a gradient flows; `undefined` where there are none. */
function edgesOf(op: Op, inputs: readonly Operand[]): (TapeNode | null)[] | undefined {
  // One and two, the most usual, in a few instructions.
  if (inputs.length === 1 || inputs.length === 2) {
    const first = edgeOf(op, inputs[0], 0);
    const second = inputs.length === 2 ? edgeOf(op, inputs[1], 1) : null;
    if (first === null && second === null) return undefined;
    return inputs.length === 2 ? [first, second] : [first];
  }
  const edges = inputs.map((input, k) => edgeOf(op, input, k));
  return edges.some((edge) => edge !== null) ? edges : undefined;
}

const edgeOf = (op: Op, input: Operand, k: number): TapeNode | null =>
  typeof input === "number" || input.node === null || vjpOf(op, k) === null ? null : input.node;

/** What functions made on the way on a GPU, and the tape now needs, goes with the first node that saves it. */
function takeOver(node: TapeNode, inputs: readonly Operand[], kept: readonly number[] | undefined): void {
  for (let k = 0; k < inputs.length; k++) {
    const input = inputs[k];
    if (typeof input !== "number" && input.node === null && isKept(kept, k) && isAdopted(input.storage)) node.own(input.storage);
  }
}

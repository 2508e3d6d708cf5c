import { region } from "../backend/region.ts";
import type { Storage, View } from "../backend/view.ts";
import { Tensor } from "../tensor/tensor.ts";
import { TapeNode } from "./node.ts";
import { type Op, type Operand, vjpOf } from "./op.ts";

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

/** Runs `fn` with recording switched on or off and restores it, whatever happens. `fn` must not be asynchronous: the switch is back before it would go on. */
export function withGrad<T>(enabled: boolean, fn: () => T): T {
  const before = recording;
  recording = enabled;
  try {
    const result = fn();
    if (result instanceof Promise)
      throw new TypeError("noGrad: the function returned a promise; switch recording off around the synchronous parts only");
    return result;
  } finally {
    recording = before;
  }
}

/** Runs `fn` without recording: results require no gradient, nothing is kept for a backward pass. */
export const noGrad = <T>(fn: () => T): T => withGrad(false, fn);

/** Runs `fn` with recording, inside `noGrad` too. */
export const enableGrad = <T>(fn: () => T): T => withGrad(true, fn);

const storageOf = (view: View): readonly Storage[] => [view.storage];

function checkDevices(op: Op, inputs: readonly Operand[]): void {
  let first: Tensor | undefined;
  for (const input of inputs) {
    if (typeof input === "number") continue;
    if (!(input instanceof Tensor))
      throw new TypeError(
        `${op.name}: expected a tensor, got ${input === null ? "null" : Array.isArray(input) ? "an array; wrap it in tensor(...)" : typeof input}`,
      );
    if (first === undefined) first = input;
    else if (first.device !== input.device)
      throw new Error(`${op.name}: tensors are on ${first.device.name} and on ${input.device.name}; move one with .to(device)`);
  }
}

/** The one function in which operations happen: computes the value, records it on the tape when a gradient flows, tells the listeners. */
export function apply<Attrs>(op: Op<Attrs>, inputs: readonly Operand[], attrs: Attrs): Tensor {
  checkDevices(op, inputs);
  const records = recording && op.vjp !== undefined && inputs.some((input) => typeof input !== "number" && input.node !== null);
  const before = recording;
  recording = false;
  depth++;
  let output: Tensor;
  try {
    output = new Tensor(region(() => op.forward(inputs, attrs), storageOf));
  } finally {
    depth--;
    recording = before;
  }
  if (records) output.node = record(op, inputs, attrs, output);
  if (listeners.size > 0 && depth === 0) for (const listener of listeners) listener({ op, inputs, attrs, output });
  return output;
}

function record(op: Op, inputs: readonly Operand[], attrs: unknown, output: Tensor): TapeNode | null {
  const edges = inputs.map((input, k) => (typeof input === "number" || input.node === null || vjpOf(op, k) === null ? null : input.node));
  if (edges.every((edge) => edge === null)) return null;
  const node = new TapeNode(op, output, edges, attrs);
  const { saves } = op;
  const keeps = (k: number): boolean => saves?.inputs?.includes(k) ?? true;
  node.save({
    inputs: inputs.map((input, k) => (typeof input === "number" || keeps(k) ? input : undefined)),
    output: (saves?.output ?? true) ? output : undefined,
    shapes: inputs.map((input) => (typeof input === "number" ? [] : input.shape)),
    dtypes: inputs.map((input) => (typeof input === "number" ? output.dtype : input.dtype)),
    attrs,
  });
  return node;
}

import { adopt, hasManual, isAdopted } from "../backend/ownership.ts";
import { isRegionOpen, region } from "../backend/region.ts";
import type { Storage, View } from "../backend/view.ts";
import { Tensor } from "../tensor/tensor.ts";
import { TapeNode } from "./node.ts";
import { type Op, type Operand, vjpOf } from "./op.ts";
import { scope } from "./ownership.ts";

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
export const noGrad = <T>(fn: () => T): T => (hasManual() ? scope(() => withGrad(false, fn)) : withGrad(false, fn));

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

/** The storage that the operation made which ran last, if its result shows that. */
let fresh: Storage | undefined;
const noteFresh = (storage: Storage): void => {
  fresh = storage;
};

/** The one function in which operations happen: computes the value, records it on the tape when a gradient flows, tells the listeners. */
export function apply<Attrs>(op: Op<Attrs>, inputs: readonly Operand[], attrs: Attrs): Tensor {
  checkDevices(op, inputs);
  const before = switchGrad(false);
  depth++;
  let output: Tensor;
  try {
    const run = (): View => {
      const view = op.forward(inputs, attrs);
      fresh = undefined;
      return view;
    };
    output = new Tensor(region(run, storageOf, noteFresh));
  } finally {
    depth--;
    recording = before;
  }
  const made: Storage | undefined = fresh;
  if (before && op.vjp !== undefined) record(op, inputs, attrs, output);
  if (made?.device.manual && !isRegionOpen()) {
    if (output.node === null) adopt(made);
    else output.node.own(made);
  }
  if (listeners.size > 0 && depth === 0) for (const listener of listeners) listener({ op, inputs, attrs, output });
  return output;
}

/** What is saved: a variable may take over other memory before the backward pass, the values that were read stay these. */
const valueOf = (input: Tensor): Tensor => (input.constructor === Tensor ? input : Object.assign(new Tensor(input), { node: input.node }));

/** Puts the output on the tape when a gradient flows through one of the inputs. */
function record(op: Op, inputs: readonly Operand[], attrs: unknown, output: Tensor): void {
  let edges: (TapeNode | null)[] | undefined;
  for (let k = 0; k < inputs.length; k++) {
    const input = inputs[k];
    if (typeof input === "number" || input.node === null || vjpOf(op, k) === null) continue;
    edges ??= new Array<TapeNode | null>(inputs.length).fill(null);
    edges[k] = input.node;
  }
  if (edges === undefined) return;
  const node = new TapeNode(op, output, edges, attrs);
  output.node = node;
  const flows = edges;
  const saves = typeof op.saves === "function" ? op.saves((k) => flows[k] !== null) : op.saves;
  const kept = saves?.inputs;
  if (hasManual())
    for (let k = 0; k < inputs.length; k++) {
      // What functions made on the way and the tape now needs goes with the first node that saves it.
      const input = inputs[k];
      if (typeof input !== "number" && input.node === null && (kept?.includes(k) ?? true) && isAdopted(input.storage)) node.own(input.storage);
    }
  node.save({
    inputs: inputs.map((input, k) => (typeof input === "number" ? input : kept === undefined || kept.includes(k) ? valueOf(input) : undefined)),
    output: (saves?.output ?? true) ? output : undefined,
    shapes: inputs.map((input) => (typeof input === "number" ? [] : input.shape)),
    dtypes: inputs.map((input) => (typeof input === "number" ? output.dtype : input.dtype)),
    attrs,
  });
}

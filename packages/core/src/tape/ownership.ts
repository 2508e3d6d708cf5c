import { framed, hasManual, isInScope, keepStorage, type Reach, release } from "../backend/ownership.ts";
import { isRegionOpen } from "../backend/region.ts";
import type { Storage } from "../backend/view.ts";
import { Tensor } from "../tensor/tensor.ts";
import { nodesBefore } from "./graph.ts";
import type { TapeNode } from "./node.ts";

/** The tensors in a result: itself, or in arrays, maps, sets and objects. */
function tensorsIn(result: unknown): Tensor[] {
  const found: Tensor[] = [];
  const seen = new Set<unknown>();
  const stack: unknown[] = [result];
  while (stack.length > 0) {
    const value = stack.pop();
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof Tensor) found.push(value);
    else if (value instanceof Map) stack.push(...value.keys(), ...value.values());
    else if (value instanceof Set || Array.isArray(value)) stack.push(...value);
    else stack.push(...Object.values(value));
  }
  return found;
}

/** The storages of the tensors in a result. */
export const storagesOf = (result: unknown): Set<Storage> => new Set(tensorsIn(result).map(({ storage }) => storage));

/** The storages of a result's tensors, and those that their backward pass will read. */
function storagesBehind(result: unknown): Set<Storage> {
  const tensors = tensorsIn(result);
  const storages = new Set(tensors.map(({ storage }) => storage));
  for (const node of nodesBefore(tensors.flatMap(({ node }) => (node === null ? [] : [node])) as TapeNode[]))
    for (const storage of [...node.owned, ...tensorsIn([node.saved?.inputs, node.saved?.output]).map(({ storage }) => storage)])
      storages.add(storage);
  return storages;
}

/**
 * Runs a function that is composed of operations and frees what it made on the way on devices whose memory has owners (GPUs): what is neither returned nor
 * needed by the tape.
 */
export const composed = <T>(fn: () => T): T => (!hasManual() || isRegionOpen() ? fn() : framed("temporaries", fn, storagesOf));

/**
 * Runs `fn` and frees at its end all that it made, on every device, except for what it returns and what that needs for a backward pass, what was kept with
 * `keep`, and the values of parameters, gradients and optimizers. Reading what was freed is an error. On a GPU a loop needs it where tensors are made outside of
 * modules and `backward()`; on the CPU, whose memory is collected, it makes work on large tensors faster, because the next turn finds its memory in the
 * cache. `fn` must not be asynchronous.
 */
export const scope = <T>(fn: () => T): T => bounded("everywhere", fn);

/** A scope on devices whose memory has owners alone. */
export const deviceScope = <T>(fn: () => T): T => (hasManual() ? bounded("device", fn) : fn());

function bounded<T>(reach: Reach, fn: () => T): T {
  const run = (): T => {
    const result = fn();
    if (result instanceof Promise) throw new TypeError("scope: the function returned a promise; put the synchronous parts into scopes of their own");
    return result;
  };
  return framed(reach, run, storagesBehind);
}

/** Keeps a tensor's memory beyond the scope, and on a GPU the pass or module, that made it, until `dispose()`. Returns the tensor. */
export function keep<T extends Tensor>(x: T): T {
  if (x.device.manual || isInScope()) {
    keepStorage(x.storage);
    release(x.storage);
  }
  return x;
}

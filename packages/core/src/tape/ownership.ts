import { framed, hasManual, keepStorage, release } from "../backend/ownership.ts";
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
    for (const storage of [...node.owned, ...tensorsIn(node.saved?.inputs).map(({ storage }) => storage)]) storages.add(storage);
  return storages;
}

/**
 * Runs a function that is composed of operations and frees what it made on the way on devices whose memory has owners (GPUs): what is neither returned nor
 * needed by the tape.
 */
export const composed = <T>(fn: () => T): T => (!hasManual() || isRegionOpen() ? fn() : framed(false, fn, storagesOf));

/**
 * Runs `fn` and frees all that it made on a GPU, recorded or not, except for what it returns, what was kept with `keep`, and the values of parameters, gradients and
 * optimizers. On the CPU, whose memory is garbage-collected, it just runs `fn`. `fn` must not be asynchronous.
 */
export function scope<T>(fn: () => T): T {
  if (!hasManual()) return fn();
  return framed(
    true,
    () => {
      const result = fn();
      if (result instanceof Promise)
        throw new TypeError("scope: the function returned a promise; put the synchronous parts into scopes of their own");
      return result;
    },
    storagesBehind,
  );
}

/** Keeps a tensor's memory on a GPU beyond the pass, scope or module that made it, until `dispose()`. Returns the tensor. On the CPU every tensor is kept. */
export function keep<T extends Tensor>(x: T): T {
  if (x.device.manual) {
    keepStorage(x.storage);
    release(x.storage);
  }
  return x;
}

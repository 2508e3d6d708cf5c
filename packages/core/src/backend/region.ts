import type { Storage } from "./view.ts";

/** Storages made since the innermost region began; `undefined` outside of any, where the collector owns everything. */
let made: Set<Storage> | undefined;

/** Notes a fresh storage as owned by the current region. */
export function own(storage: Storage): void {
  made?.add(storage);
}

/** Gives memory back to its backend at once. Only for storages that no tensor of a user can show. */
export function free(storage: Storage): void {
  storage.device.backend.free?.(storage);
}

/**
 * Runs `fn` and frees every storage made inside that its result does not show: the temporaries of an operation, of a backward step, of an update.
 * What is kept passes to the region around.
 * @param keeps the storages of the result.
 * @param handOver gets the kept storages that were made inside.
 */
export function region<T>(fn: () => T, keeps: (result: T) => Iterable<Storage>, handOver?: (kept: Storage) => void): T {
  const outer = made;
  const inner = new Set<Storage>();
  made = inner;
  let result: T;
  try {
    result = fn();
  } finally {
    made = outer;
  }
  for (const storage of keeps(result)) {
    if (!inner.delete(storage)) continue;
    outer?.add(storage);
    handOver?.(storage);
  }
  for (const storage of inner) free(storage);
  return result;
}

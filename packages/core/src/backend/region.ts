import { adopt } from "./ownership.ts";
import type { Storage } from "./view.ts";

/** Storages made inside the regions that are open, innermost last; outside of any region the collector owns everything. */
const made: Storage[] = [];
let open = 0;

/** Notes a fresh storage as owned by the current region. */
export function own(storage: Storage): void {
  if (open > 0) made.push(storage);
  else if (storage.device.manual) adopt(storage);
}

/** Whether a region is open, which owns all that is made. */
export const isRegionOpen = (): boolean => open > 0;

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
export function region<T>(fn: () => T, keeps: (result: T) => readonly Storage[], handOver?: (kept: Storage) => void): T {
  const start = made.length;
  open++;
  let result: T;
  try {
    result = fn();
  } catch (error) {
    made.length = start;
    throw error;
  } finally {
    open--;
  }
  if (made.length === start) return result;
  const kept = keeps(result);
  let end = start;
  for (let i = start; i < made.length; i++) {
    const storage = made[i];
    if (kept.includes(storage)) {
      if (handOver !== undefined) handOver(storage);
      else if (open === 0 && storage.device.manual) adopt(storage);
      made[end++] = storage;
    } else free(storage);
  }
  made.length = open > 0 ? end : start;
  return result;
}

/** Runs `fn` outside of every region: what it makes belongs to the collector, however long the work around it lasts. */
export function unowned<T>(fn: () => T): T {
  const before = open;
  open = 0;
  try {
    return fn();
  } finally {
    open = before;
  }
}

import { adopt } from "./ownership.ts";
import type { Storage } from "./view.ts";

/** Storages made inside the regions that are open, innermost last; outside of any region the collector owns everything. */
const made: Storage[] = [];
let open = 0;

/** Notes a fresh storage as owned by the current region. */
export function own(storage: Storage): void {
  if (open > 0) made.push(storage);
  else adopt(storage);
}

/** Whether a region is open, which owns all that is made. */
export const isRegionOpen = (): boolean => open > 0;

/** Gives memory back to its backend at once. Only for storages that no tensor of a user can show. */
export function free(storage: Storage): void {
  storage.device.backend.free?.(storage);
}

/** What shows a storage: a view, a tensor. */
interface Shows {
  readonly storage: Storage;
}

/** Opens a region: it owns what is made until it is closed. Returns its mark. For the tape's hot path; everybody else calls `region`. */
export function openRegion(): number {
  open++;
  return made.length;
}

/** Closes the region of a mark and frees what was made inside and nothing of `shown` shows; the rest passes to the region around. */
export function closeRegion(mark: number, shown: readonly (Shows | null)[], handOver?: (kept: Storage) => void): void {
  open--;
  let end = mark;
  for (let i = mark; i < made.length; i++) {
    const storage = made[i];
    let kept = false;
    for (let k = 0; k < shown.length && !kept; k++) kept = shown[k]?.storage === storage;
    if (!kept) {
      free(storage);
      continue;
    }
    if (handOver !== undefined) handOver(storage);
    else if (open === 0) adopt(storage);
    made[end++] = storage;
  }
  shorten(open > 0 ? end : mark);
}

/** Closes the region of a mark after an error: what was made inside is left to the collector. */
export function abandonRegion(mark: number): void {
  open--;
  shorten(mark);
}

/** Shortens the list; to set its length costs many times more. */
function shorten(length: number): void {
  while (made.length > length) made.pop();
}

/**
 * Runs `fn` and frees every storage made inside that its result does not show: the temporaries of an operation, of a backward step, of an update.
 * What is kept passes to the region around.
 * @param shows what of the result shows storages.
 * @param handOver gets the kept storages that were made inside.
 */
export function region<T>(fn: () => T, shows: (result: T) => readonly Shows[], handOver?: (kept: Storage) => void): T {
  const mark = openRegion();
  let result: T;
  try {
    result = fn();
  } catch (error) {
    abandonRegion(mark);
    throw error;
  }
  closeRegion(mark, shows(result), handOver);
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

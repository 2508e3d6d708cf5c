import type { Storage } from "./view.ts";

/**
 * What the end of a function frees: what it made on the way on devices whose memory has owners and the tape does not own ("temporaries"), what the tape owns too
 * ("device"), or all that was made on any device ("everywhere").
 */
export type Reach = "temporaries" | "device" | "everywhere";

/** What was made while some function ran, and belongs to nobody yet. */
interface Frame {
  readonly made: Set<Storage>;
  readonly reach: Reach;
}

const frames: Frame[] = [];
const kept = new WeakSet<Storage>();
let devices = 0;
let scopes = 0;

/** Notes that a device exists whose memory has owners; until then nothing here costs anything. */
export const noteManual = (): void => void devices++;

/** Whether such a device exists. */
export const hasManual = (): boolean => devices > 0;

/** Whether a scope runs, which frees what is made in it on every device. */
export const isInScope = (): boolean => scopes > 0;

/** Leaves a fresh storage to the function that runs: it is freed when that ends, unless it is returned. Memory that is collected is left to scopes alone. */
export function adopt(storage: Storage): void {
  if (storage.device.manual) frames.at(-1)?.made.add(storage);
  else if (scopes > 0) frames.findLast(({ reach }) => reach === "everywhere")?.made.add(storage);
}

/** A fresh storage has an owner: the functions that run no longer free it, except for those that free what the tape owns. */
export function settle(storage: Storage): void {
  for (const frame of frames) if (frame.reach === "temporaries") frame.made.delete(storage);
  for (let k = frames.length - 1; k >= 0; k--)
    if (frames[k].reach !== "temporaries") {
      frames[k].made.add(storage);
      return;
    }
}

/** Takes a storage out of the hands of all functions that run; tells whether one had it. */
export function release(storage: Storage): boolean {
  let had = false;
  for (const frame of frames) had = frame.made.delete(storage) || had;
  return had;
}

/** Whether a function that runs would free this storage. */
export const isAdopted = (storage: Storage): boolean => frames.some((frame) => frame.reach === "temporaries" && frame.made.has(storage));

/** Exempts a storage from being freed by anybody but its holder. */
export const keepStorage = (storage: Storage): void => void kept.add(storage);

/** Frees a storage at the end of its owner, unless somebody keeps it. */
export function giveUp(storage: Storage): void {
  if (!kept.has(storage)) storage.device.backend.free?.(storage);
}

/**
 * Runs `fn` and frees what it made within `reach`, except for what `keeps` finds in its result.
 */
export function framed<T>(reach: Reach, fn: () => T, keeps: (result: T) => ReadonlySet<Storage>): T {
  const isScope = reach === "everywhere";
  if (devices === 0 && !isScope) return fn();
  const frame: Frame = { made: new Set(), reach };
  frames.push(frame);
  if (isScope) scopes++;
  let result: T;
  try {
    result = fn();
  } finally {
    frames.splice(frames.indexOf(frame), 1);
    if (isScope) scopes--;
  }
  if (frame.made.size === 0) return result;
  const stays = keeps(result);
  for (const storage of frame.made)
    if (stays.has(storage)) adopt(storage);
    else giveUp(storage);
  return result;
}

import { type Range, required, type Setting, settings } from "../setting.ts";
import { LRScheduler } from "./scheduler.ts";

const list: Range = { text: "a list of at least one scheduler", holds: (value) => Array.isArray(value) && value.length > 0 };

/** The options of a composition, checked: what it is made of are schedulers that follow a schedule. */
export function partsOf<O extends { readonly schedulers: readonly LRScheduler[] }>(
  owner: string,
  options: O,
  rows: { readonly [K in keyof Omit<Required<O>, "schedulers">]: Setting<Required<O>[K]> },
): Required<O> {
  type Rows = { readonly [K in keyof Required<O>]: Setting<Required<O>[K]> };
  const found = settings<O>(owner, options, { schedulers: [required, list], ...rows } as unknown as Rows);
  found.schedulers.forEach((part: unknown, k) => {
    if (!(part instanceof LRScheduler))
      throw new TypeError(`${owner}: scheduler ${k} is no schedule of steps (ReduceLROnPlateau needs a metric: step it beside the ${owner})`);
  });
  return found;
}

import type { Tensor } from "@gradtape/core";
import { callable, type Range, settings } from "./setting.ts";

/** Options of `accumulate`. */
export interface AccumulateOptions {
  /** How many examples each part has; needed where they differ and the loss is a mean. Default: all the same. */
  readonly sizes?: readonly number[] | null;
  /** How gradients are computed from a part's weighted loss. Default `loss.backward()`; with a scaler: `(loss) => scaler.scale(loss).backward()`. */
  readonly backward?: (loss: Tensor) => void;
}

const sizeList: Range = {
  text: "a list of sizes above 0, or null",
  holds: (value) => value === null || (Array.isArray(value) && value.every((size) => typeof size === "number" && size > 0 && size < Infinity)),
};

/**
 * Gradient accumulation: adds up the gradients of small parts, so that one `optimizer.step()` afterwards does what a large batch would, in the memory of one
 * part. `loss` gives the MEAN loss of a part; each is weighted by its share of the examples. Returns the mean loss of all. Written out it is
 * `for (const part of parts) loss(part).div(parts.length).backward()` between `zeroGrad()` and `step()`. (Batch normalisation still sees single parts.)
 */
export function accumulate<T>(parts: readonly T[], loss: (part: T) => Tensor, options: AccumulateOptions = {}): number {
  const { sizes, backward } = settings<AccumulateOptions>("accumulate", options, {
    sizes: [null, sizeList],
    backward: [(value: Tensor) => value.backward(), callable],
  });
  if (parts.length === 0) throw new RangeError("accumulate: needs at least one part");
  if (sizes !== null && sizes.length !== parts.length) throw new RangeError(`accumulate: ${sizes.length} sizes for ${parts.length} parts`);
  const total = sizes === null ? parts.length : sizes.reduce((sum, size) => sum + size, 0);
  return parts.reduce((mean, part, k) => {
    const weighted = loss(part).mul((sizes?.[k] ?? 1) / total);
    backward(weighted);
    return mean + weighted.item();
  }, 0);
}

import { type Kernel, kernel } from "./kernel.ts";
import { restride, type View } from "./view.ts";

const sum: Kernel = kernel("total = total + x");

/** Adds to a view in place, `total += x`; x broadcasts. */
export function accumulate(total: View, x: View): void {
  total.storage.device.backend.map(sum, [total, x], [], [total]);
}

/** Adds a bias in place: one number for every channel, after which `others` dimensions follow. */
export function addBias(output: View, bias: View, others: number): void {
  const ones = new Array<number>(others).fill(1);
  accumulate(output, restride(bias, [bias.shape[0], ...ones], [bias.strides[0], ...ones]));
}

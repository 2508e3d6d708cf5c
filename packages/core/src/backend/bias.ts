import { kernel } from "./kernel.ts";
import { restride, type View } from "./view.ts";

const sum = kernel("y = y0 + b");
const order = sum.inputs.map((name) => name === "b");

/** Adds a bias to what an operation has just made, in place: one number for every channel, after which `others` dimensions follow. */
export function addBias(output: View, bias: View, others: number): void {
  const ones = new Array<number>(others).fill(1);
  const along = restride(bias, [bias.shape[0], ...ones], [bias.strides[0], ...ones]);
  output.storage.device.backend.map(
    sum,
    order.map((isBias) => (isBias ? along : output)),
    [],
    [output],
  );
}

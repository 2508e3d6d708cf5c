import { kernel } from "./kernel.ts";
import { broadcastView, restride, type View } from "./view.ts";

const sum = kernel("y = y0 + b");

/** Adds a bias to the product that an operation has just made, in place: one number for every index of a dimension, counted from the end. */
export function addBias(output: View, values: View, fromEnd: number): void {
  const along = restride(
    values,
    [values.shape[0], ...new Array<number>(fromEnd).fill(1)],
    [values.strides[0], ...new Array<number>(fromEnd).fill(0)],
  );
  const stretched = broadcastView(along, output.shape);
  output.storage.device.backend.map(
    sum,
    sum.inputs.map((name) => (name === "b" ? stretched : output)),
    [],
    [output],
  );
}

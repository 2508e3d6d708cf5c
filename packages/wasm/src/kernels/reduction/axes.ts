import type { View } from "@gradtape/core";

/** A dimension of a reduction: its size, and the elements from one index to the next in input and output. */
export interface Axis {
  size: number;
  input: number;
  output: number;
  /** Whether it is folded. */
  readonly folded: boolean;
}

/** The dimensions of a reduction, those of widest steps first, sizes of 1 dropped and neighbours merged where both views step evenly across them. */
export function axesOf(input: View, folded: readonly number[], output: View): Axis[] {
  const all = input.shape.map((size, d): Axis => {
    const isFolded = folded.includes(d);
    return { size, input: input.strides[d], output: isFolded ? 0 : output.strides[d], folded: isFolded };
  });
  const merged: Axis[] = [];
  for (const axis of all.filter(({ size }) => size !== 1).sort((a, b) => Math.abs(b.input) - Math.abs(a.input))) {
    const last = merged[merged.length - 1];
    const even = (wide: number, narrow: number): boolean => wide === narrow * axis.size;
    if (last?.folded === axis.folded && even(last.input, axis.input) && even(last.output, axis.output))
      merged[merged.length - 1] = { ...axis, size: last.size * axis.size };
    else merged.push(axis);
  }
  return merged;
}

import type { Window } from "@gradtape/core";

/** How a window moves over one dimension of a source: at a position, a tap touches the element `positions[i] + taps[j]`; outside there are zeros. */
export interface Axis {
  /** Elements of the source. */
  readonly length: number;
  /** In increasing order. */
  readonly positions: readonly number[];
  /** In increasing order. */
  readonly taps: readonly number[];
  /** The element of the result that belongs to each position. */
  readonly results: readonly number[];
  /** The element of the kernel that belongs to each tap. */
  readonly elements: readonly number[];
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The axes of a window over its input. */
export const axesOf = ({ kernel, stride, padding, dilation, input, output }: Window): Axis[] =>
  kernel.map((size, d) => ({
    length: input[d],
    positions: upTo(output[d]).map((o) => o * stride[d] - padding[d]),
    taps: upTo(size).map((k) => k * dilation[d]),
    results: upTo(output[d]),
    elements: upTo(size),
  }));

/**
 * The axes of the adjoint of what a window does, such as the gradient of a convolution's input: it falls into one window over the output for every phase of
 * the stride. Inputs that lie the same way between the strides see the same elements of the kernel, turned around. A phase may have no taps: it gives 0.
 */
export function phasesOf({ kernel, stride, padding, dilation, input, output }: Window): Axis[][] {
  const perDimension = kernel.map((size, d) =>
    upTo(Math.min(stride[d], input[d])).map((first): Axis => {
      const results = upTo(Math.ceil((input[d] - first) / stride[d])).map((t) => first + t * stride[d]);
      const elements = upTo(size)
        .reverse()
        .filter((k) => (first + padding[d] - k * dilation[d]) % stride[d] === 0);
      return {
        length: output[d],
        positions: results.map((_, t) => t),
        taps: elements.map((k) => (first + padding[d] - k * dilation[d]) / stride[d]),
        results,
        elements,
      };
    }),
  );
  return perDimension.reduce<Axis[][]>((phases, axes) => phases.flatMap((phase) => axes.map((axis) => [...phase, axis])), [[]]);
}

/** The first and the last element that an axis touches. */
export const reachOf = ({ positions, taps }: Axis): readonly [number, number] => [
  positions[0] + taps[0],
  positions[positions.length - 1] + taps[taps.length - 1],
];

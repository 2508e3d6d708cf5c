import { cpu, type DType, hostStorage, type Shape, type View } from "@gradtape/core";
import fc from "fast-check";
import type { WasmBackend } from "../src/index.ts";

const arrays = { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array } as const;

/** How a view of a shape lies in its storage. */
export interface Layout {
  /** The dimensions, the one of widest steps first. */
  readonly order: readonly number[];
  /** Dimensions along which it is read from the end. */
  readonly reversed: readonly boolean[];
  /** Elements before it. */
  readonly offset: number;
  /** Elements between neighbours along the innermost dimension, one more. */
  readonly step: number;
  /** Whether it lies in the backend's memory, or in an array of its own. */
  readonly resident: boolean;
}

/** Any layout of so many dimensions. */
export const layouts = (rank: number): fc.Arbitrary<Layout> =>
  fc.record({
    order: fc.shuffledSubarray(
      Array.from({ length: rank }, (_, d) => d),
      { minLength: rank, maxLength: rank },
    ),
    reversed: fc.array(fc.boolean(), { minLength: rank, maxLength: rank }),
    offset: fc.nat(5),
    step: fc.constantFrom(1, 1, 1, 2, 3),
    resident: fc.boolean(),
  });

/** A view of a shape, whose elements are `value(index)` by their row-major index, where the values are given; zeros elsewhere. */
export function viewOf(backend: WasmBackend, dtype: DType, shape: Shape, layout: Layout, value?: (index: number) => number): View {
  const strides = new Array<number>(shape.length).fill(0);
  let length: number = layout.step;
  for (const d of [...layout.order].reverse()) {
    strides[d] = length;
    length *= Math.max(shape[d], 1);
  }
  let offset = layout.offset;
  for (let d = 0; d < shape.length; d++) {
    if (!layout.reversed[d] || shape[d] === 0) continue;
    offset += (shape[d] - 1) * strides[d];
    strides[d] = -strides[d];
  }
  const total = layout.offset + length;
  const storage = layout.resident ? backend.allocate(dtype, total, "variable") : hostStorage(cpu, dtype, new arrays[dtype](total));
  storage.data?.fill(0);
  const view: View = { storage, dtype, shape, strides, offset };
  if (value !== undefined) positionsOf(view).forEach((at, index) => void (storage.data![at] = value(index)));
  return view;
}

/** Where the elements of a view lie in its storage, row-major. */
export function positionsOf({ shape, strides, offset }: View): number[] {
  let positions = [offset];
  shape.forEach((size, d) => {
    positions = positions.flatMap((at) => Array.from({ length: size }, (_, i) => at + i * strides[d]));
  });
  return positions;
}

/** The elements of a view, row-major. */
export const elementsOf = (view: View): number[] => positionsOf(view).map((at) => Number(view.storage.data![at]));

import { sizeOf, type View } from "@gradtape/core";
import { type Walk, walkKey, walkOf } from "./position.ts";
import type { GpuStorage } from "./storage.ts";

/** Along which dimension an operand's elements lie in whole texels. */
export type Grain = "inner" | "outer" | "none";

/** One operand: where row or column `i` and inner index `k` of a batch lie. */
export interface Operand {
  readonly view: View;
  readonly batch: Walk;
  /** Stride of the outer dimension: rows of the left operand, columns of the right one. */
  readonly outer: number;
  /** Stride of the dimension that is summed over. */
  readonly inner: number;
  readonly grain: Grain;
}

/** Sizes of a batch of products. */
export interface Sizes {
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** The operand that a view is; the dimensions are those of its rows or columns, and of the sum. */
export function operandOf(view: View, outerSize: number, innerSize: number, outerDim: number, innerDim: number): Operand {
  const lead = view.shape.length - 2;
  const batch = walkOf(view.shape.slice(0, lead), view.strides.slice(0, lead), view.offset);
  const outer = view.strides[outerDim];
  const inner = view.strides[innerDim];
  const even = view.offset % 4 === 0 && batch.strides.every((stride) => stride % 4 === 0);
  const grain =
    even && inner === 1 && innerSize % 4 === 0 && (outer % 4 === 0 || outerSize === 1)
      ? "inner"
      : even && outer === 1 && outerSize % 4 === 0 && (inner % 4 === 0 || innerSize === 1)
        ? "outer"
        : "none";
  return { view, batch, outer, inner, grain };
}

/** The text by which operands are told apart. */
export const operandKey = ({ batch, outer, inner, grain }: Operand): string => `${walkKey(batch)}:${outer},${inner}${grain}`;

/** The numbers below n. */
export const range = (n: number): number[] => Array.from({ length: n }, (_, k) => k);

/** A dense view of a storage. */
export function dense(storage: GpuStorage, shape: readonly number[]): View {
  const strides = shape.map((_, d) => sizeOf(shape.slice(d + 1)));
  return { storage, dtype: storage.dtype, shape, strides, offset: 0 };
}

import type { View } from "@gradtape/core";
import { bytesOf } from "../../memory/heap.ts";

/** A tensor in the memory: the address of its first element, and the bytes from one index to the next of every dimension. */
export interface Grid {
  readonly at: number;
  readonly strides: readonly number[];
}

/** The grid of a view that lies at an address. */
export const gridOf = (view: View, at: number): Grid => ({ at, strides: view.strides.map((stride) => stride * bytesOf[view.dtype]) });

/** The same grid from an index of a dimension on. */
export const from = ({ at, strides }: Grid, dimension: number, index: number): Grid => ({ at: at + index * strides[dimension], strides });

/** The offsets of some indices along a dimension. */
export const along = (grid: Pick<Grid, "strides">, dimension: number, indices: readonly number[]): number[] =>
  indices.map((index) => index * grid.strides[dimension]);

/** The first n offsets along a dimension. */
export const firstOf = (grid: Pick<Grid, "strides">, dimension: number, n: number): number[] =>
  Array.from({ length: n }, (_, i) => i * grid.strides[dimension]);

/** Every sum of one number of each list, the last list running fastest. */
export function sums(lists: readonly (readonly number[])[]): number[] {
  let all = [0];
  for (const list of lists) {
    const next = new Array<number>(all.length * list.length);
    let i = 0;
    for (const base of all) for (const offset of list) next[i++] = base + offset;
    all = next;
  }
  return all;
}

import { sizeOf } from "@gradtape/core";
import type { Axis } from "../axis.ts";
import type { Grid } from "../grid.ts";
import type { Task } from "../task.ts";

/** How results are cut into tiles of 2x2, of which a vector has four: in a row, or two above two. */
export interface Tiling {
  /** Numbers that a vector of tiles covers, down and across. */
  readonly cover: readonly [2, 8] | readonly [4, 4];
  /** Rows of vectors, and vectors in a row. */
  readonly down: number;
  readonly vectors: number;
}

/** Fewer channels or rows than these, and the transformations cost more than they save. */
const LEAST = 16;
/** Of the numbers that tiles compute, how many must be wanted. */
const WANTED = 0.6;

/** Bytes of padded images: all channels must fit, and are read only once. */
export const IMAGE_BYTES = 2 ** 23;

const consecutive = (list: readonly number[]): boolean => list.every((x, i) => x === list[0] + i);

/** The tiles of a convolution, if it has windows of 3x3 that move by one, and enough to do to be worth it. Single precision alone: double shall be exact. */
export function tilingOf({ dtype, axes, channels, rows, source }: Task): Tiling | undefined {
  if (dtype !== "float32" || axes.length !== 2 || channels < LEAST || rows < LEAST || source.strides[3] !== 4) return undefined;
  const suits = ({ taps, positions, results }: Axis): boolean =>
    taps.length === 3 && results[0] === 0 && [taps, positions, results].every(consecutive);
  if (!axes.every(suits)) return undefined;
  const [height, width] = axes.map(({ positions }) => positions.length);
  const [row, square] = [[2, 8] as const, [4, 4] as const].map(
    (cover): Tiling => ({ cover, down: Math.ceil(height / cover[0]), vectors: Math.ceil(width / cover[1]) }),
  );
  const tiling = sizeOf(covered(square)) < sizeOf(covered(row)) ? square : row;
  return height * width >= WANTED * sizeOf(covered(tiling)) ? tiling : undefined;
}

/** Numbers of an image that tiles cover. */
export const covered = ({ cover, down, vectors }: Tiling): readonly [number, number] => [cover[0] * down, cover[1] * vectors];

/** How vectors of tiles lie in a grid of images: bytes from the first two tiles of one to the others, and to the next vector. */
export const stepsOf = ({ cover }: Tiling, { strides }: Pick<Grid, "strides">): { readonly half: number; readonly step: number } => ({
  half: cover[0] === 2 ? 16 : 2 * strides[2],
  step: 4 * cover[1],
});

/** Axes on which the window moves over whole tiles. */
export const whole = (axes: readonly Axis[], tiling: Tiling): Axis[] =>
  axes.map((axis, d) => ({ ...axis, positions: Array.from({ length: covered(tiling)[d] }, (_, i) => axis.positions[0] + i) }));

/** Where the rows of tiles of some samples begin in a grid of images. */
export const tileRows = ({ strides }: Pick<Grid, "strides">, { down, cover }: Tiling, samples: number): number[] =>
  Array.from({ length: samples * down }, (_, row) => Math.floor(row / down) * strides[0] + cover[0] * (row % down) * strides[2]);

/** From where element 0 of a grid of images lies, or would, to the first element that the window touches. */
export const firstOffset = (axes: readonly Axis[], { strides }: Pick<Grid, "strides">): number =>
  axes.reduce((offset, { positions, taps }, d) => offset + (positions[0] + taps[0]) * strides[d + 2], 0);

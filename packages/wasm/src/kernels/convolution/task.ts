import type { Elementwise } from "../elementwise/map.ts";
import type { Axis } from "./axis.ts";
import type { Grid } from "./grid.ts";
import type { PatchProducts } from "./products.ts";
import type { Scratch } from "./scratch.ts";
import type { TileProducts } from "./winograd/products.ts";

/** What all convolutions are computed with. */
export interface Means {
  readonly products: PatchProducts;
  /** Those of windows of 3x3 by tiles, compiled when they are first needed. */
  readonly tiles: () => TileProducts;
  readonly elementwise: Elementwise;
  /** Memory that is given back when the convolution is done. */
  readonly scratch: Scratch;
}

/** One group of a convolution, or of a gradient: a window over a source `[samples, channels, …]`, from which or for which there are so many rows. */
export interface Task {
  readonly dtype: "float32" | "float64";
  readonly axes: readonly Axis[];
  readonly samples: number;
  readonly channels: number;
  readonly rows: number;
  readonly source: Grid;
}

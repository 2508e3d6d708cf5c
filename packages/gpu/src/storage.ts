import type { Device, DType, Storage, View } from "@gradtape/core";
import type { Later } from "./later.ts";
import type { Sheet } from "./pool.ts";

/** What outlives a storage that nobody holds any more, so that its texture can still be given back. */
export interface Cell {
  /** The texture with the values; `undefined` before the first write, after `free`, and while the values are only on the host. */
  sheet: Sheet | undefined;
  /** How the values are made, while nobody has asked for them. */
  later: Later | undefined;
  readonly what: string;
  /** Where it was made, when the device notes that. */
  readonly place: string | undefined;
}

/** Memory on the GPU: a texture from its first write until it is freed. */
export class GpuStorage implements Storage {
  version = 0;
  holders = -1;
  readonly data = undefined;
  readonly cell: Cell;
  /** The values on the host, where they were uploaded from there or read since the last write; the texture can be made again from them. */
  mirror: Float32Array | undefined;
  freed = false;

  constructor(
    readonly device: Device,
    readonly dtype: DType,
    readonly length: number,
    place?: string,
  ) {
    this.cell = { sheet: undefined, later: undefined, what: `${dtype} of ${length} elements`, place };
  }

  get sheet(): Sheet | undefined {
    return this.cell.sheet;
  }

  set sheet(sheet: Sheet | undefined) {
    this.cell.sheet = sheet;
  }
}

/** All elements of a float32 storage as one line, `[length]`. */
export const lineOf = (storage: GpuStorage): View => ({ storage, dtype: "float32", shape: [storage.length], strides: [1], offset: 0 });

/** The elements of as many whole texels as `n` elements need. */
export const wholeTexels = (n: number): number => 4 * Math.ceil(n / 4);

import { checkOptions, type InterpolateOptions, type Tensor } from "@gradtape/core";
import { Module } from "./module.ts";

/** Gives back its input. */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}

/** One dimension in place of `startDim` (1 by default) to `endDim` (the last). */
export class Flatten extends Module {
  readonly #options: { readonly startDim: number; readonly endDim: number };

  constructor(options: { readonly startDim?: number; readonly endDim?: number } = {}) {
    super();
    checkOptions("Flatten", options, ["startDim", "endDim"]);
    this.#options = { startDim: options.startDim ?? 1, endDim: options.endDim ?? -1 };
  }

  override forward(x: Tensor): Tensor {
    return x.flatten(this.#options);
  }

  override extraRepr(): string {
    return `startDim=${this.#options.startDim}, endDim=${this.#options.endDim}`;
  }
}

/** Several dimensions in place of one; one of `sizes` may be -1. */
export class Unflatten extends Module {
  readonly #dim: number;
  readonly #sizes: readonly number[];

  constructor(dim: number, sizes: readonly number[]) {
    super();
    this.#dim = dim;
    this.#sizes = sizes;
  }

  override forward(x: Tensor): Tensor {
    return x.unflatten(this.#dim, this.#sizes);
  }

  override extraRepr(): string {
    return `${this.#dim}, [${this.#sizes.join(", ")}]`;
  }
}

/** Channels to pixels: `[N,C·r²,H,W]` → `[N,C,H·r,W·r]`. */
export class PixelShuffle extends Module {
  readonly #factor: number;

  constructor(upscaleFactor: number) {
    super();
    this.#factor = upscaleFactor;
  }

  override forward(x: Tensor): Tensor {
    return x.pixelShuffle(this.#factor);
  }
}

/** Images of another size. Options as `interpolate`. */
export class Upsample extends Module {
  readonly #options: InterpolateOptions;

  constructor(options: InterpolateOptions) {
    super();
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return x.interpolate(this.#options);
  }
}

import type { AdaptivePoolOptions, AvgPoolOptions, MaxPoolOptions, Tensor } from "@gradtape/core";
import { Module } from "./module.ts";

type Size = number | readonly number[];
type OutputSize = AdaptivePoolOptions["outputSize"];
/** Options of maximum pooling layers beside the window's size. */
export type MaxPoolLayerOptions = Omit<MaxPoolOptions, "kernelSize" | "returnIndices">;
/** Options of average pooling layers beside the window's size. */
export type AvgPoolLayerOptions = Omit<AvgPoolOptions, "kernelSize">;

/** A layer without parameters that holds the options of its op. */
abstract class Pool<Options extends object> extends Module {
  /** Options of the op. */
  protected readonly options: Options;

  constructor(options: Options) {
    super();
    this.options = options;
  }

  override extraRepr(): string {
    return Object.entries(this.options)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join(", ");
  }
}

/** Largest element of each window of `[N,C,L]`. Options as `maxPool1d`. */
export class MaxPool1d extends Pool<MaxPoolOptions & { readonly returnIndices?: false }> {
  constructor(kernelSize: Size, options: MaxPoolLayerOptions = {}) {
    super({ kernelSize, ...options });
  }
  override forward(x: Tensor): Tensor {
    return x.maxPool1d(this.options);
  }
}

/** Largest element of each window of images `[N,C,H,W]`. Options as `maxPool2d`. */
export class MaxPool2d extends Pool<MaxPoolOptions & { readonly returnIndices?: false }> {
  constructor(kernelSize: Size, options: MaxPoolLayerOptions = {}) {
    super({ kernelSize, ...options });
  }
  override forward(x: Tensor): Tensor {
    return x.maxPool2d(this.options);
  }
}

/** Mean of each window of `[N,C,L]`. Options as `avgPool1d`. */
export class AvgPool1d extends Pool<AvgPoolOptions> {
  constructor(kernelSize: Size, options: AvgPoolLayerOptions = {}) {
    super({ kernelSize, ...options });
  }
  override forward(x: Tensor): Tensor {
    return x.avgPool1d(this.options);
  }
}

/** Mean of each window of images `[N,C,H,W]`. Options as `avgPool2d`. */
export class AvgPool2d extends Pool<AvgPoolOptions> {
  constructor(kernelSize: Size, options: AvgPoolLayerOptions = {}) {
    super({ kernelSize, ...options });
  }
  override forward(x: Tensor): Tensor {
    return x.avgPool2d(this.options);
  }
}

/** Means of `outputSize` bins that cover `[N,C,L]`. */
export class AdaptiveAvgPool1d extends Pool<AdaptivePoolOptions> {
  constructor(outputSize: OutputSize) {
    super({ outputSize });
  }
  override forward(x: Tensor): Tensor {
    return x.adaptiveAvgPool1d(this.options);
  }
}

/** Means of `outputSize` bins that cover images `[N,C,H,W]`; 1 is global average pooling. */
export class AdaptiveAvgPool2d extends Pool<AdaptivePoolOptions> {
  constructor(outputSize: OutputSize) {
    super({ outputSize });
  }
  override forward(x: Tensor): Tensor {
    return x.adaptiveAvgPool2d(this.options);
  }
}

/** Largest elements of `outputSize` bins that cover images `[N,C,H,W]`. */
export class AdaptiveMaxPool2d extends Pool<AdaptivePoolOptions> {
  constructor(outputSize: OutputSize) {
    super({ outputSize });
  }
  override forward(x: Tensor): Tensor {
    return x.adaptiveMaxPool2d(this.options);
  }
}

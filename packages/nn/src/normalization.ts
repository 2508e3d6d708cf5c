import { checkOptions, type DType, ones, Parameter, showShape, type Tensor, tensor, Variable, zeros } from "@gradtape/core";
import { checkSize } from "./linear.ts";
import { Module } from "./module.ts";

/** Options of batch and instance normalization. */
export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
  /** Share of the newest batch in the running statistics, 0.1 by default; `null` averages all batches evenly. */
  readonly momentum?: number | null;
  /** Whether a weight and a bias are learned. */
  readonly affine?: boolean;
  /** Whether running statistics are kept, which evaluation mode uses. */
  readonly trackRunningStats?: boolean;
  /** Default float32. */
  readonly dtype?: DType;
}

/** Parameters and running statistics of channels. */
abstract class ChannelNorm extends Module {
  /** `[numFeatures]`, ones at first; `null` without affine. */
  readonly weight: Parameter | null;
  /** `[numFeatures]`, zeros at first; `null` without affine. */
  readonly bias: Parameter | null;
  /** Running mean, a buffer; `null` when none is kept. */
  readonly runningMean: Variable | null;
  /** Running variance (unbiased), a buffer; `null` when none is kept. */
  readonly runningVar: Variable | null;
  /** Batches seen in training, a buffer; `null` when no statistics are kept. */
  readonly numBatchesTracked: Variable | null;
  /** Share of the newest batch in the running statistics. */
  momentum: number | null;
  /** Added to the variance. */
  readonly eps: number;
  readonly #features: number;
  readonly #ranks: readonly number[];

  constructor(
    ranks: readonly number[],
    numFeatures: number,
    options: BatchNormOptions,
    defaults: { readonly affine: boolean; readonly track: boolean },
  ) {
    super();
    checkOptions(new.target.name, options, ["eps", "momentum", "affine", "trackRunningStats", "dtype"]);
    checkSize(new.target.name, "numFeatures", numFeatures);
    const { eps = 1e-5, momentum = 0.1, affine = defaults.affine, trackRunningStats = defaults.track, dtype = "float32" } = options;
    this.#features = numFeatures;
    this.#ranks = ranks;
    this.eps = eps;
    this.momentum = momentum;
    this.weight = affine ? new Parameter(ones([numFeatures], { dtype })) : null;
    this.bias = affine ? new Parameter(zeros([numFeatures], { dtype })) : null;
    this.runningMean = trackRunningStats ? new Variable(zeros([numFeatures], { dtype })) : null;
    this.runningVar = trackRunningStats ? new Variable(ones([numFeatures], { dtype })) : null;
    this.numBatchesTracked = trackRunningStats ? new Variable(tensor(0, { dtype: "int32" })) : null;
  }

  /** Refuses an input of another rank or with other channels. */
  protected check(x: Tensor): void {
    if (!this.#ranks.includes(x.ndim) || x.shape[1] !== this.#features)
      throw new RangeError(
        `${this.constructor.name}: takes ${this.#ranks.join(" or ")} dimensions with ${this.#features} channels in the second, got ${showShape(x.shape)}`,
      );
  }

  /** Parameters, statistics and options, as the op takes them. */
  protected get settings(): {
    readonly weight: Parameter | null;
    readonly bias: Parameter | null;
    readonly runningMean: Variable | null;
    readonly runningVar: Variable | null;
    readonly numBatchesTracked: Variable | null;
    readonly momentum: number | null;
    readonly eps: number;
  } {
    const { weight, bias, runningMean, runningVar, numBatchesTracked, momentum, eps } = this;
    return { weight, bias, runningMean, runningVar, numBatchesTracked, momentum, eps };
  }

  override extraRepr(): string {
    return `${this.#features}, eps=${this.eps}, momentum=${this.momentum}, affine=${this.weight !== null}, trackRunningStats=${this.runningMean !== null}`;
  }
}

/** Batch normalization: batch statistics in training, running ones in evaluation mode where they are kept. */
abstract class BatchNorm extends ChannelNorm {
  constructor(ranks: readonly number[], numFeatures: number, options: BatchNormOptions = {}) {
    super(ranks, numFeatures, options, { affine: true, track: true });
  }

  override forward(x: Tensor): Tensor {
    this.check(x);
    return x.batchNorm({ ...this.settings, training: this.training || this.runningMean === null });
  }
}

/** Batch normalization of `[N,C]` or `[N,C,L]`. Ioffe & Szegedy 2015, arXiv:1502.03167. */
export class BatchNorm1d extends BatchNorm {
  constructor(numFeatures: number, options?: BatchNormOptions) {
    super([2, 3], numFeatures, options);
  }
}

/** Batch normalization of images `[N,C,H,W]`. Ioffe & Szegedy 2015, arXiv:1502.03167. */
export class BatchNorm2d extends BatchNorm {
  constructor(numFeatures: number, options?: BatchNormOptions) {
    super([4], numFeatures, options);
  }
}

/** Batch normalization of volumes `[N,C,D,H,W]`. Ioffe & Szegedy 2015, arXiv:1502.03167. */
export class BatchNorm3d extends BatchNorm {
  constructor(numFeatures: number, options?: BatchNormOptions) {
    super([5], numFeatures, options);
  }
}

/** Instance normalization; without parameters and running statistics by default, as in PyTorch. */
abstract class InstanceNorm extends ChannelNorm {
  constructor(ranks: readonly number[], numFeatures: number, options: BatchNormOptions = {}) {
    super(ranks, numFeatures, options, { affine: false, track: false });
  }

  override forward(x: Tensor): Tensor {
    this.check(x);
    return x.instanceNorm({ ...this.settings, useInputStats: this.training || this.runningMean === null });
  }
}

/** Instance normalization of `[N,C,L]`: each channel of each sample by itself. Ulyanov, Vedaldi & Lempitsky 2016, arXiv:1607.08022. */
export class InstanceNorm1d extends InstanceNorm {
  constructor(numFeatures: number, options?: BatchNormOptions) {
    super([3], numFeatures, options);
  }
}

/** Instance normalization of images `[N,C,H,W]`: each channel of each image by itself. Ulyanov, Vedaldi & Lempitsky 2016, arXiv:1607.08022. */
export class InstanceNorm2d extends InstanceNorm {
  constructor(numFeatures: number, options?: BatchNormOptions) {
    super([4], numFeatures, options);
  }
}

/** Options of `LayerNorm` and `RMSNorm`. */
export interface LayerNormLayerOptions {
  /** Added to the variance. Default 1e-5 (`RMSNorm`: the dtype's epsilon). */
  readonly eps?: number | null;
  /** Whether a weight (and a bias) are learned. Default true. */
  readonly elementwiseAffine?: boolean;
  /** Whether `LayerNorm` has a bias beside its weight. Default true. */
  readonly bias?: boolean;
  /** Default float32. */
  readonly dtype?: DType;
}

const shapeOf = (normalizedShape: number | readonly number[]): readonly number[] =>
  typeof normalizedShape === "number" ? [normalizedShape] : normalizedShape;

/** Layer normalization over the last dimensions, of shape `normalizedShape`. Ba, Kiros & Hinton 2016, arXiv:1607.06450. */
export class LayerNorm extends Module {
  /** `normalizedShape`, ones at first; `null` without affine. */
  readonly weight: Parameter | null;
  /** `normalizedShape`, zeros at first; `null` without affine or bias. */
  readonly bias: Parameter | null;
  readonly #shape: readonly number[];
  readonly #eps: number;

  constructor(normalizedShape: number | readonly number[], options: LayerNormLayerOptions = {}) {
    super();
    checkOptions("LayerNorm", options, ["eps", "elementwiseAffine", "bias", "dtype"]);
    const { eps, elementwiseAffine = true, bias = true, dtype = "float32" } = options;
    this.#shape = shapeOf(normalizedShape);
    this.#eps = eps ?? 1e-5;
    this.weight = elementwiseAffine ? new Parameter(ones(this.#shape, { dtype })) : null;
    this.bias = elementwiseAffine && bias ? new Parameter(zeros(this.#shape, { dtype })) : null;
  }

  override forward(x: Tensor): Tensor {
    return x.layerNorm({ normalizedShape: this.#shape, weight: this.weight, bias: this.bias, eps: this.#eps });
  }

  override extraRepr(): string {
    return `${showShape(this.#shape)}, eps=${this.#eps}, elementwiseAffine=${this.weight !== null}`;
  }
}

/** Root mean square normalization over the last dimensions. Zhang & Sennrich 2019, arXiv:1910.07467. */
export class RMSNorm extends Module {
  /** `normalizedShape`, ones at first; `null` without affine. */
  readonly weight: Parameter | null;
  readonly #shape: readonly number[];
  readonly #eps: number | null;

  constructor(normalizedShape: number | readonly number[], options: Omit<LayerNormLayerOptions, "bias"> = {}) {
    super();
    checkOptions("RMSNorm", options, ["eps", "elementwiseAffine", "dtype"]);
    const { eps = null, elementwiseAffine = true, dtype = "float32" } = options;
    this.#shape = shapeOf(normalizedShape);
    this.#eps = eps;
    this.weight = elementwiseAffine ? new Parameter(ones(this.#shape, { dtype })) : null;
  }

  override forward(x: Tensor): Tensor {
    return x.rmsNorm({ normalizedShape: this.#shape, weight: this.weight, eps: this.#eps });
  }

  override extraRepr(): string {
    return `${showShape(this.#shape)}, eps=${this.#eps}, elementwiseAffine=${this.weight !== null}`;
  }
}

/** Group normalization: each group of channels of each sample by itself. Wu & He 2018, arXiv:1803.08494. */
export class GroupNorm extends Module {
  /** `[numChannels]`, ones at first; `null` without affine. */
  readonly weight: Parameter | null;
  /** `[numChannels]`, zeros at first; `null` without affine. */
  readonly bias: Parameter | null;
  readonly #groups: number;
  readonly #channels: number;
  readonly #eps: number;

  constructor(numGroups: number, numChannels: number, options: { readonly eps?: number; readonly affine?: boolean; readonly dtype?: DType } = {}) {
    super();
    checkOptions("GroupNorm", options, ["eps", "affine", "dtype"]);
    checkSize("GroupNorm", "numGroups", numGroups);
    checkSize("GroupNorm", "numChannels", numChannels);
    if (numChannels % numGroups !== 0) throw new RangeError(`GroupNorm: ${numGroups} groups do not divide ${numChannels} channels`);
    const { eps = 1e-5, affine = true, dtype = "float32" } = options;
    this.#groups = numGroups;
    this.#channels = numChannels;
    this.#eps = eps;
    this.weight = affine ? new Parameter(ones([numChannels], { dtype })) : null;
    this.bias = affine ? new Parameter(zeros([numChannels], { dtype })) : null;
  }

  override forward(x: Tensor): Tensor {
    return x.groupNorm({ numGroups: this.#groups, weight: this.weight, bias: this.bias, eps: this.#eps });
  }

  override extraRepr(): string {
    return `${this.#groups}, ${this.#channels}, eps=${this.#eps}, affine=${this.weight !== null}`;
  }
}

import {
  type BinaryCrossEntropyOptions,
  type CrossEntropyOptions,
  type HuberOptions,
  type KLDivOptions,
  type LogitsOptions,
  type LossOptions,
  type MarginOptions,
  type NLLLossOptions,
  type SmoothL1Options,
  type Tensor,
  type TripletOptions,
  Variable,
} from "@gradtape/core";
import { Module } from "./module.ts";

const buffer = (values: Tensor | null | undefined): Variable | null => (values ? new Variable(values) : null);

/** Cross-entropy of logits `[N,C]` or `[N,C,d…]` against class indices or probabilities. Options as `crossEntropy`. */
export class CrossEntropyLoss extends Module {
  /** Weight of each class, a buffer; `null` when all count the same. */
  readonly weight: Variable | null;
  readonly #options: Omit<CrossEntropyOptions, "weight">;

  constructor(options: CrossEntropyOptions = {}) {
    super();
    const { weight, ...rest } = options;
    this.weight = buffer(weight);
    this.#options = rest;
  }

  /** Logits and targets to the loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    return input.crossEntropy(target, this.weight === null ? this.#options : { ...this.#options, weight: this.weight });
  }
}

/** Negative log likelihood of log probabilities `[N,C]` or `[N,C,d…]` at class indices. Options as `nllLoss`. */
export class NLLLoss extends Module {
  /** Weight of each class, a buffer; `null` when all count the same. */
  readonly weight: Variable | null;
  readonly #options: Omit<NLLLossOptions, "weight">;

  constructor(options: NLLLossOptions = {}) {
    super();
    const { weight, ...rest } = options;
    this.weight = buffer(weight);
    this.#options = rest;
  }

  /** Log probabilities and class indices to the loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    return input.nllLoss(target, { ...this.#options, weight: this.weight });
  }
}

/** Binary cross-entropy of probabilities. Options as `binaryCrossEntropy`. */
export class BCELoss extends Module {
  /** Weight of each element, a buffer; `null` when all count the same. */
  readonly weight: Variable | null;
  readonly #options: LossOptions;

  constructor(options: BinaryCrossEntropyOptions = {}) {
    super();
    const { weight, ...rest } = options;
    this.weight = buffer(weight);
    this.#options = rest;
  }

  /** Probabilities and targets of one shape to the loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    return input.binaryCrossEntropy(target, { ...this.#options, weight: this.weight });
  }
}

/** Binary cross-entropy of logits. Options as `binaryCrossEntropyWithLogits`. */
export class BCEWithLogitsLoss extends Module {
  /** Weight of each element, a buffer; `null` when all count the same. */
  readonly weight: Variable | null;
  /** Weight of the positive class, a buffer; `null` for 1. */
  readonly posWeight: Variable | null;
  readonly #options: LossOptions;

  constructor(options: LogitsOptions = {}) {
    super();
    const { weight, posWeight, ...rest } = options;
    this.weight = buffer(weight);
    this.posWeight = buffer(posWeight);
    this.#options = rest;
  }

  /** Logits and targets of one shape to the loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    return input.binaryCrossEntropyWithLogits(target, { ...this.#options, weight: this.weight, posWeight: this.posWeight });
  }
}

/** A loss that holds the options of its op. */
abstract class Loss<Options extends object> extends Module {
  /** Options of the op. */
  protected readonly options: Options;

  constructor(options?: Options) {
    super();
    this.options = options ?? ({} as Options);
  }

  override extraRepr(): string {
    return Object.entries(this.options)
      .map(([name, value]) => `${name}=${typeof value === "string" ? `"${value}"` : value}`)
      .join(", ");
  }
}

/** Mean squared error. Options as `mseLoss`. */
export class MSELoss extends Loss<LossOptions> {
  /** Input and target to the loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    return input.mseLoss(target, this.options);
  }
}

/** Mean absolute error. Options as `l1Loss`. */
export class L1Loss extends Loss<LossOptions> {
  /** Input and target to the loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    return input.l1Loss(target, this.options);
  }
}

/** Absolute error, squared where it is small. Options as `smoothL1Loss`. */
export class SmoothL1Loss extends Loss<SmoothL1Options> {
  /** Input and target to the loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    return input.smoothL1Loss(target, this.options);
  }
}

/** Squared error, linear where it is large. Options as `huberLoss`. */
export class HuberLoss extends Loss<HuberOptions> {
  /** Input and target to the loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    return input.huberLoss(target, this.options);
  }
}

/** Kullback-Leibler divergence of log probabilities from targets. Options as `klDiv`. */
export class KLDivLoss extends Loss<KLDivOptions> {
  /** Input and target to the loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    return input.klDiv(target, this.options);
  }
}

/** Hinge loss of distances with targets 1 and -1. Options as `hingeEmbeddingLoss`. */
export class HingeEmbeddingLoss extends Loss<MarginOptions> {
  /** Input and target to the loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    return input.hingeEmbeddingLoss(target, this.options);
  }
}

/** Hinge loss of pairs of scores, of which the target says which is to be larger. Options as `marginRankingLoss`. */
export class MarginRankingLoss extends Loss<MarginOptions> {
  /** Two inputs and the target to the loss. */
  override forward(a: Tensor, b: Tensor, target: Tensor): Tensor {
    return a.marginRankingLoss(b, target, this.options);
  }
}

/** Loss of pairs of vectors that are to be alike (target 1) or not (-1). Options as `cosineEmbeddingLoss`. */
export class CosineEmbeddingLoss extends Loss<MarginOptions> {
  /** Two inputs and the target to the loss. */
  override forward(a: Tensor, b: Tensor, target: Tensor): Tensor {
    return a.cosineEmbeddingLoss(b, target, this.options);
  }
}

/** Loss of an anchor that is to be nearer to the positive than to the negative. Options as `tripletMarginLoss`. */
export class TripletMarginLoss extends Loss<TripletOptions> {
  /** Anchor, positive and negative to the loss. */
  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    return anchor.tripletMarginLoss(positive, negative, this.options);
  }
}

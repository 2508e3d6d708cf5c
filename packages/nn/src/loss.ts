import { type CrossEntropyOptions, crossEntropy, type LossOptions, mseLoss, type Tensor, Variable } from "@gradtape/core";
import { Module } from "./module.ts";

/** Cross-entropy of logits `[N,C]` or `[N,C,d…]` against class indices or probabilities. Options as `crossEntropy`. */
export class CrossEntropyLoss extends Module {
  /** Weight of each class, a buffer; `null` when all count the same. */
  readonly weight: Variable | null;
  readonly #options: Omit<CrossEntropyOptions, "weight">;

  constructor(options: CrossEntropyOptions = {}) {
    super();
    const { weight, ...rest } = options;
    this.weight = weight ? new Variable(weight) : null;
    this.#options = rest;
  }

  /** Logits and targets to the loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    return crossEntropy(input, target, this.weight === null ? this.#options : { ...this.#options, weight: this.weight });
  }
}

/** Mean squared error. */
export class MSELoss extends Module {
  readonly #options: LossOptions;

  constructor(options: LossOptions = {}) {
    super();
    this.#options = options;
  }

  /** Input and target of one shape to the loss. */
  override forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, this.#options);
  }
}

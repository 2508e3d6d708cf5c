import type { ParametersOrGroups } from "../group.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import type { Given } from "../options.ts";
import { rule } from "../rule.ts";

const options = { lr: 1e-2, alpha: 0.99, eps: 1e-8, weightDecay: 0, momentum: 0, centered: false, maximize: false };

/** Hyper-parameters of `RMSprop`. */
export type RMSpropOptions = typeof options;

/**
 * RMSprop. Tieleman & Hinton 2012, Coursera lecture 6.5; centered: Graves 2013, arXiv:1308.0850, equations 38-45. As in PyTorch eps stands outside the
 * root, momentum does not see lr, and weight decay is L2.
 */
export const rmsprop = rule(
  "RMSprop",
  { options, state: { squareAverage: 0, gradAverage: 0, buffer: 0 } },
  `
  g             = maximize ? -g : g
  g             = g + weightDecay * p
  squareAverage = alpha * squareAverage + (1 - alpha) * g ** 2
  gradAverage   = alpha * gradAverage + (1 - alpha) * g
  variance      = centered ? squareAverage - gradAverage ** 2 : squareAverage
  d             = g / (sqrt(variance) + eps)
  buffer        = momentum * buffer + d
  p             = p - lr * (momentum == 0 ? d : buffer)
`,
);

/** Steps are scaled by the root of a running mean of squared gradients. */
export class RMSprop extends Optimizer<RMSpropOptions> {
  constructor(params: ParametersOrGroups<RMSpropOptions>, options?: Given<RMSpropOptions> & OptimizerOptions) {
    super(rmsprop, params, options);
  }
}

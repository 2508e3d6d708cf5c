import type { ParametersOrGroups } from "../group.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import type { Given } from "../options.ts";
import { rule } from "../rule.ts";

const options = { lr: 1e-3, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, maximize: false };

/** Hyper-parameters of `SGD`. */
export type SGDOptions = typeof options;

/**
 * Stochastic gradient descent with momentum. Robbins & Monro 1951; Polyak 1964; Nesterov's form from Sutskever et al. 2013, section 2.
 * As in PyTorch the velocity is not scaled by lr, and the first step's velocity is the plain gradient.
 */
export const sgd = rule(
  "SGD",
  {
    options,
    state: { buffer: 0 },
    check: ({ nesterov, momentum, dampening }: SGDOptions) => {
      if (nesterov && (momentum <= 0 || dampening !== 0)) throw new RangeError("SGD: nesterov needs momentum above 0 and dampening 0");
    },
  },
  `
  g      = maximize ? -g : g
  g      = g + weightDecay * p
  buffer = t == 1 ? g : momentum * buffer + (1 - dampening) * g
  d      = momentum == 0 ? g : nesterov ? g + momentum * buffer : buffer
  p      = p - lr * d
`,
);

/** Stochastic gradient descent, with momentum, dampening, Nesterov's lookahead and L2 weight decay. */
export class SGD extends Optimizer<SGDOptions> {
  constructor(params: ParametersOrGroups<SGDOptions>, options?: Given<SGDOptions> & OptimizerOptions) {
    super(sgd, params, options);
  }
}

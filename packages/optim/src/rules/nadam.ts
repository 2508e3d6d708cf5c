import type { ParametersOrGroups } from "../group.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import type { Given } from "../options.ts";
import { rule } from "../rule.ts";

const options = {
  lr: 2e-3,
  betas: [0.9, 0.999] as readonly [number, number],
  eps: 1e-8,
  weightDecay: 0,
  momentumDecay: 4e-3,
  decoupledWeightDecay: false,
  maximize: false,
};

/** Hyper-parameters of `NAdam`. */
export type NAdamOptions = typeof options;

/**
 * NAdam. Dozat 2016, ICLR workshop, Algorithm 1, with the momentum schedule of its section 3. As in PyTorch weight decay is L2, or decoupled
 * (Loshchilov & Hutter 2019, arXiv:1711.05101) on demand.
 */
export const nadam = rule(
  "NAdam",
  { options, state: { m: 0, v: 0 }, scalars: { muProduct: 1 } },
  `
  g         = maximize ? -g : g
  g         = decoupledWeightDecay ? g : g + weightDecay * p
  p         = decoupledWeightDecay ? p - lr * weightDecay * p : p
  mu        = beta1 * (1 - 0.5 * 0.96 ** (t * momentumDecay))
  muNext    = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentumDecay))
  muProduct = muProduct * mu
  m         = beta1 * m + (1 - beta1) * g
  v         = beta2 * v + (1 - beta2) * g ** 2
  mHat      = muNext * m / (1 - muProduct * muNext) + (1 - mu) * g / (1 - muProduct)
  vHat      = v / (1 - beta2 ** t)
  p         = p - lr * mHat / (sqrt(vHat) + eps)
`,
);

/** Adam with Nesterov's lookahead and a momentum that warms up. */
export class NAdam extends Optimizer<NAdamOptions> {
  constructor(params: ParametersOrGroups<NAdamOptions>, options?: Given<NAdamOptions> & OptimizerOptions) {
    super(nadam, params, options);
  }
}

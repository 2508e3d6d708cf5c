import type { ParametersOrGroups } from "../group.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import type { Given } from "../options.ts";
import { rule } from "../rule.ts";

const options = {
  lr: 1e-3,
  betas: [0.9, 0.999] as readonly [number, number],
  eps: 1e-8,
  weightDecay: 0,
  decoupledWeightDecay: false,
  maximize: false,
};

/** Hyper-parameters of `RAdam`. */
export type RAdamOptions = typeof options;

/**
 * Rectified Adam. Liu et al. 2020, arXiv:1908.03265, Algorithm 2. As in PyTorch the threshold is 5 (4 in the paper), eps is added to the root of v before
 * its bias is corrected, and weight decay is L2, or decoupled on demand.
 */
export const radam = rule(
  "RAdam",
  { options, state: { m: 0, v: 0 } },
  `
  g      = maximize ? -g : g
  g      = decoupledWeightDecay ? g : g + weightDecay * p
  p      = decoupledWeightDecay ? p - lr * weightDecay * p : p
  m      = beta1 * m + (1 - beta1) * g
  v      = beta2 * v + (1 - beta2) * g ** 2
  mHat   = m / (1 - beta1 ** t)
  rhoInf = 2 / (1 - beta2) - 1
  rho    = rhoInf - 2 * t * beta2 ** t / (1 - beta2 ** t)
  r      = sqrt((rho - 4) * (rho - 2) * rhoInf / ((rhoInf - 4) * (rhoInf - 2) * rho))
  l      = sqrt(1 - beta2 ** t) / (sqrt(v) + eps)
  p      = p - lr * (rho > 5 ? r * l * mHat : mHat)
`,
);

/** Adam that takes plain momentum steps until the variance of its scale is known. */
export class RAdam extends Optimizer<RAdamOptions> {
  constructor(params: ParametersOrGroups<RAdamOptions>, options?: Given<RAdamOptions> & OptimizerOptions) {
    super(radam, params, options);
  }
}

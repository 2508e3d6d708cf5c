import type { ParametersOrGroups } from "../group.ts";
import { norm } from "../measure.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import type { Given } from "../options.ts";
import { rule } from "../rule.ts";

const options = {
  lr: 1e-3,
  betas: [0.9, 0.999] as readonly [number, number],
  eps: 1e-6,
  weightDecay: 0,
  biasCorrection: true,
  clampValue: null as number | null,
};

/** Hyper-parameters of `LAMB`. */
export type LAMBOptions = typeof options;

/**
 * LAMB. You et al. 2020, arXiv:1904.00962v5, Algorithm 2, with phi the identity, or clipped to `clampValue`. The ratio is 1 where a norm is 0; it applies to
 * every tensor, and the bias correction may be left out.
 */
export const lamb = rule(
  "LAMB",
  { options, state: { m: 0, v: 0 }, measures: { pNorm: norm("p"), uNorm: norm("u") } },
  `
  m     = beta1 * m + (1 - beta1) * g
  v     = beta2 * v + (1 - beta2) * g ** 2
  mHat  = biasCorrection ? m / (1 - beta1 ** t) : m
  vHat  = biasCorrection ? v / (1 - beta2 ** t) : v
  r     = mHat / (sqrt(vHat) + eps)
  u     = r + weightDecay * p
  phi   = isnan(clampValue) ? pNorm : min(pNorm, clampValue)
  ratio = phi > 0 && uNorm > 0 ? phi / uNorm : 1
  p     = p - lr * ratio * u
`,
);

/** Adam whose step has in every tensor a length in proportion to that of the tensor: for large batches. */
export class LAMB extends Optimizer<LAMBOptions> {
  constructor(params: ParametersOrGroups<LAMBOptions>, options?: Given<LAMBOptions> & OptimizerOptions) {
    super(lamb, params, options);
  }
}

import type { ParametersOrGroups } from "../group.ts";
import { norm } from "../measure.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import type { Given } from "../options.ts";
import { rule } from "../rule.ts";

const options = {
  lr: 0.1,
  momentum: 0.9,
  weightDecay: 0,
  trustCoefficient: 1e-3,
  eps: 0,
  variant: "paper" as "paper" | "mae",
};

/** Hyper-parameters of `LARS`. */
export type LARSOptions = typeof options;

/**
 * LARS. You, Gitman & Ginsburg 2017, arXiv:1708.03888, Algorithm 1 (`variant: "paper"`), where lr stands inside the momentum; or the form of MoCo v3 and
 * MAE (`variant: "mae"`: He et al. 2021, arXiv:2111.06377), where the whole decayed gradient is rescaled and lr stands outside. The ratio is 1 where a norm
 * is 0; it applies to every tensor.
 */
export const lars = rule(
  "LARS",
  {
    options,
    choices: { variant: ["paper", "mae"] },
    state: { buffer: 0 },
    measures: { pNorm: norm("p"), gNorm: norm("g"), uNorm: norm("u") },
  },
  `
  u      = g + weightDecay * p
  length = variantMae ? uNorm : gNorm + weightDecay * pNorm + eps
  moves  = variantMae ? uNorm > 0 : gNorm > 0
  local  = pNorm > 0 && moves ? trustCoefficient * pNorm / length : 1
  rate   = variantMae ? 1 : lr
  buffer = momentum * buffer + rate * local * u
  p      = p - (variantMae ? lr : 1) * buffer
`,
);

/** Momentum SGD whose rate is in every tensor in proportion to its norm over that of its gradient: for large batches. */
export class LARS extends Optimizer<LARSOptions> {
  constructor(params: ParametersOrGroups<LARSOptions>, options?: Given<LARSOptions> & OptimizerOptions) {
    super(lars, params, options);
  }
}

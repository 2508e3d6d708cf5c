import type { ParametersOrGroups } from "../group.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import type { Given } from "../options.ts";
import { rule } from "../rule.ts";

const options = { lr: 2e-3, betas: [0.9, 0.999] as readonly [number, number], eps: 1e-8, weightDecay: 0, maximize: false };

/** Hyper-parameters of `Adamax`. */
export type AdamaxOptions = typeof options;

/** AdaMax. Kingma & Ba 2015, arXiv:1412.6980, Algorithm 2. As in PyTorch eps is added to the gradient's size inside the maximum; weight decay is L2. */
export const adamax = rule(
  "Adamax",
  { options, state: { m: 0, expInf: 0 } },
  `
  g      = maximize ? -g : g
  g      = g + weightDecay * p
  m      = beta1 * m + (1 - beta1) * g
  expInf = max(beta2 * expInf, abs(g) + eps)
  p      = p - lr / (1 - beta1 ** t) * m / expInf
`,
);

/** Adam with the largest gradient of late in place of the second moment. */
export class Adamax extends Optimizer<AdamaxOptions> {
  constructor(params: ParametersOrGroups<AdamaxOptions>, options?: Given<AdamaxOptions> & OptimizerOptions) {
    super(adamax, params, options);
  }
}

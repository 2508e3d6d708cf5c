import type { ParametersOrGroups } from "../group.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import type { Given } from "../options.ts";
import { rule } from "../rule.ts";

const options = { lr: 1e-3, betas: [0.9, 0.999] as readonly [number, number], eps: 1e-8, weightDecay: 0, amsgrad: false, maximize: false };

/** Hyper-parameters of `Adam`. */
export type AdamOptions = typeof options;

/** Adam. Kingma & Ba 2015, arXiv:1412.6980, Algorithm 1; amsgrad: Reddi, Kale & Kumar 2018, arXiv:1904.09237, Algorithm 2. Weight decay is L2. */
export const adam = rule(
  "Adam",
  { options, state: { m: 0, v: 0, vMax: 0 } },
  `
  g    = maximize ? -g : g
  g    = g + weightDecay * p
  m    = beta1 * m + (1 - beta1) * g
  v    = beta2 * v + (1 - beta2) * g ** 2
  vMax = max(vMax, v)
  mHat = m / (1 - beta1 ** t)
  vHat = (amsgrad ? vMax : v) / (1 - beta2 ** t)
  p    = p - lr * mHat / (sqrt(vHat) + eps)
`,
);

/** Adaptive moment estimation; weight decay acts as L2 through the gradient. */
export class Adam extends Optimizer<AdamOptions> {
  constructor(params: ParametersOrGroups<AdamOptions>, options?: Given<AdamOptions> & OptimizerOptions) {
    super(adam, params, options);
  }
}

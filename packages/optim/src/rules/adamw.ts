import type { ParametersOrGroups } from "../group.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import type { Given } from "../options.ts";
import { rule } from "../rule.ts";

const options = { lr: 1e-3, betas: [0.9, 0.999] as readonly [number, number], eps: 1e-8, weightDecay: 0.01, amsgrad: false, maximize: false };

/** Hyper-parameters of `AdamW`. */
export type AdamWOptions = typeof options;

/** Adam with decoupled weight decay. Loshchilov & Hutter 2019, arXiv:1711.05101, Algorithm 2; as in PyTorch the decay is scaled by lr. */
export const adamw = rule(
  "AdamW",
  { options, state: { m: 0, v: 0, vMax: 0 } },
  `
  g    = maximize ? -g : g
  p    = p - lr * weightDecay * p
  m    = beta1 * m + (1 - beta1) * g
  v    = beta2 * v + (1 - beta2) * g ** 2
  vMax = max(vMax, v)
  mHat = m / (1 - beta1 ** t)
  vHat = (amsgrad ? vMax : v) / (1 - beta2 ** t)
  p    = p - lr * mHat / (sqrt(vHat) + eps)
`,
);

/** Adam with decoupled weight decay: the decay shrinks the parameter itself, not the gradient. */
export class AdamW extends Optimizer<AdamWOptions> {
  constructor(params: ParametersOrGroups<AdamWOptions>, options?: Given<AdamWOptions> & OptimizerOptions) {
    super(adamw, params, options);
  }
}

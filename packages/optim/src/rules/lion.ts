import type { ParametersOrGroups } from "../group.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import type { Given } from "../options.ts";
import { rule } from "../rule.ts";

const options = { lr: 1e-4, betas: [0.9, 0.99] as readonly [number, number], weightDecay: 0 };

/** Hyper-parameters of `Lion`. */
export type LionOptions = typeof options;

/** Lion. Chen et al. 2023, arXiv:2302.06675, Algorithm 2. */
export const lion = rule(
  "Lion",
  { options, state: { m: 0 } },
  `
  c = beta1 * m + (1 - beta1) * g
  p = p - lr * weightDecay * p - lr * sign(c)
  m = beta2 * m + (1 - beta2) * g
`,
);

/** Steps of one size along the sign of an interpolated momentum; half of Adam's memory. */
export class Lion extends Optimizer<LionOptions> {
  constructor(params: ParametersOrGroups<LionOptions>, options?: Given<LionOptions> & OptimizerOptions) {
    super(lion, params, options);
  }
}

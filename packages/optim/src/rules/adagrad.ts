import type { ParametersOrGroups } from "../group.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import type { Given } from "../options.ts";
import { rule } from "../rule.ts";

const options = { lr: 1e-2, lrDecay: 0, weightDecay: 0, initialAccumulatorValue: 0, eps: 1e-10, maximize: false };

/** Hyper-parameters of `Adagrad`. */
export type AdagradOptions = typeof options;

/**
 * Adagrad, diagonal form. Duchi, Hazan & Singer 2011, JMLR 12, equation 1 and figure 1. As in PyTorch the rate may decay too (`lrDecay`), eps stands
 * outside the root, and weight decay is L2.
 */
export const adagrad = rule(
  "Adagrad",
  { options, state: { sum: "initialAccumulatorValue" } },
  `
  g   = maximize ? -g : g
  g   = g + weightDecay * p
  sum = sum + g ** 2
  eta = lr / (1 + (t - 1) * lrDecay)
  p   = p - eta * g / (sqrt(sum) + eps)
`,
);

/** Steps shrink with the root of all squared gradients so far: for sparse features. */
export class Adagrad extends Optimizer<AdagradOptions> {
  constructor(params: ParametersOrGroups<AdagradOptions>, options?: Given<AdagradOptions> & OptimizerOptions) {
    super(adagrad, params, options);
  }
}

import type { ParametersOrGroups } from "../group.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import type { Given } from "../options.ts";
import { rule } from "../rule.ts";

const options = { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0, maximize: false };

/** Hyper-parameters of `Adadelta`. */
export type AdadeltaOptions = typeof options;

/** Adadelta. Zeiler 2012, arXiv:1212.5701, Algorithm 1; `lr` scales its step (1 in the paper), weight decay is L2. */
export const adadelta = rule(
  "Adadelta",
  { options, state: { squareAverage: 0, accDelta: 0 } },
  `
  g             = maximize ? -g : g
  g             = g + weightDecay * p
  squareAverage = rho * squareAverage + (1 - rho) * g ** 2
  delta         = sqrt(accDelta + eps) / sqrt(squareAverage + eps) * g
  accDelta      = rho * accDelta + (1 - rho) * delta ** 2
  p             = p - lr * delta
`,
);

/** Steps have the size of the steps before: no rate to tune, in the paper. */
export class Adadelta extends Optimizer<AdadeltaOptions> {
  constructor(params: ParametersOrGroups<AdadeltaOptions>, options?: Given<AdadeltaOptions> & OptimizerOptions) {
    super(adadelta, params, options);
  }
}

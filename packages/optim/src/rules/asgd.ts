import type { ParametersOrGroups } from "../group.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import type { Given } from "../options.ts";
import { rule } from "../rule.ts";

const options = { lr: 1e-2, lambd: 1e-4, alpha: 0.75, t0: 1e6, weightDecay: 0, maximize: false };

/** Hyper-parameters of `ASGD`. */
export type ASGDOptions = typeof options;

/**
 * Averaged SGD. Polyak & Juditsky 1992, SIAM J. Control Optim. 30(4); the schedules of the rate and of the average are those of Bottou's SGD, as in
 * PyTorch. The average `ax` is what one evaluates: `optimizer.stateOf(parameter).ax`.
 */
export const asgd = rule(
  "ASGD",
  { options, state: { ax: 0 }, scalars: { eta: "lr", mu: 1 }, results: ["ax"] },
  `
  g   = maximize ? -g : g
  g   = g + weightDecay * p
  p   = p - lambd * eta * p - eta * g
  ax  = mu == 1 ? p : ax + mu * (p - ax)
  eta = lr / (1 + lambd * lr * t) ** alpha
  mu  = 1 / max(1, t - t0)
`,
);

/** Averaged stochastic gradient descent; the average is the state `ax`. */
export class ASGD extends Optimizer<ASGDOptions> {
  constructor(params: ParametersOrGroups<ASGDOptions>, options?: Given<ASGDOptions> & OptimizerOptions) {
    super(asgd, params, options);
  }
}

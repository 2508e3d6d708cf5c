import type { ParametersOrGroups } from "../group.ts";
import { measure } from "../measure.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import type { Given } from "../options.ts";
import { rule } from "../rule.ts";

const options = { lr: 1e-3, betas: [0.9, 0.999] as readonly [number, number], eps: 1e-8, maximize: false };

/** Hyper-parameters of `SparseAdam`. */
export type SparseAdamOptions = typeof options;

/**
 * Adam that leaves alone what had no part in the step: Kingma & Ba 2015, arXiv:1412.6980, Algorithm 1, for the rows (first dimension) in which the gradient
 * is not zero throughout. The other rows keep their moments: nothing decays there. As in PyTorch eps is added to the root of v before its bias is corrected.
 * A gradient is a dense tensor here, and a row counts as absent when it is all zeros; PyTorch's sparse gradients list their rows instead.
 */
export const sparseAdam = rule(
  "SparseAdam",
  {
    options,
    state: { m: 0, v: 0 },
    measures: {
      present: measure("rowsOf", ["g"], ({ g }) => {
        const nonzero = g.ne(0).to(g.dtype);
        return g.ndim < 2 || g.size === 0 ? nonzero : nonzero.amax(g.shape.map((_, d) => d).slice(1), { keepDim: true });
      }),
    },
  },
  `
  g   = maximize ? -g : g
  m   = present ? beta1 * m + (1 - beta1) * g : m
  v   = present ? beta2 * v + (1 - beta2) * g ** 2 : v
  eta = lr * sqrt(1 - beta2 ** t) / (1 - beta1 ** t)
  p   = present ? p - eta * m / (sqrt(v) + eps) : p
`,
);

/** Adam for embeddings, where a batch touches few rows: rows without gradient do not move, and their moments do not decay. */
export class SparseAdam extends Optimizer<SparseAdamOptions> {
  constructor(params: ParametersOrGroups<SparseAdamOptions>, options?: Given<SparseAdamOptions> & OptimizerOptions) {
    super(sparseAdam, params, options);
  }
}

import type { Operand, Tensor } from "@gradtape/core";
import type { ParametersOrGroups } from "../group.ts";
import { measure } from "../measure.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import type { Given } from "../options.ts";
import { rule } from "../rule.ts";

const options = {
  lr: 1e-3,
  weightDecay: 0.1,
  momentum: 0.95,
  nesterov: true,
  nsCoefficients: [3.4445, -4.775, 2.0315] as readonly [number, number, number],
  eps: 1e-7,
  nsSteps: 5,
  adjustLrFn: null as "original" | "match_rms_adamw" | null,
};

/** Hyper-parameters of `Muon`. */
export type MuonOptions = typeof options;

/**
 * The nearest semi-orthogonal matrix, roughly: all singular values move near 1 by a quintic iteration `X ← a X + (b A + c A²) X` with `A = X Xᵀ`. Newton-Schulz;
 * the coefficients are Jordan's (2024, "Muon: an optimizer for hidden layers").
 */
function orthogonalize(u: Tensor, [a, b, c]: readonly Operand[], steps: number, eps: Operand): Tensor {
  const tall = u.shape[0] > u.shape[1];
  const wide = tall ? u.transpose(0, 1) : u;
  let x = wide.div(wide.square().sum().sqrt().maximum(eps));
  for (let k = 0; k < steps; k++) {
    const A = x.matmul(x.transpose(0, 1));
    const B = A.mul(b).add(A.matmul(A).mul(c));
    x = x.mul(a).add(B.matmul(x));
  }
  return tall ? x.transpose(0, 1) : x;
}

const coefficients = ["nsCoefficient1", "nsCoefficient2", "nsCoefficient3"];

/**
 * Muon. Jordan et al. 2024; weight decay and the scale `match_rms_adamw` of Liu et al. 2025, arXiv:2502.16982, section 2.2. As in PyTorch the momentum is a
 * running mean, and the decay sees the rate before its adjustment. PyTorch orthogonalizes in bfloat16, here it is the parameter's dtype.
 */
export const muon = rule(
  "Muon",
  {
    options,
    choices: { adjustLrFn: ["original", "match_rms_adamw"] },
    state: { buffer: 0 },
    measures: {
      O: measure(
        "orthogonalize",
        ["u"],
        ({ u }, numbers) =>
          orthogonalize(
            u,
            coefficients.map((name) => numbers[name]),
            numbers.nsSteps as number,
            numbers.eps,
          ),
        { numbers: [...coefficients, "nsSteps", "eps"], direction: true },
      ),
    },
    causes: { O: "orthogonalized momentum" },
    refuses: (shape) => (shape.length === 2 ? undefined : "it orthogonalizes matrices; give parameters of other shapes to AdamW"),
  },
  `
  buffer = momentum * buffer + (1 - momentum) * g
  u      = nesterov ? (1 - momentum) * g + momentum * buffer : buffer
  adjust = adjustLrFnMatchRmsAdamw ? 0.2 * sqrt(max(rows, columns)) : sqrt(max(1, rows / columns))
  p      = p - lr * weightDecay * p
  p      = p - lr * adjust * O
`,
);

/** Momentum steps whose directions are orthogonalized: for weight matrices of hidden layers. */
export class Muon extends Optimizer<MuonOptions> {
  /** Errors: a parameter that is no matrix. */
  constructor(params: ParametersOrGroups<MuonOptions>, options?: Given<MuonOptions> & OptimizerOptions) {
    super(muon, params, options);
  }
}

import type { ParametersOrGroups } from "../group.ts";
import { measure, rms } from "../measure.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import type { Given } from "../options.ts";
import { rule } from "../rule.ts";

const options = {
  lr: 1e-2,
  beta2Decay: -0.8,
  eps: [null, 1e-3] as readonly [number | null, number],
  d: 1,
  weightDecay: 0,
  maximize: false,
};

/** Hyper-parameters of `Adafactor`; `eps: [null, …]` stands for the machine epsilon of the parameter's dtype. */
export type AdafactorOptions = typeof options;

/** A running mean of squared gradients over one dimension. */
const mean = (dim: number, state: string) =>
  measure("mean", ["g", state, "w"], ({ g, [state]: before }, { w }) => before.lerp(g.square().mean(dim, { keepDim: true }), w), {
    latex: `${state} + w \\left(\\operatorname{mean}_{${dim}}\\left(g^2\\right) - ${state}\\right)`,
  });

/**
 * Adafactor. Shazeer & Stern 2018, arXiv:1804.04235, Algorithms 4 (matrices) and 5 (vectors). As in PyTorch eps bounds the second moment from below
 * instead of being added, the step is `lr` at most and scales with the parameter's RMS, weight decay is decoupled, and there is no first moment.
 */
export const adafactor = rule(
  "Adafactor",
  {
    options,
    state: { variance: 0, rowVar: 0, colVar: 0 },
    shapes: {
      rowVar: (shape) => [...shape.slice(0, -1), 1],
      colVar: (shape) => [...shape.slice(0, -2), 1, shape[shape.length - 1]],
    },
    measures: {
      pRms: rms("p"),
      rowVar: mean(-1, "rowVar"),
      colVar: mean(-2, "colVar"),
      factored: measure(
        "outer",
        ["rowVar", "colVar"],
        ({ rowVar, colVar }, { least }) => rowVar.mul(colVar).div(rowVar.mean(-2, { keepDim: true }).maximum(least)),
        {
          numbers: ["least"],
        },
      ),
      uRms: rms("u"),
    },
  },
  `
  g        = maximize ? -g : g
  w        = t ** beta2Decay
  rho      = min(lr, 1 / sqrt(t))
  alpha    = max(eps2, pRms) * rho
  p        = p - lr * weightDecay * p
  least    = isnan(eps1) ? epsilon : eps1
  variance = variance + w * (g ** 2 - variance)
  vHat     = rank > 1 ? factored : variance
  u        = g / sqrt(max(vHat, least ** 2))
  p        = p - alpha / max(1, uRms / d) * u
`,
);

/** Adaptive steps in sublinear memory: of a matrix's second moment only the means over rows and columns are kept. */
export class Adafactor extends Optimizer<AdafactorOptions> {
  constructor(params: ParametersOrGroups<AdafactorOptions>, options?: Given<AdafactorOptions> & OptimizerOptions) {
    super(adafactor, params, options);
  }
}

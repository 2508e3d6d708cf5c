import type { ParametersOrGroups } from "../group.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import type { Given } from "../options.ts";
import { rule } from "../rule.ts";

const options = {
  lr: 1e-2,
  etas: [0.5, 1.2] as readonly [number, number],
  stepSizes: [1e-6, 50] as readonly [number, number],
  maximize: false,
};

/** Hyper-parameters of `Rprop`. */
export type RpropOptions = typeof options;

/**
 * Resilient backpropagation. Riedmiller & Braun 1993, ICNN; the variant iRprop- (Igel & Hüsken 2000), as in PyTorch: where the sign turned, the step size
 * shrinks and the element rests for one step.
 */
export const rprop = rule(
  "Rprop",
  {
    options,
    state: { prev: 0, stepSize: "lr" },
    check: ({ etas: [down, up], stepSizes: [least, most] }: RpropOptions) => {
      if (!(down < 1 && up > 1)) throw new RangeError(`Rprop: etas are one factor below 1 and one above 1, got [${down}, ${up}]`);
      if (least > most) throw new RangeError(`Rprop: stepSizes are the smallest and the largest, got [${least}, ${most}]`);
    },
  },
  `
  g        = maximize ? -g : g
  turn     = sign(g) * sign(prev)
  stepSize = clamp(stepSize * (turn > 0 ? eta2 : turn < 0 ? eta1 : 1), stepSize1, stepSize2)
  g        = turn < 0 ? 0 : g
  p        = p - stepSize * sign(g)
  prev     = g
`,
);

/** Only the sign of the gradient counts; every element has a step size of its own. For whole batches. */
export class Rprop extends Optimizer<RpropOptions> {
  constructor(params: ParametersOrGroups<RpropOptions>, options?: Given<RpropOptions> & OptimizerOptions) {
    super(rprop, params, options);
  }
}

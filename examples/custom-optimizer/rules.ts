import { optim } from "gradtape";

const settings = { lr: 1e-3, betas: [0.9, 0.999] as readonly [number, number], eps: 1e-8 };

/** Adam whose gradient is first scaled to a norm of at most `maxNorm`, in each tensor. */
export const clippedAdam = optim.rule(
  "ClippedAdam",
  { options: { ...settings, maxNorm: 1 }, state: { m: 0, v: 0 }, measures: { gNorm: optim.norm("g") } },
  `
  g    = g * min(1, maxNorm / (gNorm + 1e-6))
  m    = beta1 * m + (1 - beta1) * g
  v    = beta2 * v + (1 - beta2) * g ** 2
  mHat = m / (1 - beta1 ** t)
  vHat = v / (1 - beta2 ** t)
  p    = p - lr * mHat / (sqrt(vHat) + eps)
`,
);

/** Adam without the correction of its two running means, which begin at 0. */
export const uncorrectedAdam = optim.rule(
  "UncorrectedAdam",
  { options: settings, state: { m: 0, v: 0 } },
  `
  m = beta1 * m + (1 - beta1) * g
  v = beta2 * v + (1 - beta2) * g ** 2
  p = p - lr * m / (sqrt(v) + eps)
`,
);

import type { Place } from "./recording.ts";

/** Reasons by kind, a slash, and the name of a case. */
export type Differences = Readonly<Record<string, string>>;

/**
 * Cases in which the library deliberately or knowingly differs from the recording, with the reason. They are reported as skipped where they differ; the
 * tests refuse a line whose case passes in the fixtures.
 */
export const differences: Differences = {
  "ops/hardsigmoid/0": "PyTorch rounds the slope 1/6 to float32, in float64 too; ours is 1/6",
  "ops/hardsigmoid/1": "PyTorch rounds the slope 1/6 to float32, in float64 too; ours is 1/6",
  "ops/celu/alpha": "PyTorch rounds alpha to float32 in the gradient, in float64 too; ours is exact",
};

const search = "a line search magnifies rounding: PyTorch's own float32 run leaves the tolerance too";
const keys = "keys' biases have gradient 0 but for rounding, and Adam divides it by little more than eps";

/** The same in float32 alone: what it cannot hold. */
export const singleDifferences: Differences = {
  "optimizers/LBFGS/rosenbrock_strong_wolfe_history": `${search}, 28-fold`,
  "optimizers/LBFGS/rosenbrock_extended_two_params": `${search}, 331-fold`,
  "optimizers/LBFGS/max_eval": `${search}, 6.5-fold`,
  "optimizers/LBFGS/quadratic_strong_wolfe": `${search}, and evaluates the function at other steps`,
  "ops/expm1/large_values": "the result 5.7e43 is beyond float32",
  "layers/Sequential/mlp_batchnorm_layernorm": "the gradient of a bias before batch normalization is 0; recorded is its float64 rounding, 9e-16",
  "training/transformer/adamw_groups_clip_warmup_cosine": keys,
  "training/transformer/adam": keys,
};

/** The same on a GPU, which sums in another order than the CPU does. */
export const gpuDifferences: Differences = {
  ...singleDifferences,
  "training/mlp_relu/adamw_clip_warmup_cosine":
    "192 weights whose sizes add up to 43.6 sum up to 0.0069: the tolerance of that sum is 3e-8 of the weights",
};

/** Why a case may differ where it is replayed; `undefined` where it may not. */
export const differenceOf = (key: string, { device, dtype }: Place): string | undefined =>
  differences[key] ?? (dtype === "float32" ? (device.manual ? gpuDifferences : singleDifferences)[key] : undefined);

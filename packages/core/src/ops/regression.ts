import type { Tensor } from "../tensor/tensor.ts";
import { applyNamed, elementwiseOp } from "./elementwise.ts";
import { checkLossOptions, checkPair, checkValues, type LossOptions, reduced } from "./loss.ts";

const squaredOp = elementwiseOp("mseLoss", "d = x - target\n y = d * d");

/** Squared error `(input - target)²`; input and target have one shape. */
export function mseLoss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkLossOptions("mseLoss", options);
  checkPair("mseLoss", "input", input, "target", target);
  return reduced(applyNamed(squaredOp, { x: input, target }), options.reduction);
}

const absoluteOp = elementwiseOp("l1Loss", "abs(x - target)");

/** Absolute error `|input - target|`, gradient 0 where they are equal; input and target have one shape. */
export function l1Loss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkLossOptions("l1Loss", options);
  checkPair("l1Loss", "input", input, "target", target);
  return reduced(applyNamed(absoluteOp, { x: input, target }), options.reduction);
}

const smoothOp = elementwiseOp(
  "smoothL1Loss",
  `d = x - target
   y = abs(d) < beta ? 0.5 * (d * d) / beta : abs(d) - 0.5 * beta`,
  { derivatives: { beta: null } },
);

/** Options of `smoothL1Loss`. */
export interface SmoothL1Options extends LossOptions {
  /** Where the parabola becomes a line. Default 1; 0 gives `l1Loss`. */
  readonly beta?: number;
}

/** Huber's loss divided by beta. Girshick 2015, arXiv:1504.08083, equation 3. */
export function smoothL1Loss(input: Tensor, target: Tensor, options: SmoothL1Options = {}): Tensor {
  checkLossOptions("smoothL1Loss", options, "beta");
  checkPair("smoothL1Loss", "input", input, "target", target);
  const { beta = 1 } = options;
  if (!(beta >= 0)) throw new RangeError(`smoothL1Loss: beta is at least 0, got ${beta}`);
  return reduced(applyNamed(smoothOp, { x: input, target, beta }), options.reduction);
}

const huberOp = elementwiseOp(
  "huberLoss",
  `d = x - target
   y = abs(d) <= delta ? 0.5 * (d * d) : delta * (abs(d) - 0.5 * delta)`,
  { derivatives: { delta: null } },
);

/** Options of `huberLoss`. */
export interface HuberOptions extends LossOptions {
  /** Where the parabola becomes a line. Default 1. */
  readonly delta?: number;
}

/** Half the squared error up to delta, beyond it linear. Huber 1964, doi:10.1214/aoms/1177703732. */
export function huberLoss(input: Tensor, target: Tensor, options: HuberOptions = {}): Tensor {
  checkLossOptions("huberLoss", options, "delta");
  checkPair("huberLoss", "input", input, "target", target);
  const { delta = 1 } = options;
  if (!(delta > 0)) throw new RangeError(`huberLoss: delta is above 0, got ${delta}`);
  return reduced(applyNamed(huberOp, { x: input, target, delta }), options.reduction);
}

const divergenceOp = elementwiseOp("klDiv", "xlogy(target, target) - target * x", {
  derivatives: { target: "target > 0 ? 1 + log(target) - x : 0" },
});
const logDivergenceOp = elementwiseOp("klDiv", "exp(target) * (target - x)");

/** Options of `klDiv`. */
export interface KLDivOptions {
  /** Default "mean", over all elements; "batchmean", the sum divided by the first size, is the divergence itself. */
  readonly reduction?: "mean" | "sum" | "none" | "batchmean";
  /** Whether the target is a logarithm too. Default false. */
  readonly logTarget?: boolean;
}

/**
 * Kullback-Leibler divergence `t (log t - x)` of log-probabilities x and target probabilities of one shape; a target of 0 costs 0.
 * Kullback & Leibler 1951, doi:10.1214/aoms/1177729694.
 */
export function klDiv(input: Tensor, target: Tensor, options: KLDivOptions = {}): Tensor {
  const { reduction = "mean", logTarget = false } = options;
  const batched = reduction === "batchmean";
  checkLossOptions("klDiv", { ...options, reduction: batched ? "sum" : reduction }, "logTarget");
  checkPair("klDiv", "input", input, "target", target);
  const each = applyNamed(logTarget ? logDivergenceOp : divergenceOp, { x: input, target });
  return batched ? each.sum().div(input.shape[0] ?? 1) : reduced(each, reduction);
}

const poissonLogOp = elementwiseOp("poissonNllLoss", "exp(x) - target * x");
const poissonOp = elementwiseOp("poissonNllLoss", "x - target * log(x + eps)", { derivatives: { eps: null } });
const stirlingOp = elementwiseOp("stirling", "target <= 1 ? 0 : target * log(target) - target + 0.5 * log(2 * pi * target)");

/** Options of `poissonNllLoss`. */
export interface PoissonOptions extends LossOptions {
  /** Whether the input is the logarithm of the rate. Default true. */
  readonly logInput?: boolean;
  /** Whether Stirling's approximation of `log target!` is added. Default false. */
  readonly full?: boolean;
  /** Added to the rate before its logarithm. Default 1e-8. */
  readonly eps?: number;
}

/** Negative log-likelihood of counts under Poisson distributions of the given rates; input and target have one shape. */
export function poissonNllLoss(input: Tensor, target: Tensor, options: PoissonOptions = {}): Tensor {
  checkLossOptions("poissonNllLoss", options, "logInput", "full", "eps");
  checkPair("poissonNllLoss", "input", input, "target", target);
  const { logInput = true, full = false, eps = 1e-8 } = options;
  const each = logInput ? applyNamed(poissonLogOp, { x: input, target }) : applyNamed(poissonOp, { x: input, target, eps });
  return reduced(full ? each.add(applyNamed(stirlingOp, { target })) : each, options.reduction);
}

// The gradient passes where the variance is limited, as in PyTorch, which limits a copy behind the tape's back.
const gaussianOp = elementwiseOp(
  "gaussianNllLoss",
  `d = x - target
   v = max(spread, eps)
   y = 0.5 * (log(v) + d * d / v)`,
  {
    derivatives: {
      eps: null,
      spread: `d = x - target
               v = max(spread, eps)
               y = 0.5 * (1 - d * d / v) / v`,
    },
  },
);

/** Options of `gaussianNllLoss`. */
export interface GaussianOptions extends LossOptions {
  /** Whether the constant `log(2π) / 2` is added. Default false. */
  readonly full?: boolean;
  /** Variances count as this much at least. Default 1e-6. */
  readonly eps?: number;
}

/** Negative log-likelihood of targets under normal distributions with means `input` and the given variances, which broadcast. Nix & Weigend 1994. */
export function gaussianNllLoss(input: Tensor, target: Tensor, variance: Tensor, options: GaussianOptions = {}): Tensor {
  checkLossOptions("gaussianNllLoss", options, "full", "eps");
  checkPair("gaussianNllLoss", "input", input, "target", target);
  checkValues("gaussianNllLoss", "variance", variance, (v) => !(v < 0), "a variance is not negative");
  const { full = false, eps = 1e-6 } = options;
  const spread = variance.ndim === input.ndim - 1 && input.ndim > 0 ? variance.unsqueeze(-1) : variance;
  const each = applyNamed(gaussianOp, { x: input, target, spread, eps });
  return reduced(full ? each.add(0.5 * Math.log(2 * Math.PI)) : each, options.reduction);
}

import { sizeOf } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { binary, elementwise, elementwiseOp, unary } from "./elementwise.ts";
import { rectifier } from "./rectifier.ts";

/** Rectified linear unit `max(x, 0)`; its gradient at 0 is 0. NaN stays and passes the gradient. */
export const relu = (x: Tensor): Tensor => apply(rectifier(), [x], null);

/** `min(max(x, 0), 6)`, gradient 0 at both bounds. Krizhevsky 2010, "Convolutional deep belief networks on CIFAR-10". */
export const relu6 = unary("relu6", "x <= 0 ? 0 : x >= 6 ? 6 : x", { result: "same", derivatives: { x: "x <= 0 ? 0 : x >= 6 ? 0 : 1" } });

/** `x`, or `negativeSlope * x` (0.01 by default) where x ≤ 0; the gradient at 0 is the slope. Maas, Hannun & Ng 2013. */
export const leakyRelu = elementwise("leakyRelu", "x > 0 ? x : negativeSlope * x", { parameters: { negativeSlope: 0.01 } });

const preluOp = elementwiseOp("prelu", "x > 0 ? x : weight * x");

/** Leaky rectifier with a learned slope: one for all, or `[C]`, one for each channel (dimension 1). He et al. 2015, arXiv:1502.01852. */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  const channels = x.ndim > 1 ? x.shape[1] : 1;
  if (weight.ndim > 1 || (sizeOf(weight.shape) !== 1 && weight.shape[0] !== channels))
    throw new RangeError(`prelu: the weight of shape [${weight.shape}] is neither one slope nor one for each of ${channels} channels`);
  return apply(preluOp, [x, weight.reshape(weight.size === 1 ? [] : [channels, ...x.shape.slice(2).map(() => 1)])], null);
}

/** Exponential linear unit: `x`, or `alpha * (exp(x) - 1)` (alpha 1 by default) where x ≤ 0. Clevert, Unterthiner & Hochreiter 2016, arXiv:1511.07289. */
export const elu = elementwise("elu", "x <= 0 ? alpha * expm1(x) : x", { parameters: { alpha: 1 } });

/** Self-normalizing linear unit. Klambauer et al. 2017, arXiv:1706.02515, equation 2, with the constants of its appendix. */
export const selu = elementwise("selu", "scale * (x <= 0 ? alpha * expm1(x) : x)", {
  parameters: { alpha: 1.6732632423543772, scale: 1.0507009873554805 },
});

/** Continuously differentiable exponential linear unit: `x`, or `alpha * (exp(x / alpha) - 1)` where x ≤ 0. Barron 2017, arXiv:1704.07483. */
export const celu = elementwise("celu", "x <= 0 ? alpha * expm1(x / alpha) : x", { parameters: { alpha: 1 } });

/** Logistic function `1 / (1 + exp(-x))`, without overflow in either tail. */
export const sigmoid = unary("sigmoid", "sigmoid(x)");

/** Logarithm of the logistic function, without overflow in either tail. */
export const logsigmoid = unary("logsigmoid", "logsigmoid(x)");

/** Sigmoid linear unit `x * sigmoid(x)`. Elfwing, Uchibe & Doya 2018, arXiv:1702.03118. */
export const silu = unary("silu", "x * sigmoid(x)");

/** `x * tanh(softplus(x))`. Misra 2019, arXiv:1908.08681. */
export const mish = unary("mish", "x * tanh(softplus(x))");

/**
 * `log(1 + exp(beta * x)) / beta`, without overflow; `x` itself where `beta * x > threshold`. Defaults: beta 1, threshold 20.
 * Dugas et al. 2001, "Incorporating second-order functional knowledge for better option pricing".
 */
export const softplus = elementwise("softplus", "beta * x > threshold ? x : softplus(beta * x) / beta", { parameters: { beta: 1, threshold: 20 } });

const geluErf = unary("gelu", "0.5 * x * erfc(-x / sqrt(2))");
const geluTanh = unary("gelu", "0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3)))");

/**
 * Gaussian error linear unit `x Φ(x)`; `approximate: "tanh"` takes the older formula in tanh. Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2.
 * Φ is written with erfc, so that small values in the left tail keep their digits.
 */
export function gelu(x: Tensor, options: { readonly approximate?: "none" | "tanh" } = {}): Tensor {
  const { approximate = "none" } = options;
  if (approximate === "none") return geluErf(x);
  if (approximate === "tanh") return geluTanh(x);
  throw new TypeError(`gelu: unknown approximate "${approximate}"; use "none" or "tanh"`);
}

/** `x * min(max(x + 3, 0), 6) / 6`. Howard et al. 2019, arXiv:1905.02244, section 5.2. At ±3 the gradient is that of the parabola. */
export const hardswish = unary("hardswish", "x < -3 ? 0 : x <= 3 ? x * (x + 3) / 6 : x");

/** `min(max(x + 3, 0), 6) / 6`, gradient 0 at ±3. Courbariaux, Bengio & David 2015, arXiv:1511.00363 (there with slope 1/2). */
export const hardsigmoid = unary("hardsigmoid", "x <= -3 ? 0 : x >= 3 ? 1 : x / 6 + 0.5");

/** `min(max(x, minVal), maxVal)`, -1 and 1 by default; gradient 0 at the bounds, where that of `clamp` is 1. */
export const hardtanh = elementwise("hardtanh", "x <= minVal ? minVal : x >= maxVal ? maxVal : x", { parameters: { minVal: -1, maxVal: 1 } });

/** `x / (1 + |x|)`; its gradient at 0 is 1. */
export const softsign = unary("softsign", "x / (1 + abs(x))", { derivatives: { x: "1 / (1 + abs(x)) ** 2" } });

/** `x - tanh(x)`. */
export const tanhshrink = unary("tanhshrink", "x - tanh(x)");

/** `x` drawn towards 0 by `lambd` (0.5 by default); 0, with gradient 0, where |x| ≤ lambd. */
export const softshrink = elementwise("softshrink", "x > lambd ? x - lambd : x < -lambd ? x + lambd : isnan(x) ? x : 0", {
  parameters: { lambd: 0.5 },
});

/** `x`, but 0, with gradient 0, where |x| ≤ lambd (0.5 by default). */
export const hardshrink = elementwise("hardshrink", "x >= -lambd && x <= lambd ? 0 : x", { parameters: { lambd: 0.5 } });

const thresholdOp = elementwiseOp("threshold", "x <= threshold ? value : x", { derivatives: { threshold: null, value: null } });

/** `x`, but `value` where x ≤ threshold. */
export const threshold = (x: Tensor, threshold: number, value: number): Tensor => apply(thresholdOp, [x, threshold, value], null);

const gated = binary("glu", "a * sigmoid(b)");

/** Gated linear unit: the first half of a dimension (the last by default) times the sigmoid of the second. Dauphin et al. 2017, arXiv:1612.08083. */
export function glu(x: Tensor, options: { readonly dim?: number } = {}): Tensor {
  const { dim = -1 } = options;
  const n = x.shape.at(dim);
  if (n === undefined || n % 2 !== 0) throw new RangeError(`glu: dimension ${dim} of [${x.shape}] cannot be halved`);
  return gated(x.narrow(dim, 0, n / 2), x.narrow(dim, n / 2, n / 2));
}

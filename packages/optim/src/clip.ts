import { mapRows, noGrad, type Parameter, RowKernel, Tensor, zeros } from "@gradtape/core";
import { flag, nonNegative, positive, type Range, settings } from "./setting.ts";

/** Parameters whose gradients are clipped; those without a gradient are left out. */
export type Clipped = Parameter | Iterable<Parameter>;

const withGradients = (parameters: Clipped): { parameter: Parameter; gradient: Tensor }[] =>
  [...(parameters instanceof Tensor ? [parameters] : parameters)].flatMap((parameter) =>
    parameter.grad === null ? [] : [{ parameter, gradient: parameter.grad }],
  );

/** Options of `clipGradNorm` and `getTotalNorm`. */
export interface ClipNormOptions {
  /** Which norm: 1, 2 (default), any p > 0, or Infinity. */
  readonly normType?: number;
  /** Throw when the norm is NaN or infinite, before anything changes. Default false. */
  readonly errorIfNonfinite?: boolean;
}

const normOrder: Range = { text: "a number above 0, or Infinity", holds: (value) => typeof value === "number" && value > 0 };

function totalNorm(owner: string, tensors: Iterable<Tensor>, given: ClipNormOptions): number {
  const { normType, errorIfNonfinite } = settings<ClipNormOptions>(owner, given, { normType: [2, normOrder], errorIfNonfinite: [false, flag] });
  const list = [...tensors];
  const parts = noGrad(() =>
    list.some(({ device }) => device.manual)
      ? [joinedNorm(list, normType)]
      : list.map((tensor) => (tensor.size === 0 ? 0 : tensorNorm(tensor, normType))),
  );
  const worst = parts.some(Number.isNaN) ? Number.NaN : parts.reduce((a, b) => Math.max(a, b), 0);
  const total =
    normType === Infinity || !(worst > 0 && worst < Infinity)
      ? worst
      : worst * parts.reduce((sum, part) => sum + (part / worst) ** normType, 0) ** (1 / normType);
  if (errorIfNonfinite && !Number.isFinite(total))
    throw new Error(`${owner}: the total norm is ${total}, so some gradient holds NaN or Infinity (errorIfNonfinite); nothing was changed`);
  return total;
}

/** The norm of all tensors taken together as one vector, summed in float64; 0 for none. */
export const getTotalNorm = (tensors: Iterable<Tensor>, options: ClipNormOptions = {}): number => totalNorm("getTotalNorm", tensors, options);

/** The norm of all tensors on a GPU, which knows float32 alone and from which reading is slow: one number is read. */
function joinedNorm(tensors: readonly Tensor[], normType: number): number {
  let total: Tensor | undefined;
  for (const tensor of tensors) {
    if (tensor.size === 0) continue;
    const sizes = tensor.detach().abs();
    const part = normType === Infinity ? sizes.amax() : (normType === 2 ? sizes.square() : sizes.pow(normType)).sum();
    total = total === undefined ? part : normType === Infinity ? total.maximum(part) : total.add(part);
  }
  const sum = total?.item() ?? 0;
  return normType === Infinity ? sum : sum ** (1 / normType);
}

const kernels = new Map<string, RowKernel>();

/** A fold of all elements of a tensor, in float64. Its kernel is made when it is first needed: most programs need one. */
function folded(fold: string, tensor: Tensor, scalars: Readonly<Record<string, number>> = {}): number {
  let kernel = kernels.get(fold);
  if (kernel === undefined) kernels.set(fold, (kernel = new RowKernel(`out = ${fold}`, ["out"], Object.keys(scalars))));
  const output = zeros([1], { dtype: "float64" });
  mapRows(kernel, [tensor.reshape([-1])], Object.values(scalars), [output]);
  return output.item();
}

/** The sum of powers of magnitudes, counted in units. */
const powers = (tensor: Tensor, p: number, unit: number): number =>
  p === 2 && unit === 1 ? folded("rowSum(x ** 2)", tensor) : folded("rowSum((abs(x) / unit) ** p)", tensor, { unit, p });

/** Where sums of powers overflow, or lose their digits, the unit is the largest element. */
function tensorNorm(tensor: Tensor, normType: number): number {
  const values = tensor.detach();
  if (normType === 1) return folded("rowSum(abs(x))", values);
  if (normType === Infinity) return folded("rowMax(abs(x))", values);
  const sum = powers(values, normType, 1);
  if (sum > 1e-250 && sum < Infinity) return sum ** (1 / normType);
  const unit = folded("rowMax(abs(x))", values);
  return unit > 0 && unit < Infinity ? unit * powers(values, normType, unit) ** (1 / normType) : unit;
}

/**
 * Scales all gradients together so that their norm is at most `maxNorm`; returns the norm before. Pascanu, Mikolov & Bengio 2013, arXiv:1211.5063,
 * Algorithm 1; the factor is min(1, maxNorm / (norm + 1e-6)) as in PyTorch.
 */
export function clipGradNorm(parameters: Clipped, maxNorm: number, options: ClipNormOptions = {}): number {
  if (!(maxNorm >= 0)) throw new RangeError(`clipGradNorm: maxNorm is at least 0, got ${maxNorm}`);
  const gradients = withGradients(parameters);
  const total = totalNorm(
    "clipGradNorm",
    gradients.map(({ gradient }) => gradient),
    options,
  );
  const factor = maxNorm / (total + 1e-6);
  if (!(factor >= 1))
    noGrad(() => {
      for (const { parameter, gradient } of gradients) parameter.grad = gradient.mul(factor);
    });
  return total;
}

/** Limits every element of every gradient to [-clipValue, clipValue]. */
export function clipGradValue(parameters: Clipped, clipValue: number): void {
  if (!(clipValue >= 0)) throw new RangeError(`clipGradValue: clipValue is at least 0, got ${clipValue}`);
  noGrad(() => {
    for (const { parameter, gradient } of withGradients(parameters)) parameter.grad = gradient.clamp({ min: -clipValue, max: clipValue });
  });
}

/** Options of `clipGradAdaptive`. */
export interface ClipAdaptiveOptions {
  /** Largest norm of a gradient, as a share of its weights' norm. Default 0.01. */
  readonly clipping?: number;
  /** Lower bound of the weights' norm, so that zero weights can move. Default 1e-3. */
  readonly eps?: number;
}

/**
 * Adaptive gradient clipping: scales the gradient of each output unit so that its norm is at most `clipping` times that of the unit's weights. A unit is a
 * row of a matrix, a filter of a convolution, the whole of a vector or a number. Brock et al. 2021, arXiv:2102.06171, equation 3; they leave out the last
 * linear layer: do not pass its parameters.
 */
export function clipGradAdaptive(parameters: Clipped, options: ClipAdaptiveOptions = {}): void {
  const { clipping, eps } = settings<ClipAdaptiveOptions>("clipGradAdaptive", options, { clipping: [0.01, positive], eps: [1e-3, nonNegative] });
  noGrad(() => {
    for (const { parameter, gradient } of withGradients(parameters)) {
      if (gradient.size === 0) continue;
      const limit = unitNorm(parameter).clamp({ min: eps }).mul(clipping);
      const norm = unitNorm(gradient);
      const scaled = gradient.mul(limit.div(norm).to(gradient.dtype));
      parameter.grad = norm.gt(limit).where(scaled, gradient);
    }
  });
}

/** The norm of each unit, in float64, broadcast-ready. */
function unitNorm(x: Tensor): Tensor {
  const dims = Array.from({ length: Math.max(0, x.ndim - 1) }, (_, d) => d + 1);
  const wide = x.detach().to("float64");
  const square = wide.square();
  return (x.ndim <= 1 ? square.sum() : square.sum(dims, { keepDim: true })).sqrt();
}

import { noGrad, type Parameter, Tensor } from "@gradtape/core";

/** Parameters whose gradients are clipped. */
export type Clipped = Parameter | Iterable<Parameter>;

const withGradients = (parameters: Clipped): { parameter: Parameter; gradient: Tensor }[] =>
  [...(parameters instanceof Tensor ? [parameters] : parameters)].flatMap((parameter) =>
    parameter.grad === null ? [] : [{ parameter, gradient: parameter.grad }],
  );

/** Options of `clipGradNorm`. */
export interface ClipNormOptions {
  /** Which norm: 1, 2 (default), any p > 0, or Infinity. */
  readonly normType?: number;
  /** Throw when the norm is NaN or infinite, before anything changes. Default false. */
  readonly errorIfNonfinite?: boolean;
}

/** The norm of all tensors taken together as one vector, summed in float64; 0 for none. */
export function getTotalNorm(tensors: Iterable<Tensor>, options: ClipNormOptions = {}): number {
  const { normType = 2, errorIfNonfinite = false } = options;
  if (!(normType > 0)) throw new RangeError(`getTotalNorm: normType is above 0 or Infinity, got ${normType}`);
  const parts = noGrad(() => [...tensors].map((tensor) => (tensor.size === 0 ? 0 : tensorNorm(tensor, normType))));
  const worst = parts.some(Number.isNaN) ? Number.NaN : Math.max(0, ...parts);
  const total =
    normType === Infinity || !(worst > 0 && worst < Infinity)
      ? worst
      : worst * parts.reduce((sum, part) => sum + (part / worst) ** normType, 0) ** (1 / normType);
  if (errorIfNonfinite && !Number.isFinite(total))
    throw new Error(`clipGradNorm: the total norm is ${total}; a gradient holds NaN or Infinity (errorIfNonfinite)`);
  return total;
}

function tensorNorm(tensor: Tensor, normType: number): number {
  const sizes = tensor.detach().to("float64").abs();
  const largest = sizes.amax().item();
  if (normType === Infinity || !(largest > 0 && largest < Infinity)) return largest;
  const scaled = sizes.div(largest);
  return largest * (normType === 2 ? scaled.square() : scaled.pow(normType)).sum().item() ** (1 / normType);
}

/**
 * Scales all gradients together so that their norm is at most `maxNorm`; returns the norm before. Pascanu, Mikolov & Bengio 2013, arXiv:1211.5063,
 * Algorithm 1; the factor is min(1, maxNorm / (norm + 1e-6)) as in PyTorch.
 */
export function clipGradNorm(parameters: Clipped, maxNorm: number, options: ClipNormOptions = {}): number {
  if (!(maxNorm >= 0)) throw new RangeError(`clipGradNorm: maxNorm is at least 0, got ${maxNorm}`);
  const gradients = withGradients(parameters);
  const total = getTotalNorm(
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

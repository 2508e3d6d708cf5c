import { showShape, sizeOf } from "../shape.ts";
import { apply, isGradEnabled, noGrad } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import { checkOptions } from "../tape/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Variable } from "../variable.ts";
import { type AffineOptions, besideChannels, channelAffine, checkShapes } from "./affine.ts";
import { applyNamed, type ElementwiseOp, elementwiseOp } from "./elementwise.ts";

interface Over {
  readonly dims: readonly number[];
  readonly eps: number;
}

const constants = { mean: null, variance: null, eps: null } as const;
const standard = (name: string): ElementwiseOp => elementwiseOp(name, "(x - mean) * rsqrt(variance + eps)", { derivatives: constants });
const slopeOp = elementwiseOp("standardizeBackward", "(grad - meanGrad - out * meanProduct) * rsqrt(variance + eps)", { derivatives: { eps: null } });

/**
 * `(x - mean) / sqrt(variance + eps)` with the statistics of x itself, whose gradient the vjp includes (Ioffe & Szegedy 2015, arXiv:1502.03167, section 3).
 * They come as inputs to be computed once; a backward pass that is itself recorded computes them anew, because then gradients flow through them.
 */
function standardizing(name: string): Op<Over> {
  const value = standard(name);
  return operation({
    name,
    forward: ([x, mean, variance], { eps }) => applyNamed(value, { x, mean, variance, eps }),
    vjp: [
      (g, { inputs, output, attrs: { dims, eps } }) => {
        const [x, , saved] = inputs as Tensor[];
        const out = output as Tensor;
        const over = [...dims];
        const variance = isGradEnabled() ? x.variance(over, { correction: 0, keepDim: true }) : saved;
        const meanGrad = g.mean(over, { keepDim: true });
        const meanProduct = g.mul(out).mean(over, { keepDim: true });
        return applyNamed(slopeOp, { grad: g, meanGrad, out, meanProduct, variance, eps });
      },
      null,
      null,
    ],
  });
}

const deviationOp = elementwiseOp("squaredDeviation", "(x - mean) ** 2");

/** Mean and variance over dimensions, which stay as 1; no gradient flows through them. */
function statistics(x: Tensor, dims: readonly number[]): { readonly mean: Tensor; readonly variance: Tensor } {
  return noGrad(() => {
    const mean = x.mean(dims, { keepDim: true });
    return { mean, variance: applyNamed(deviationOp, { x, mean }).mean(dims, { keepDim: true }) };
  });
}

/** Running statistics of a normalization: variables that training moves in place. */
export interface RunningOptions extends AffineOptions {
  /** Running mean, one per channel. */
  readonly runningMean?: Variable | null;
  /** Running variance (unbiased), one per channel. */
  readonly runningVar?: Variable | null;
  /** Share of the new statistics in the running ones, 0.1 by default; `null` gives all batches the same share, for which `numBatchesTracked` counts them. */
  readonly momentum?: number | null;
  /** Counts the batches; goes up by 1 with each update. */
  readonly numBatchesTracked?: Variable | null;
}

function checkRunning(op: string, x: Tensor, options: RunningOptions): void {
  const { weight, bias, runningMean, runningVar, momentum, numBatchesTracked } = options;
  checkShapes(op, [x.shape[1]], { weight, bias, runningMean, runningVar });
  if (!runningMean !== !runningVar) throw new TypeError(`${op}: runningMean and runningVar go together; one is missing`);
  if (momentum === null && runningMean && !numBatchesTracked)
    throw new TypeError(`${op}: momentum null averages over all batches and needs { numBatchesTracked }, a variable that counts them`);
}

/** Moves the running statistics towards those of a batch, one per channel; `count` elements went into each. */
function track(options: RunningOptions, mean: Tensor, variance: Tensor, count: number): void {
  const { runningMean, runningVar, momentum = 0.1, numBatchesTracked } = options;
  noGrad(() => {
    numBatchesTracked?.assign(numBatchesTracked.add(1));
    const share = momentum ?? 1 / (numBatchesTracked as Variable).item();
    runningMean?.assign(runningMean.lerp(mean.reshape(runningMean.shape), share));
    runningVar?.assign(runningVar.lerp(variance.reshape(runningVar.shape).mul(count / (count - 1)), share));
  });
}

const fixedOp = standard("batchNorm");

/** Normalization by running statistics: an affine map of each channel. */
function byRunning(op: string, x: Tensor, { runningMean, runningVar, eps = 1e-5 }: RunningOptions): Tensor {
  if (!runningMean || !runningVar) throw new TypeError(`${op}: without training the running statistics are needed; pass { runningMean, runningVar }`);
  return applyNamed(fixedOp, { x, mean: besideChannels(runningMean, x), variance: besideChannels(runningVar, x), eps });
}

const running = ["runningMean", "runningVar", "momentum", "numBatchesTracked", "weight", "bias", "eps"];
const batchNormOp = standardizing("batchNorm");

/** Options of `batchNorm`; all tensors are one per channel. */
export interface BatchNormOptions extends RunningOptions {
  /** Whether the statistics are those of the batch, which then move the running ones. Default false. */
  readonly training?: boolean;
}

/** Batch normalization of `[N,C,…]`: zero mean and unit variance of each channel. Ioffe & Szegedy 2015, arXiv:1502.03167, Algorithms 1 and 2. */
export function batchNorm(x: Tensor, options: BatchNormOptions = {}): Tensor {
  checkOptions("batchNorm", options, [...running, "training"]);
  if (x.ndim < 2) throw new RangeError(`batchNorm: needs an input [N,C,…], got ${showShape(x.shape)}`);
  checkRunning("batchNorm", x, options);
  if (options.training !== true) return channelAffine(byRunning("batchNorm", x, options), options);
  const dims = x.shape.map((_, d) => d).filter((d) => d !== 1);
  const count = sizeOf(dims.map((d) => x.shape[d]));
  if (count === 1)
    throw new RangeError(`batchNorm: training needs more than one value per channel, the input has shape ${showShape(x.shape)}; use a larger batch`);
  const { mean, variance } = statistics(x, dims);
  track(options, mean, variance, count);
  return channelAffine(apply(batchNormOp, [x, mean, variance], { dims, eps: options.eps ?? 1e-5 }), options);
}

const instanceNormOp = standardizing("instanceNorm");

/** Options of `instanceNorm`; all tensors are one per channel. */
export interface InstanceNormOptions extends RunningOptions {
  /** Whether the statistics are those of the input; false takes the running ones. Default true. */
  readonly useInputStats?: boolean;
}

/** Instance normalization of `[N,C,d…]`: zero mean and unit variance of each channel of each sample. Ulyanov, Vedaldi & Lempitsky 2016, arXiv:1607.08022. */
export function instanceNorm(x: Tensor, options: InstanceNormOptions = {}): Tensor {
  checkOptions("instanceNorm", options, [...running, "useInputStats"]);
  if (x.ndim < 3) throw new RangeError(`instanceNorm: needs an input [N,C,d…], got ${showShape(x.shape)}`);
  checkRunning("instanceNorm", x, options);
  if (options.useInputStats === false) return channelAffine(byRunning("instanceNorm", x, options), options);
  const dims = x.shape.map((_, d) => d).slice(2);
  const count = sizeOf(x.shape.slice(2));
  if (count === 1) throw new RangeError(`instanceNorm: needs more than one value per channel and sample, the input has shape ${showShape(x.shape)}`);
  const { mean, variance } = statistics(x, dims);
  if (options.runningMean)
    track(
      options,
      noGrad(() => mean.mean(0)),
      noGrad(() => variance.mean(0)),
      count,
    );
  return channelAffine(apply(instanceNormOp, [x, mean, variance], { dims, eps: options.eps ?? 1e-5 }), options);
}

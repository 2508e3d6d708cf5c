import { showShape, sizeOf } from "../shape.ts";
import { apply, isGradEnabled, noGrad } from "../tape/apply.ts";
import { type Op, type Operand, operation } from "../tape/op.ts";
import { checkOptions } from "../tape/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Variable } from "../variable.ts";
import { type AffineOptions, besideChannels, checkShapes } from "./affine.ts";
import { applyNamed, elementwiseOp } from "./elementwise.ts";
import { RowFormula } from "./rows.ts";

interface Over {
  readonly dims: readonly number[];
  readonly eps: number;
}

const scaleOp = elementwiseOp("batchNormScale", "weight * rsqrt(variance + eps)", { derivatives: { eps: null } });
const normalOp = elementwiseOp("batchNorm", "(x - mean) * scale + bias", { derivatives: { mean: null } });
const squares = new RowFormula("squaredDeviation", "out = rowSum((x - mean) ** 2)");
const products = new RowFormula("deviationProduct", "out = rowSum(grad * (x - mean))");
const slopeOp = elementwiseOp("batchNormBackward", "scale * (grad - meanGrad - (x - mean) * slope)");

/** A formula over rows of tensors `[N,C,…]`, summed over the dimensions of the statistics, which stay as 1. */
function summed(formula: RowFormula, operands: Readonly<Record<string, Tensor>>, { dims }: Pick<Over, "dims">): Tensor {
  const { x, mean } = operands;
  if (x.ndim === 2) return formula.apply(operands, { dim: 0 });
  const rows = Object.entries(operands).map(([name, tensor]) => [name, tensor.reshape([...tensor.shape.slice(0, 2), -1])]);
  const sums = formula.apply(Object.fromEntries(rows) as Readonly<Record<string, Tensor>>);
  return (dims.includes(0) ? sums.sum(0) : sums).reshape(mean.shape);
}

const countOf = (x: Tensor, { dims }: Pick<Over, "dims">): number => sizeOf(dims.map((d) => x.shape[d]));

/**
 * `(x - mean) / sqrt(variance + eps)`, then weight and bias, with the statistics of x itself, through which the gradient flows too (Ioffe & Szegedy 2015,
 * arXiv:1502.03167, section 3). They come as inputs to be computed once; a backward pass that is itself recorded computes them anew, because then gradients flow
 * through them.
 */
const standardizing = (name: string): Op<Over> =>
  operation({
    name,
    saves: { inputs: [0, 1, 2, 3], output: false },
    forward: ([x, mean, variance, weight, bias], { eps }) =>
      applyNamed(normalOp, { x, mean, scale: applyNamed(scaleOp, { weight, variance, eps }), bias }),
    jointVjp: (grad, { inputs, attrs }, flows) => {
      const [x, savedMean, savedVariance, weight] = inputs as [Tensor, Tensor, Tensor, Operand];
      const over = { keepDim: true } as const;
      const anew = isGradEnabled();
      const mean = anew ? x.mean(attrs.dims, over) : savedMean;
      const variance = anew ? x.variance(attrs.dims, { ...over, correction: 0 }) : savedVariance;
      const root = applyNamed(scaleOp, { weight: 1, variance, eps: attrs.eps });
      const sum = grad.sum(attrs.dims, over);
      const product = summed(products, { x, mean, grad }, attrs);
      const share = 1 / countOf(x, attrs);
      const backward = (): Tensor =>
        applyNamed(slopeOp, { scale: root.mul(weight), grad, meanGrad: sum.mul(share), x, mean, slope: product.mul(root).mul(root).mul(share) });
      return [flows[0] === null ? null : backward(), null, null, product.mul(root), sum];
    },
  });

/** Mean and variance over dimensions, which stay as 1; no gradient flows through them. */
function statistics(x: Tensor, over: Pick<Over, "dims">): { readonly mean: Tensor; readonly variance: Tensor } {
  return noGrad(() => {
    const mean = x.mean(over.dims, { keepDim: true });
    return { mean, variance: summed(squares, { x, mean }, over).div(countOf(x, over)) };
  });
}

/** Weight and bias beside channels, 1 and 0 where there is none. */
const affineOf = (x: Tensor, { weight, bias }: AffineOptions): readonly [Operand, Operand] => [
  weight ? besideChannels(weight, x) : 1,
  bias ? besideChannels(bias, x) : 0,
];

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

/** Normalization by running statistics: an affine map of each channel. */
function byRunning(op: string, x: Tensor, options: RunningOptions): Tensor {
  const { runningMean, runningVar, eps = 1e-5 } = options;
  if (!runningMean || !runningVar) throw new TypeError(`${op}: without training the running statistics are needed; pass { runningMean, runningVar }`);
  const [weight, bias] = affineOf(x, options);
  const scale = applyNamed(scaleOp, { weight, variance: besideChannels(runningVar, x), eps });
  return applyNamed(normalOp, { x, mean: besideChannels(runningMean, x), scale, bias });
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
  if (options.training !== true) return byRunning("batchNorm", x, options);
  const dims = x.shape.map((_, d) => d).filter((d) => d !== 1);
  const count = sizeOf(dims.map((d) => x.shape[d]));
  if (count === 1)
    throw new RangeError(`batchNorm: training needs more than one value per channel, the input has shape ${showShape(x.shape)}; use a larger batch`);
  const { mean, variance } = statistics(x, { dims });
  track(options, mean, variance, count);
  return apply(batchNormOp, [x, mean, variance, ...affineOf(x, options)], { dims, eps: options.eps ?? 1e-5 });
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
  if (options.useInputStats === false) return byRunning("instanceNorm", x, options);
  const dims = x.shape.map((_, d) => d).slice(2);
  const count = sizeOf(x.shape.slice(2));
  if (count === 1) throw new RangeError(`instanceNorm: needs more than one value per channel and sample, the input has shape ${showShape(x.shape)}`);
  const { mean, variance } = statistics(x, { dims });
  if (options.runningMean)
    track(
      options,
      noGrad(() => mean.mean(0)),
      noGrad(() => variance.mean(0)),
      count,
    );
  return apply(instanceNormOp, [x, mean, variance, ...affineOf(x, options)], { dims, eps: options.eps ?? 1e-5 });
}

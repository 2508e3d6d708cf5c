import { type Shape, sameShape, showShape, sizeOf } from "../shape.ts";
import { apply, isGradEnabled, noGrad } from "../tape/apply.ts";
import type { Op } from "../tape/op.ts";
import { checkOptions } from "../tape/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Variable } from "../variable.ts";
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
  return {
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
  };
}

const deviationOp = elementwiseOp("squaredDeviation", "(x - mean) ** 2");

/** Mean and variance over dimensions, which stay as 1; no gradient flows through them. */
function statistics(x: Tensor, dims: readonly number[]): { readonly mean: Tensor; readonly variance: Tensor } {
  return noGrad(() => {
    const mean = x.mean(dims, { keepDim: true });
    return { mean, variance: applyNamed(deviationOp, { x, mean }).mean(dims, { keepDim: true }) };
  });
}

const affineOp = elementwiseOp("affine", "x * weight + bias");

function affine(x: Tensor, weight: Tensor | null | undefined, bias: Tensor | null | undefined): Tensor {
  if (weight && bias) return applyNamed(affineOp, { x, weight, bias });
  return weight ? x.mul(weight) : bias ? x.add(bias) : x;
}

/** Weight and bias of a normalization. */
export interface AffineOptions {
  readonly weight?: Tensor | null;
  readonly bias?: Tensor | null;
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
}

function checkShapes(op: string, wanted: Shape, given: Readonly<Record<string, Tensor | null | undefined>>): void {
  for (const [name, value] of Object.entries(given))
    if (value && !sameShape(value.shape, wanted))
      throw new RangeError(`${op}: ${name} has shape ${showShape(value.shape)}, expected ${showShape(wanted)}`);
}

function trailing(op: string, x: Tensor, shape: Shape): number[] {
  if (!Array.isArray(shape) || shape.length === 0) throw new TypeError(`${op}: normalizedShape is a list of sizes, such as [${x.shape.at(-1) ?? 1}]`);
  if (!sameShape(x.shape.slice(-shape.length), shape))
    throw new RangeError(`${op}: the last sizes of ${showShape(x.shape)} are not normalizedShape ${showShape(shape)}`);
  return shape.map((_, d) => x.ndim - shape.length + d);
}

const layerNormOp = standardizing("layerNorm");

/** Options of `layerNorm`; weight and bias have the normalized shape. */
export interface LayerNormOptions extends AffineOptions {
  /** The last sizes of the input, over which mean and variance are taken. */
  readonly normalizedShape: Shape;
}

/** Layer normalization: zero mean and unit variance over the last dimensions, then weight and bias. Ba, Kiros & Hinton 2016, arXiv:1607.06450. */
export function layerNorm(x: Tensor, options: LayerNormOptions): Tensor {
  checkOptions("layerNorm", options, ["normalizedShape", "weight", "bias", "eps"]);
  const { normalizedShape, weight, bias, eps = 1e-5 } = options;
  const dims = trailing("layerNorm", x, normalizedShape);
  checkShapes("layerNorm", normalizedShape, { weight, bias });
  const { mean, variance } = statistics(x, dims);
  return affine(apply(layerNormOp, [x, mean, variance], { dims, eps }), weight, bias);
}

/** `[C]` as `[C,1,…]`, to stand beside channels. */
const besideChannels = <T extends Tensor | null | undefined>(value: T, x: Tensor): Tensor | T =>
  value ? value.reshape([value.size, ...x.shape.slice(2).map(() => 1)]) : value;

const channelAffine = (x: Tensor, { weight, bias }: AffineOptions): Tensor => affine(x, besideChannels(weight, x), besideChannels(bias, x));

const groupNormOp = standardizing("groupNorm");

/** Options of `groupNorm`; weight and bias are one per channel. */
export interface GroupNormOptions extends AffineOptions {
  /** How many groups the channels make; it divides their number. */
  readonly numGroups: number;
}

/** Group normalization of `[N,C,…]`: zero mean and unit variance over each group of channels of each sample. Wu & He 2018, arXiv:1803.08494. */
export function groupNorm(x: Tensor, options: GroupNormOptions): Tensor {
  checkOptions("groupNorm", options, ["numGroups", "weight", "bias", "eps"]);
  const { numGroups, weight, bias, eps = 1e-5 } = options;
  const [batch, channels] = x.shape;
  if (x.ndim < 2 || !Number.isInteger(numGroups) || numGroups < 1 || channels % numGroups !== 0)
    throw new RangeError(`groupNorm: ${numGroups} groups do not divide the channels of ${showShape(x.shape)}, an input [N,C,…]`);
  checkShapes("groupNorm", [channels], { weight, bias });
  const grouped = x.reshape([batch, numGroups, sizeOf(x.shape.slice(1)) / numGroups]);
  const { mean, variance } = statistics(grouped, [2]);
  return channelAffine(apply(groupNormOp, [grouped, mean, variance], { dims: [2], eps }).reshape(x.shape), options);
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

const scaleSlopeOp = elementwiseOp("rmsNormBackward", "(grad - out * meanProduct) * rsqrt(meanSquare + eps)", { derivatives: { eps: null } });
const scaledOp = elementwiseOp("rmsNorm", "x * rsqrt(meanSquare + eps)", { derivatives: { eps: null } });

const rmsNormOp: Op<Over> = {
  name: "rmsNorm",
  forward: ([x], { dims, eps }) => {
    const input = x as Tensor;
    return applyNamed(scaledOp, { x: input, meanSquare: input.square().mean(dims, { keepDim: true }), eps });
  },
  vjp: [
    (g, { inputs, output, attrs: { dims, eps } }) => {
      const out = output as Tensor;
      const meanSquare = (inputs[0] as Tensor).square().mean(dims, { keepDim: true });
      return applyNamed(scaleSlopeOp, { grad: g, out, meanProduct: g.mul(out).mean(dims, { keepDim: true }), meanSquare, eps });
    },
  ],
};

/** Options of `rmsNorm`; the weight has the normalized shape. */
export interface RMSNormOptions {
  /** The last sizes of the input, over which the mean square is taken. */
  readonly normalizedShape: Shape;
  readonly weight?: Tensor | null;
  /** Added to the mean square. Default: the machine epsilon of the dtype. */
  readonly eps?: number | null;
}

/** `x / sqrt(mean(x²) + eps)` over the last dimensions, then the weight. Zhang & Sennrich 2019, arXiv:1910.07467. */
export function rmsNorm(x: Tensor, options: RMSNormOptions): Tensor {
  checkOptions("rmsNorm", options, ["normalizedShape", "weight", "eps"]);
  const { normalizedShape, weight } = options;
  const eps = options.eps ?? (x.dtype === "float64" ? Number.EPSILON : 2 ** -23);
  const dims = trailing("rmsNorm", x, normalizedShape);
  checkShapes("rmsNorm", normalizedShape, { weight });
  return affine(apply(rmsNormOp, [x], { dims, eps }), weight, null);
}

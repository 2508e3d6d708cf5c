import { type Shape, sameShape, showShape, sizeOf } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import { checkOptions } from "../tape/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type AffineOptions, affine, channelAffine, checkShapes } from "./affine.ts";
import { RowFormula } from "./rows.ts";

interface Epsilon {
  readonly eps: number;
}

/** An op that normalizes each row of `[rows,n]`; formulas read `eps` and `share`, which is 1/n, the slope also `normal`, the result. */
function normalizing(name: string, value: string, slope: string): Op<Epsilon> {
  const scalars = ["share", "eps"];
  const [values, slopes] = [new RowFormula(name, value, scalars), new RowFormula(`${name}Backward`, slope, scalars)];
  const shareOf = (x: Tensor): number => 1 / x.shape[1];
  return operation({
    name,
    primitive: true,
    saves: { shapes: false },
    forward: ([x], { eps }) => values.value({ x, share: shareOf(x as Tensor), eps }),
    vjp: [
      (grad, { inputs: [x], output, attrs: { eps } }) =>
        slopes.apply({ x: x as Tensor, normal: output as Tensor, grad, share: shareOf(x as Tensor), eps }),
    ],
  });
}

/** `(x - mean) / sqrt(variance + eps)`, whose gradient goes through mean and variance too (Ioffe & Szegedy 2015, arXiv:1502.03167, section 3). */
const standardizing = (name: string): Op<Epsilon> =>
  normalizing(
    name,
    `total = rowSum(x)
     squares = rowSum((x - total * share) ** 2)
     out = (x - total * share) * rsqrt(squares * share + eps)`,
    `total = rowSum(x)
     squares = rowSum((x - total * share) ** 2)
     gradSum = rowSum(grad)
     productSum = rowSum(grad * normal)
     out = (grad - gradSum * share - normal * (productSum * share)) * rsqrt(squares * share + eps)`,
  );

const layerNormOp = standardizing("layerNorm");
const groupNormOp = standardizing("groupNorm");

const rmsNormOp = normalizing(
  "rmsNorm",
  `squares = rowSum(x ** 2)
   out = x * rsqrt(squares * share + eps)`,
  `squares = rowSum(x ** 2)
   productSum = rowSum(grad * normal)
   out = (grad - normal * (productSum * share)) * rsqrt(squares * share + eps)`,
);

/** Normalizes `count` elements after one another, in rows. */
function normalized(op: Op<Epsilon>, x: Tensor, count: number, eps: number): Tensor {
  if (x.size === 0) return x;
  const rows = x.ndim === 2 && x.shape[1] === count ? x : x.reshape([x.size / count, count]);
  const result = apply(op, [rows], { eps });
  return rows === x ? result : result.reshape(x.shape);
}

/** Checks that the last sizes of a tensor are these; their product. */
function trailing(op: string, x: Tensor, shape: Shape): number {
  if (!Array.isArray(shape) || shape.length === 0) throw new TypeError(`${op}: normalizedShape is a list of sizes, such as [${x.shape.at(-1) ?? 1}]`);
  if (!sameShape(x.shape.slice(-shape.length), shape))
    throw new RangeError(`${op}: the last sizes of ${showShape(x.shape)} are not normalizedShape ${showShape(shape)}`);
  return sizeOf(shape);
}

/** Options of `layerNorm`; weight and bias have the normalized shape. */
export interface LayerNormOptions extends AffineOptions {
  /** The last sizes of the input, over which mean and variance are taken. */
  readonly normalizedShape: Shape;
}

/** Layer normalization: zero mean and unit variance over the last dimensions, then weight and bias. Ba, Kiros & Hinton 2016, arXiv:1607.06450. */
export function layerNorm(x: Tensor, options: LayerNormOptions): Tensor {
  checkOptions("layerNorm", options, ["normalizedShape", "weight", "bias", "eps"]);
  const { normalizedShape, weight, bias, eps = 1e-5 } = options;
  const count = trailing("layerNorm", x, normalizedShape);
  checkShapes("layerNorm", normalizedShape, { weight, bias });
  return affine(normalized(layerNormOp, x, count, eps), weight, bias);
}

/** Options of `groupNorm`; weight and bias are one per channel. */
export interface GroupNormOptions extends AffineOptions {
  /** How many groups the channels make; it divides their number. */
  readonly numGroups: number;
}

/** Group normalization of `[N,C,…]`: zero mean and unit variance over each group of channels of each sample. Wu & He 2018, arXiv:1803.08494. */
export function groupNorm(x: Tensor, options: GroupNormOptions): Tensor {
  checkOptions("groupNorm", options, ["numGroups", "weight", "bias", "eps"]);
  const { numGroups, weight, bias, eps = 1e-5 } = options;
  const channels = x.shape[1];
  if (x.ndim < 2 || !Number.isInteger(numGroups) || numGroups < 1 || channels % numGroups !== 0)
    throw new RangeError(`groupNorm: ${numGroups} groups do not divide the channels of ${showShape(x.shape)}, an input [N,C,…]`);
  checkShapes("groupNorm", [channels], { weight, bias });
  return channelAffine(normalized(groupNormOp, x, sizeOf(x.shape.slice(1)) / numGroups, eps), options);
}

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
  const count = trailing("rmsNorm", x, normalizedShape);
  checkShapes("rmsNorm", normalizedShape, { weight });
  return affine(normalized(rmsNormOp, x, count, eps), weight, null);
}

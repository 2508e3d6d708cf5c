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

/** How rows are normalized: formula lines over `eps` and `share`, which is 1/n. */
interface Normalization {
  readonly name: string;
  /** Folds a row. */
  readonly folds: string;
  /** What is normal of `x`. */
  readonly normal: string;
  /** From `scaled`, the gradient of that, to the gradient of `x`; may read what the lines `folds` and `slopeFolds` fold. */
  readonly slope: string;
  readonly slopeFolds: string;
}

/** `(x - mean) / sqrt(variance + eps)`, whose gradient goes through mean and variance too (Ioffe & Szegedy 2015, arXiv:1502.03167, section 3). */
const standardizing = (name: string): Normalization => ({
  name,
  folds: `total = rowSum(x)
    squares = rowSum((x - total * share) ** 2)`,
  normal: "(x - total * share) * rsqrt(squares * share + eps)",
  slopeFolds: `gradSum = rowSum(scaled)
    productSum = rowSum(scaled * normal)`,
  slope: "(scaled - gradSum * share - normal * (productSum * share)) * rsqrt(squares * share + eps)",
});

const rootMeanSquare: Normalization = {
  name: "rmsNorm",
  folds: "squares = rowSum(x ** 2)",
  normal: "x * rsqrt(squares * share + eps)",
  slopeFolds: "productSum = rowSum(scaled * normal)",
  slope: "(scaled - normal * (productSum * share)) * rsqrt(squares * share + eps)",
};

const scalars = ["share", "eps"];

/** The op that normalizes each row of `[rows,n]` and multiplies it by a weight `[n]`, and adds a bias `[n]`, where it has one. */
function normalizing({ name, folds, normal, slopeFolds, slope }: Normalization, weighted: boolean, biased: boolean): Op<Epsilon> {
  const values = new RowFormula(name, `${folds}\nout = ${normal}${weighted ? " * weight" : ""}${biased ? " + bias" : ""}`, scalars);
  const slopes = (product: boolean): RowFormula => {
    const lines = [folds, `normal = ${normal}`, `scaled = grad${weighted ? " * weight" : ""}`, slopeFolds, `out = ${slope}`];
    return new RowFormula(
      `${name}Backward`,
      [...lines, product ? "product = grad * normal" : ""].join("\n"),
      scalars,
      product ? ["out", "product"] : ["out"],
    );
  };
  const [alone, withProduct] = [slopes(false), slopes(true)];
  const shareOf = (x: Tensor): number => 1 / x.shape[1];
  return operation({
    name,
    primitive: true,
    saves: { inputs: weighted ? [0, 1] : [0], output: false, shapes: false },
    forward: (operands, { eps }) => {
      const [x, weight, bias] = operands as readonly Tensor[];
      return values.value({ x, weight, bias, share: shareOf(x), eps });
    },
    jointVjp: (grad, { inputs, attrs: { eps } }, [, toWeight = null, toBias = null]) => {
      const [x, weight] = inputs as readonly Tensor[];
      const operands = { x, weight, grad, share: shareOf(x), eps };
      const bias = toBias === null ? null : grad.sum(0);
      if (toWeight === null) return [alone.apply(operands), null, bias];
      const [out, product] = withProduct.applyAll(operands);
      return [out, product.sum(0), bias];
    },
  });
}

type Given = Tensor | null | undefined;

/** The op for a weight and a bias, or for none. */
type Family = (weight: Given, bias: Given) => Op<Epsilon>;

/** The three ops of a normalization, made when they are asked for: of rows alone, with a weight, with weight and bias. */
function family(normalization: Normalization): Family {
  const made: (Op<Epsilon> | undefined)[] = [];
  return (weight, bias) => (made[weight ? (bias ? 2 : 1) : 0] ??= normalizing(normalization, !!weight, !!weight && !!bias));
}

const layerNorms = family(standardizing("layerNorm"));
const groupNorms = family(standardizing("groupNorm"));
const rmsNorms = family(rootMeanSquare);

/** Rows of `[rows,n]`, normalized, times a weight and plus a bias `[n]` where there are such. A bias without a weight is added afterwards. */
function normalized(opFor: Family, x: Tensor, count: number, { weight, bias, eps = 1e-5 }: AffineOptions): Tensor {
  if (x.size === 0) return affine(x, weight, bias);
  const rows = x.ndim === 2 && x.shape[1] === count ? x : x.reshape([x.size / count, count]);
  const more = weight ? (bias ? [weight, bias] : [weight]) : [];
  const result = apply(opFor(weight, bias), [rows, ...more.map((each) => each.reshape([count]))], { eps });
  const shaped = rows === x ? result : result.reshape(x.shape);
  return weight ? shaped : affine(shaped, null, bias);
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
  return normalized(layerNorms, x, count, { ...options, eps });
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
  return channelAffine(normalized(groupNorms, x, sizeOf(x.shape.slice(1)) / numGroups, { eps }), options);
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
  return normalized(rmsNorms, x, count, { weight: weight ?? null, eps });
}

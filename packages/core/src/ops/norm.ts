import { type Dims, normalizeDims, reducedShape, showShape, sizeOf } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import { checkOptions } from "../tape/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { applyNamed, elementwiseOp } from "./elementwise.ts";
import { RowFormula } from "./rows.ts";

interface NormAttrs {
  readonly dims: readonly number[];
  readonly p: number;
  readonly keepDim: boolean;
}

// One slope for even p, where it is a polynomial of x and smooth at 0, and one for the others, whose value at 0 is taken to be 0.
const evenSlope = elementwiseOp("normBackward", "n == 0 ? 0 : grad * (x / n) ** (p - 1)", { derivatives: { p: null } });
const oddSlope = elementwiseOp("normBackward", "x == 0 ? 0 : grad * sign(x) * (abs(x) / n) ** (p - 1)", { derivatives: { p: null } });

const euclidean = new RowFormula(
  "norm",
  `squares = rowSum(x ** 2)
   out = sqrt(squares)`,
);
const general = new RowFormula(
  "norm",
  `powers = rowSum(abs(x) ** p)
   out = powers ** (1 / p)`,
  ["p"],
);

const normOp: Op<NormAttrs> = operation({
  name: "norm",
  forward: ([x], { dims, p, keepDim }) => {
    const input = x as Tensor;
    const folded = dims.length > 0 ? dims : input.shape.map((_, d) => d);
    const rest = input.shape.map((_, d) => d).filter((d) => !folded.includes(d));
    const rows = input.permute([...rest, ...folded]).reshape([...rest.map((d) => input.shape[d]), sizeOf(folded.map((d) => input.shape[d]))]);
    const norms = p === 2 ? euclidean.value({ x: rows }) : general.value({ x: rows, p });
    return norms.reshape(reducedShape(input.shape, folded, keepDim));
  },
  vjp: [
    (g, { inputs, output, shapes: [shape], attrs: { dims, p } }) => {
      const kept = reducedShape(shape, dims, true);
      const values = { grad: g.reshape(kept), x: inputs[0] as Tensor, n: (output as Tensor).reshape(kept), p };
      return applyNamed(p > 0 && p % 2 === 0 ? evenSlope : oddSlope, values);
    },
  ],
});

const countingOp = elementwiseOp("norm", "x != 0 ? 1 : 0");

/** How `norm` measures. */
export interface NormOptions {
  /** Order; 2 by default. 0 counts what is not 0, Infinity and -Infinity give the largest and the smallest magnitude. */
  readonly p?: number;
  readonly keepDim?: boolean;
}

/**
 * The vector norm `(Σ |x|^p)^(1/p)` over the dimensions, all by default. Where the norm is 0, and for p < 2 where an element is 0, the gradient is the
 * subgradient 0; equal magnitudes share the gradient of p = ±Infinity.
 */
export function norm(x: Tensor, dims?: Dims, options: NormOptions = {}): Tensor {
  checkOptions("norm", options, ["p", "keepDim"]);
  const { p = 2, keepDim = false } = options;
  if (typeof p !== "number" || Number.isNaN(p)) throw new TypeError(`norm: p is a number or ±Infinity, got ${p}`);
  const attrs = { dims: normalizeDims("norm", dims, x.shape), p, keepDim };
  if (p === 0) return apply(countingOp, [x], null).sum(dims, { keepDim });
  if (p === 1) return x.abs().sum(dims, { keepDim });
  if (Number.isFinite(p)) return apply(normOp, [x], attrs);
  if (attrs.dims.some((d) => x.shape[d] === 0)) throw new RangeError(`norm: there is no extremum of no elements, shape ${showShape(x.shape)}`);
  return p > 0 ? x.abs().amax(dims, { keepDim }) : x.abs().amin(dims, { keepDim });
}

/** `x / max(norm(x), eps)` along a dimension; p 2, dim 1, eps 1e-12 by default. Vectors shorter than eps are divided by eps. */
export function normalize(x: Tensor, options: { readonly p?: number; readonly dim?: Dims; readonly eps?: number } = {}): Tensor {
  checkOptions("normalize", options, ["p", "dim", "eps"]);
  const { p = 2, dim = 1, eps = 1e-12 } = options;
  return x.div(x.norm(dim, { p, keepDim: true }).clamp({ min: eps }));
}

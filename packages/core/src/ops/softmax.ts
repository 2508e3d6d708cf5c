import { type Dims, normalizeDim } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { applyNamed, elementwiseOp } from "./elementwise.ts";
import { RowFormula } from "./rows.ts";

interface AlongDim {
  readonly dim: number;
}

const output = { inputs: [], output: true, shapes: false } as const;

const softmaxRows = new RowFormula(
  "softmax",
  `top = rowMax(x)
   out = exp(x - top)
   total = rowSum(out)
   out = out * (1 / total)`,
);
const softmaxSlope = new RowFormula(
  "softmaxBackward",
  `total = rowSum(grad * p)
   out = p * (grad - total)`,
);
const logSoftmaxRows = new RowFormula(
  "logSoftmax",
  `top = rowMax(x)
   total = rowSum(exp(x - top))
   out = x - top - log(total)`,
);
const logSoftmaxSlope = new RowFormula(
  "logSoftmaxBackward",
  `total = rowSum(grad)
   out = grad - exp(logP) * total`,
);

const softmaxOp: Op<AlongDim> = operation({
  name: "softmax",
  primitive: true,
  saves: output,
  forward: ([x], { dim }) => softmaxRows.value({ x }, { dim }),
  vjp: [(grad, { output: p, attrs: { dim } }) => softmaxSlope.apply({ grad, p: p as Tensor }, { dim })],
});

/** `exp(x) / Σ exp(x)` along a dimension, shifted by the maximum so that nothing overflows. */
export const softmax = (x: Tensor, dim: number): Tensor => along(softmaxOp, x, dim);

/** `softmax(-x)` along a dimension: the smallest element gets the largest share. */
export const softmin = (x: Tensor, dim: number): Tensor => x.neg().softmax(dim);

const logSoftmaxOp: Op<AlongDim> = operation({
  name: "logSoftmax",
  primitive: true,
  saves: output,
  forward: ([x], { dim }) => logSoftmaxRows.value({ x }, { dim }),
  vjp: [(grad, { output: logP, attrs: { dim } }) => logSoftmaxSlope.apply({ grad, logP: logP as Tensor }, { dim })],
});

/** `x - log Σ exp(x)` along a dimension, accurate where softmax would round to 0. */
export const logSoftmax = (x: Tensor, dim: number): Tensor => along(logSoftmaxOp, x, dim);

function along(op: Op<AlongDim>, x: Tensor, dim: number): Tensor {
  const at = normalizeDim(op.name, dim, x.shape);
  return x.ndim === 0 ? apply(op, [x.reshape([1])], { dim: 0 }).reshape([]) : apply(op, [x], { dim: at });
}

// exp(x - total) would be NaN where both are infinite: infinite terms share all the gradient, and a sum of nothing gives none. The weights are divided by
// their sum, because a large total has lost the digits that would make it 1.
const weightOp = elementwiseOp("logSumExpWeight", "isinf(total) ? (x == total && x > 0 ? 1 : 0) : exp(x - total)");
const shareOp = elementwiseOp("logSumExpBackward", "whole == 0 ? 0 : grad * weight / whole");

const logSumExpOp: Op<{ readonly dims: Dims | undefined }> = operation({
  name: "logSumExp",
  forward: ([x], { dims }) => {
    const input = x as Tensor;
    if (input.size === 0) return input.exp().sum(dims, { keepDim: true }).log();
    const top = input.amax(dims, { keepDim: true });
    const shift = top.isFinite().where(top, 0);
    return input.sub(shift).exp().sum(dims, { keepDim: true }).log().add(shift);
  },
  vjp: [
    (g, { inputs, output: y, attrs: { dims } }) => {
      const weight = applyNamed(weightOp, { x: inputs[0] as Tensor, total: y as Tensor });
      return applyNamed(shareOp, { grad: g, weight, whole: weight.sum(dims, { keepDim: true }) });
    },
  ],
});

/** `log Σ exp(x)` over the dimensions, all by default, shifted by the maximum so that nothing overflows. Over -Infinity alone it is -Infinity, with gradient 0. */
export function logSumExp(x: Tensor, dims?: Dims, options?: { readonly keepDim?: boolean }): Tensor {
  const kept = apply(logSumExpOp, [x], { dims });
  if (options?.keepDim === true) return kept;
  return dims === undefined ? kept.reshape([]) : kept.squeeze(dims);
}

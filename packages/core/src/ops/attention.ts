import type { Generator } from "../random.ts";
import { showShape } from "../shape.ts";
import { checkOptions } from "../tape/options.ts";
import { fromData, type Tensor } from "../tensor/tensor.ts";

/** Options of `scaledDotProductAttention`. */
export interface AttentionOptions {
  /** Broadcasts to `[…, queries, keys]`. bool: true may be attended to. Numbers: added to the scores. */
  readonly mask?: Tensor | null;
  /** Lets each query attend to keys at its own position and before only. Default false. */
  readonly isCausal?: boolean;
  /** Factor of the scores, 1/√features by default. */
  readonly scale?: number;
  /** Probability with which a weight is dropped, 0 by default. */
  readonly dropoutP?: number;
  /** Draws what is dropped. */
  readonly generator?: Generator;
}

/**
 * Attention `softmax(q kᵀ / √d + mask) v`: `[…,queries,d]`, `[…,keys,d]`, `[…,keys,features]` → `[…,queries,features]`. A query that may attend to
 * nothing gives NaN. Vaswani et al. 2017, arXiv:1706.03762, section 3.2.1.
 */
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  if (q.ndim < 2 || k.ndim < 2 || v.ndim < 2 || q.shape[q.ndim - 1] !== k.shape[k.ndim - 1] || k.shape[k.ndim - 2] !== v.shape[v.ndim - 2])
    throw new RangeError(
      `scaledDotProductAttention: query ${showShape(q.shape)} and key ${showShape(k.shape)} must agree in their last size, key and value ${showShape(v.shape)} in the one before`,
    );
  checkOptions("scaledDotProductAttention", options, ["mask", "isCausal", "scale", "dropoutP", "generator"]);
  const { mask, isCausal = false, scale = 1 / Math.sqrt(q.shape[q.ndim - 1]), dropoutP = 0, generator } = options;
  if (isCausal && mask !== undefined && mask !== null)
    throw new TypeError("scaledDotProductAttention: give a mask or isCausal, not both; combine them with .logicalAnd()");
  let scores = q.mul(scale).matmul(k.transpose(-2, -1));
  const allowed = isCausal ? before(scores) : mask;
  if (allowed !== undefined && allowed !== null)
    scores = allowed.dtype === "bool" ? scores.maskedFill(allowed.logicalNot(), -Infinity) : scores.add(allowed);
  const weights = scores.softmax(-1);
  return weights.dropout({ p: dropoutP, ...(generator === undefined ? {} : { generator }) }).matmul(v);
}

/** True where the key's position is the query's or an earlier one. */
function before(scores: Tensor): Tensor {
  const [queries, keys] = scores.shape.slice(-2);
  const mask = Uint8Array.from({ length: queries * keys }, (_, i) => (i % keys <= Math.floor(i / keys) ? 1 : 0));
  return fromData(mask, "bool", [queries, keys], scores.device);
}

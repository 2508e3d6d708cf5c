import { concat, type Device, sameShape, showShape, type Tensor, tensor } from "@gradtape/core";

/**
 * Who may attend to whom. A mask is bool with true = blocked, as in PyTorch's layers (the op `scaledDotProductAttention` says true = allowed), or numbers
 * that are added to the scores.
 */
export interface AttentionMasks {
  /** `[queries,keys]`, or `[batch·heads,queries,keys]`. */
  readonly attnMask?: Tensor | null;
  /** `[batch,keys]`: keys that nobody may attend to, such as padding; `[keys]` for inputs without batch. */
  readonly keyPaddingMask?: Tensor | null;
  /** Lets each query attend to keys at its own position and before only. Default false. */
  readonly isCausal?: boolean;
}

/** The mask `[queries,keys]`, bool, that blocks keys behind the query's own position. */
export function causalMask(queries: number, keys = queries, options: { readonly device?: Device } = {}): Tensor {
  const blocked = Uint8Array.from({ length: queries * keys }, (_, i) => (i % keys > Math.floor(i / keys) ? 1 : 0));
  return tensor(blocked, { ...options, dtype: "bool", shape: [queries, keys] });
}

/** Applies masks for `length` keys to scores `[batch,heads,queries,keys]`; keys behind the first `length` stay open to all. */
export function maskScores(scores: Tensor, length: number, { attnMask, keyPaddingMask, isCausal = false }: AttentionMasks): Tensor {
  const [batch, heads, queries, keys] = scores.shape;
  const masks: Tensor[] = [];
  if (attnMask !== undefined && attnMask !== null) {
    const full = [batch * heads, queries, length];
    check("attnMask", attnMask, [full.slice(1), full]);
    masks.push(attnMask.ndim === 2 ? attnMask : attnMask.reshape([batch, heads, queries, length]));
  }
  if (keyPaddingMask !== undefined && keyPaddingMask !== null) {
    check("keyPaddingMask", keyPaddingMask, batch === 1 ? [[batch, length], [length]] : [[batch, length]]);
    masks.push(keyPaddingMask.reshape([batch, 1, 1, length]));
  }
  if (isCausal) masks.push(causalMask(queries, length, { device: scores.device }));
  return masks.reduce((masked, mask) => {
    const whole = keys === length ? mask : concat([mask, mask.newZeros([...mask.shape.slice(0, -1), keys - length])], -1);
    return whole.dtype === "bool" ? masked.maskedFill(whole, -Infinity) : masked.add(whole.to(masked.dtype));
  }, scores);
}

function check(name: string, mask: Tensor, shapes: readonly (readonly number[])[]): void {
  if (mask.dtype === "int32")
    throw new TypeError(`MultiheadAttention: ${name} is int32; make it bool (true = blocked) with .to("bool"), or float to add it to the scores`);
  if (!shapes.some((shape) => sameShape(shape, mask.shape)))
    throw new RangeError(`MultiheadAttention: ${name} has shape ${showShape(mask.shape)}; it must be ${shapes.map(showShape).join(" or ")}`);
}

import { type Shape, sameShape, showShape } from "../shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { applyNamed, elementwiseOp } from "./elementwise.ts";

const affineOp = elementwiseOp("affine", "x * weight + bias");

/** `x * weight + bias`, as far as they are there. */
export function affine(x: Tensor, weight: Tensor | null | undefined, bias: Tensor | null | undefined): Tensor {
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

/** Checks the shapes of tensors that are there, each under its name. */
export function checkShapes(op: string, wanted: Shape, given: Readonly<Record<string, Tensor | null | undefined>>): void {
  for (const [name, value] of Object.entries(given))
    if (value && !sameShape(value.shape, wanted))
      throw new RangeError(`${op}: ${name} has shape ${showShape(value.shape)}, expected ${showShape(wanted)}`);
}

/** `[C]` as `[C,1,…]`, to stand beside channels. */
export const besideChannels = <T extends Tensor | null | undefined>(value: T, x: Tensor): Tensor | T =>
  value ? value.reshape([value.size, ...x.shape.slice(2).map(() => 1)]) : value;

/** `x * weight + bias` with one number of each for a channel. */
export const channelAffine = (x: Tensor, { weight, bias }: AffineOptions): Tensor => affine(x, besideChannels(weight, x), besideChannels(bias, x));

import { unowned } from "../backend/region.ts";
import { sameShape, showShape } from "../shape.ts";
import { enableGrad, isGradEnabled, type Listener, listen, noGrad } from "../tape/apply.ts";
import { grad } from "../tape/backward.ts";
import { type Op, type Operand, type Saved, vjpOf } from "../tape/op.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A value and its derivative in one direction. */
export interface Dual<T> {
  readonly value: T;
  readonly tangent: T;
}

/**
 * Forward mode: runs `fn` once and carries directional derivatives along (Wengert 1964; Griewank & Walther 2008, section 3.1). Elementwise operations get their
 * tangent from their formula; other operations from their vector-Jacobian product, which is linear in the gradient, transposed on the spot.
 * @param tangents directions, one of the shape of each primal.
 * @returns the value of `fn` and its directional derivative. Both can be differentiated again, forward or backward.
 */
export function jvp(fn: (...inputs: Tensor[]) => Tensor, primals: readonly Tensor[], tangents: readonly Tensor[]): Dual<Tensor> {
  if (primals.length !== tangents.length) throw new RangeError(`jvp: ${primals.length} primals but ${tangents.length} tangents`);
  primals.forEach((primal, k) => {
    if (!sameShape(primal.shape, tangents[k].shape))
      throw new RangeError(`jvp: tangent ${k} has shape ${showShape(tangents[k].shape)}, its primal ${showShape(primal.shape)}`);
  });
  // A tangent belongs to one use of a value, so each primal goes behind an operation of its own, which an outer jvp can follow.
  const inputs = primals.map((primal) => primal.unsqueeze(0).squeeze(0));
  const known = new Map<Tensor, Tensor>(inputs.map((input, k) => [input, tangents[k]]));
  let busy = false;
  const follow: Listener = ({ op, inputs: operands, attrs, output }) => {
    if (busy) return;
    busy = true;
    try {
      const tangent = unowned(() => tangentOf(op, operands, attrs, output, known));
      if (tangent !== null) known.set(output, tangent);
    } finally {
      busy = false;
    }
  };
  const stop = listen(follow);
  try {
    const value = fn(...inputs);
    return { value, tangent: known.get(value) ?? value.newZeros() };
  } finally {
    stop();
  }
}

function tangentOf(op: Op, operands: readonly Operand[], attrs: unknown, output: Tensor, known: ReadonlyMap<Tensor, Tensor>): Tensor | null {
  const moving = operands.flatMap((operand, k) => {
    const tangent = typeof operand === "number" ? undefined : known.get(operand);
    const product = tangent === undefined ? null : vjpOf(op, k);
    return tangent === undefined || product === null ? [] : [{ tangent, product }];
  });
  if (moving.length === 0) return null;
  const saved: Saved = {
    inputs: operands,
    output,
    shapes: operands.map((operand) => (typeof operand === "number" ? [] : operand.shape)),
    dtypes: operands.map((operand) => (typeof operand === "number" ? output.dtype : operand.dtype)),
    attrs,
  };
  const terms =
    "operands" in op ? moving.map(({ tangent, product }) => product(tangent.expand(output.shape), saved)) : [transposed(moving, saved, output)];
  return terms.reduce((sum, term) => sum.add(term));
}

/** `Σ J_k t_k` as the gradient of `Σ <uᵀ J_k, t_k>` by `u`. */
function transposed(
  moving: readonly { readonly tangent: Tensor; readonly product: (g: Tensor, saved: Saved) => Tensor }[],
  saved: Saved,
  output: Tensor,
): Tensor {
  const records = isGradEnabled();
  const run = (): Tensor =>
    enableGrad(() => {
      const u = output.newZeros().requireGrad();
      const pairing = moving
        .map(({ tangent, product }) => product(u, saved).sumTo(tangent.shape).mul(tangent).sum())
        .reduce((sum, term) => sum.add(term));
      if (!pairing.requiresGrad) return output.newZeros();
      const [found] = grad(pairing, [u], { createGraph: records, allowUnused: true });
      return found ?? output.newZeros();
    });
  return records ? run() : noGrad(run);
}

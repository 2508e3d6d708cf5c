import type { View } from "../backend/view.ts";
import { Tensor } from "../tensor/tensor.ts";
import { apply, noGrad } from "./apply.ts";
import { type Op, type Operand, operation } from "./op.ts";

/** Makes a function of an operation: calling it records the operation on the tape like any other. */
export function defineOp<Attrs>(op: Op<Attrs>): (inputs: readonly Operand[], attrs: Attrs) => Tensor {
  return (inputs, attrs) => apply(op, inputs, attrs);
}

/** A value with a gradient of its own making. */
export interface CustomGradient {
  readonly value: Tensor;
  /** From the gradient of the value to the gradient of each input (`null`: none flows), in tensor ops when it is to be differentiated again. */
  readonly vjp: (g: Tensor) => Tensor | null | readonly (Tensor | null)[];
}

/** Gives a function a gradient other than the one that its operations would have: a straight-through estimator, a clipped or a cheaper one. */
export function customGrad(fn: (...inputs: Tensor[]) => CustomGradient): (...inputs: Tensor[]) => Tensor {
  return (...inputs) => {
    const { value, vjp } = noGrad(() => fn(...inputs));
    const op: Op<null> = operation({
      name: "customGrad",
      forward: (): View => new Tensor(value),
      jointVjp: (g) => {
        const gradients = vjp(g);
        return gradients === null || gradients instanceof Tensor ? [gradients] : gradients;
      },
    });
    return apply(op, inputs, null);
  };
}

import type { View } from "../backend/view.ts";
import type { DType } from "../dtype.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What an operation takes: tensors, and in elementwise formulas plain numbers. */
export type Operand = Tensor | number;

/** What the backward pass finds again. Inputs and output that the op does not list under `saves` are undefined; shapes and dtypes are always there. */
export interface Saved<Attrs = unknown> {
  readonly inputs: readonly (Operand | undefined)[];
  readonly output: Tensor | undefined;
  readonly shapes: readonly Shape[];
  readonly dtypes: readonly DType[];
  readonly attrs: Attrs;
}

/** Vector-Jacobian product for one input: from the output's gradient to the input's, in tensor ops, so that it can be differentiated again. */
export type VJP<Attrs = unknown> = (g: Tensor, saved: Saved<Attrs>) => Tensor;

/** An operation: one place for name, meaning and derivative. */
// biome-ignore lint/suspicious/noExplicitAny: ops of all attribute types share one tape
export interface Op<Attrs = any> {
  readonly name: string;
  /** Formula text where the op has one, for teaching tools. */
  readonly formula?: string;
  /** The value. Ops called inside are not recorded. */
  forward(inputs: readonly Operand[], attrs: Attrs): View;
  /** One product per input, `null` where the op is not differentiable; or a function from the input's index. */
  readonly vjp?: readonly (VJP<Attrs> | null)[] | ((index: number) => VJP<Attrs> | null);
  /** What the products read, of all inputs or of those to which a gradient flows. Default: every input and the output. */
  readonly saves?: Saves | ((flowsTo: (index: number) => boolean) => Saves);
}

/** What an op's products read: indices of inputs (default all), and whether the output (default true). */
export interface Saves {
  readonly inputs?: readonly number[];
  readonly output?: boolean;
}

/** The product for one input of an op, or `null` when none exists. */
export function vjpOf(op: Op, index: number): VJP | null {
  if (op.vjp === undefined) return null;
  return typeof op.vjp === "function" ? op.vjp(index) : (op.vjp[index] ?? null);
}

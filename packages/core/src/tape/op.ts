import type { View } from "../backend/view.ts";
import type { DType } from "../dtype.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What an operation takes: tensors, and in elementwise formulas plain numbers. */
export type Operand = Tensor | number;

/** What the backward pass finds again. Inputs and output that the op does not list under `saves` are undefined. */
export interface Saved<Attrs = unknown> {
  readonly inputs: readonly (Operand | undefined)[];
  readonly output: Tensor | undefined;
  readonly shapes: readonly Shape[];
  readonly dtypes: readonly DType[];
  readonly attrs: Attrs;
}

/**
 * The gate before an input that a ReLU made: of the gradient that arrives there, what meets a value of at most 0 goes no further. A product that leaves that out by
 * itself says so, which saves the ReLU its own product.
 */
export interface Gate {
  /** The ReLU's result, of the input's shape. */
  readonly values: Tensor;
  /** Whether the product left out what goes no further; set by it. */
  closed: boolean;
}

/**
 * Vector-Jacobian product for one input: from the output's gradient to the input's, in tensor ops, so that it can be differentiated again. Where a gradient waits at
 * the input that may be changed in place, it is given as `into`; a product that adds itself to that returns it. A product need not heed the `gate`.
 */
export type VJP<Attrs = unknown> = (g: Tensor, saved: Saved<Attrs>, into?: Tensor, gate?: Gate) => Tensor;

/** An operation: one place for name, meaning and derivative. */
// biome-ignore lint/suspicious/noExplicitAny: ops of all attribute types share one tape
export interface Op<Attrs = any> {
  readonly name: string;
  /** Formula text where the op has one, for teaching tools. */
  readonly formula?: string | undefined;
  /**
   * Whether `forward` makes nothing but its result and runs no operation inside, so that nothing is to be freed after it; a tensor that it returns is fresh.
   * Default false.
   */
  readonly primitive?: boolean;
  /** The value. Ops called inside are not recorded. */
  forward(inputs: readonly Operand[], attrs: Attrs): View;
  /** One product per input, `null` where the op is not differentiable; or a function from the input's index. */
  readonly vjp?: readonly (VJP<Attrs> | null)[] | ((index: number) => VJP<Attrs> | null) | undefined;
  /** The products for all inputs at once, instead of `vjp`, where they share work. `flows` is `null` where none is wanted, and so may a product be where none flows. */
  readonly jointVjp?: JointVJP<Attrs> | undefined;
  /** What the products read, of all inputs or of those to which a gradient flows. Default: every input and the output. */
  readonly saves?: Saves | ((flows: Flows) => Saves) | undefined;
  /** Whether the one product is the gradient that arrives where the output is not at most 0, and 0 elsewhere. Default false. */
  readonly rectifies?: boolean | undefined;
}

/** For each input, `null` where no gradient flows to it. */
export type Flows = readonly (object | null)[];

/** Vector-Jacobian products for all inputs. */
export type JointVJP<Attrs = unknown> = (g: Tensor, saved: Saved<Attrs>, flows: Flows) => readonly (Tensor | null)[];

/** One of the products that are made together. */
const oneOf =
  <Attrs>(joint: JointVJP<Attrs>) =>
  (index: number): VJP<Attrs> =>
  (g, saved) =>
    joint(
      g,
      saved,
      saved.inputs.map((_, k) => (k === index ? saved : null)),
    )[index] ?? g.newZeros(saved.shapes[index]);

const all: Saves = {};

/** What an op's products read, in one layout. */
const savesOf = ({ inputs, output = true, shapes = true }: Saves): Saves => ({ inputs, output, shapes });

/** An operation of the library: all have one layout, because engines make faster code for calls that meet one kind of object. */
class Operation<Attrs> {
  readonly name: string;
  readonly formula: string | undefined;
  readonly primitive: boolean;
  readonly forward: Op<Attrs>["forward"];
  readonly vjp: Op<Attrs>["vjp"];
  readonly jointVjp: Op<Attrs>["jointVjp"];
  readonly saves: Op<Attrs>["saves"];
  readonly rectifies: boolean;

  constructor(op: Op<Attrs>) {
    const { name, formula, primitive = false, forward, jointVjp, vjp = jointVjp && oneOf(jointVjp), saves = all, rectifies = false } = op;
    this.name = name;
    this.formula = formula;
    this.primitive = primitive;
    this.forward = forward;
    this.vjp = vjp;
    this.jointVjp = jointVjp;
    this.saves = typeof saves === "function" ? saves : savesOf(saves);
    this.rectifies = rectifies;
  }
}

/** Makes an operation. */
export const operation = <Attrs>(op: Op<Attrs>): Op<Attrs> => new Operation(op);

/** What an op's products read: indices of inputs (default all), whether the output, and whether shapes and dtypes of the inputs (default true). */
export interface Saves {
  readonly inputs?: readonly number[] | undefined;
  readonly output?: boolean;
  readonly shapes?: boolean;
}

/** The product for one input of an op, or `null` when none exists. */
export function vjpOf(op: Op, index: number): VJP | null {
  if (op.vjp === undefined) return null;
  return typeof op.vjp === "function" ? op.vjp(index) : (op.vjp[index] ?? null);
}

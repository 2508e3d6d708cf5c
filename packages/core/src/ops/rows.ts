import { mapRows, positions } from "../backend/rowcomposition.ts";
import { POSITION, type RowFold, RowKernel } from "../backend/rows.ts";
import { allocate, restride, type View } from "../backend/view.ts";
import { type DType, isFloat, promote } from "../dtype.ts";
import { type Expression, toText } from "../formula/index.ts";
import { broadcastShapes, contiguousStrides, type Shape } from "../shape.ts";
import { apply, isFollowed, isGradEnabled } from "../tape/apply.ts";
import { detach } from "../tape/autograd.ts";
import { type Op, type Operand, operation } from "../tape/op.ts";
import { Tensor } from "../tensor/tensor.ts";
import { applyNamed, type ElementwiseOp, elementwiseOp } from "./elementwise.ts";

type Operands = Readonly<Record<string, Operand>>;

/** The dimension along which rows lie; the last by default. */
interface Along {
  readonly dim?: number | undefined;
}

interface Attrs extends Along {
  readonly operands: Operands;
}

/**
 * A formula over rows (`RowKernel`) with the result `out`, or others, over tensors, which broadcast, and numbers (`scalars`), by their names in the formula. A result of
 * one number for a row has size 1 in the rows' dimension.
 */
export class RowFormula {
  readonly #kernel: () => RowKernel;
  readonly #op: Op<Attrs>;

  constructor(name: string, text: string, scalars: readonly string[] = [], results: readonly string[] = ["out"]) {
    let kernel: RowKernel | undefined;
    this.#kernel = () => (kernel ??= new RowKernel(text, results, scalars));
    this.#op = operation<Attrs>({ name, primitive: true, forward: (_, { operands, dim }) => this.value(operands, { dim }) });
  }

  /** The value, by one kernel; for an op's forward. */
  value(operands: Operands, along: Along = {}): Tensor {
    return this.#values(operands, along)[0];
  }

  #values(operands: Operands, { dim }: Along): Tensor[] {
    const kernel = this.#kernel();
    const tensors = kernel.inputs.map((input) => operands[input] as Tensor);
    const whole = this.#shape(operands);
    const at = dim ?? whole.length - 1;
    const dtype = dtypeOf(tensors);
    const outputs = kernel.outputs.map(
      ({ perRow }) => new Tensor(allocate(tensors[0].device, dtype, perRow ? whole.map((n, d) => (d === at ? 1 : n)) : whole)),
    );
    const rows = (view: View): View => rowsOf(view, at, whole.length);
    const numbers = kernel.scalars.map((scalar) => operands[scalar] as number);
    mapRows(kernel, tensors.map(rows), numbers, outputs.map(rows));
    return outputs;
  }

  /**
   * The formula as an operation; for products of a backward pass. Where a gradient flows through it, or somebody follows operations, it is made of elementwise
   * ones and sums, so that derivatives of every order follow from the text. Maxima are shifts, on which a result does not depend: no gradient flows through them.
   */
  apply(operands: Operands, along: Along = {}): Tensor {
    if (this.#isSeen(operands)) return this.#recorded(operands, along)[0];
    const tensors = this.#kernel().inputs.map((input) => operands[input] as Tensor);
    return apply(this.#op, tensors, { operands, ...along });
  }

  /** All results of a formula that has several. */
  applyAll(operands: Operands, along: Along = {}): readonly Tensor[] {
    return this.#isSeen(operands) ? this.#recorded(operands, along) : this.#values(operands, along);
  }

  #isSeen(operands: Operands): boolean {
    return isFollowed() || (isGradEnabled() && this.#kernel().inputs.some((input) => (operands[input] as Tensor).node !== null));
  }

  #shape(operands: Operands): Shape {
    return broadcastShapes(this.#op.name, ...this.#kernel().inputs.map((input) => (operands[input] as Tensor).shape));
  }

  #recorded(operands: Operands, { dim }: Along): Tensor[] {
    const kernel = this.#kernel();
    const whole = this.#shape(operands);
    const at = dim ?? whole.length - 1;
    const places = (): Tensor => {
      const { device } = operands[kernel.inputs[0]] as Tensor;
      const shape = whole.map((n, d) => (d === at ? n : 1));
      return new Tensor(restride(positions(device, whole[at]), shape, contiguousStrides(shape)));
    };
    const known: Record<string, Operand> = { ...operands };
    const compute = (expression: Expression): Tensor => {
      if (expression.kind === "name" && expression.name !== POSITION) return known[expression.name] as Tensor;
      const op = operationOf(kernel, this.#op.name, expression);
      if (op.operands.includes(POSITION)) known[POSITION] ??= places();
      return applyNamed(op, known);
    };
    for (const { constants, writes, folds } of kernel.passes) {
      for (const { name, expression } of constants) known[name] = compute(expression);
      // What a pass reads of an output is what an earlier one wrote.
      const values = writes.map(({ name, expression }) => [name, compute(expression)] as const);
      for (const { name, fold, expression } of folds) known[name] = folded(fold, compute(expression), at);
      Object.assign(known, Object.fromEntries(values));
    }
    for (const { name, expression } of kernel.totals) known[name] = compute(expression);
    return kernel.outputs.map(({ name }) => known[name] as Tensor);
  }
}

const operations = new WeakMap<RowKernel, Map<Expression, ElementwiseOp>>();

/** The elementwise operation of an expression of a row kernel. */
function operationOf(kernel: RowKernel, name: string, expression: Expression): ElementwiseOp {
  let known = operations.get(kernel);
  if (known === undefined) operations.set(kernel, (known = new Map()));
  let op = known.get(expression);
  if (op === undefined) known.set(expression, (op = elementwiseOp(name, toText(expression))));
  return op;
}

function folded(fold: RowFold, x: Tensor, dim: number): Tensor {
  const options = { keepDim: true } as const;
  return fold === "sum" ? x.sum(dim, options) : detach(fold === "max" ? x.amax(dim, options) : x.amin(dim, options));
}

/** The view with a dimension as its last one. */
function rowsOf(view: View, dim: number, rank: number): View {
  const at = dim - (rank - view.shape.length);
  if (at < 0 || at === view.shape.length - 1) return view;
  const moved = (list: readonly number[]): number[] => [...list.slice(0, at), ...list.slice(at + 1), list[at]];
  return restride(view, moved(view.shape), moved(view.strides));
}

function dtypeOf(tensors: readonly Tensor[]): DType {
  let dtype: DType = "bool";
  for (const tensor of tensors) if (isFloat(tensor.dtype)) dtype = promote(dtype, tensor.dtype);
  return isFloat(dtype) ? dtype : "float32";
}

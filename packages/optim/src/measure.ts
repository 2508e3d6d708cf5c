import { apply, elementwiseOp, type Operand, type Tensor } from "@gradtape/core";

/** What a measure reads: the tensors and the numbers among its operands, by name. */
export type Compute = (tensors: Readonly<Record<string, Tensor>>, numbers: Readonly<Record<string, Operand>>) => Tensor;

/**
 * A named quantity of a rule that is not elementwise: a norm, a mean over rows, a matrix function. It is computed in tensor ops when a line of the
 * formula first reads its name, from what its operands are then, and broadcasts in the lines after. A measure that has the name of a state computes
 * that state's next value.
 */
export interface Measure {
  /** Names that it reads: `p`, `g`, state, lines before, other measures. */
  readonly of: readonly string[];
  /** Options and circumstances that tune it. */
  readonly numbers: readonly string[];
  readonly compute: Compute;
  /** How it reads in explanations, as formula text. */
  readonly text: string;
  /** How papers write it. */
  readonly latex: string;
  /** Whether it turns its sign with the gradient (a direction), rather than setting a size. Explanations count a direction as a cause of its own. */
  readonly direction: boolean;
}

/** What a measure may say beside what it computes. */
export interface MeasureOptions {
  /** Options and other numbers that it reads. */
  readonly numbers?: readonly string[];
  /** Whether it is a direction, which turns its sign with the gradient. Default false. */
  readonly direction?: boolean;
  /** How papers write it. */
  readonly latex?: string;
}

/** A measure of one's own, in tensor ops: `measure("orthogonalize", ["u"], ({ u }) => …)`. */
export function measure(name: string, of: readonly string[], compute: Compute, options: MeasureOptions = {}): Measure {
  const { numbers = [], direction = false, latex = `\\operatorname{${name}}\\left(${of.join(", ")}\\right)` } = options;
  return { of, numbers, compute, text: `${name}(${of.join(", ")})`, latex, direction };
}

/** The Euclidean norm of everything in one tensor, a tensor without dimensions; its derivative at 0 is 0. */
export const norm = (of: string): Measure => measure("norm", [of], (tensors) => tensors[of].norm(), { latex: `\\left\\lVert ${of} \\right\\rVert` });

/** Square root whose derivative at 0 is 0, so that a tensor of zeros does not turn gradients into NaN. */
const rootOp = elementwiseOp("root", "x == 0 ? 0 : sqrt(x)");

/** The root of the mean square of everything in one tensor, a tensor without dimensions. */
export const rms = (of: string): Measure =>
  measure("rms", [of], (tensors) => apply(rootOp, [tensors[of].square().mean()], null), { latex: `\\operatorname{RMS}\\left(${of}\\right)` });

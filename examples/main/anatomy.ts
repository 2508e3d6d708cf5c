import type { nn, optim, Parameter, Tensor } from "gradtape";
import { Tape } from "gradtape";

/** One box of a tape that was taken apart: plain data. */
export interface TapeBox {
  /** Operation, or the name of a parameter. */
  readonly title: string;
  readonly kind: "parameter" | "operation";
  readonly formula: string | null;
  readonly shape: readonly number[];
  /** Where the inputs come from: another box, or data through which no gradient flows, by its shape. */
  readonly inputs: readonly (number | { readonly data: readonly number[] })[];
  readonly saved: readonly string[];
  /** Length of the loss's gradient here. */
  readonly gradientNorm: number | null;
}

/** What happened in one step: the tape, and how the optimizer moved one weight. */
export interface Anatomy {
  readonly step: number;
  readonly tape: readonly TapeBox[];
  readonly optimizer: string;
  /** `null` for an optimizer that has no rule per element. */
  readonly update: Update | null;
}

/** How one weight moved, as the optimizer explained it. */
export type Update = Pick<optim.Explanation, "parameter" | "index" | "step" | "gradient" | "before" | "after" | "lines" | "terms">;

/**
 * Runs the backward pass of one step and takes it apart, between `backward()` and `step()`. The weight that is explained is that of the last layer
 * whose gradient is largest.
 */
export function dissect(step: number, loss: Tensor, model: nn.Module, optimizer: optim.Optimizer): Anatomy {
  const tape = Tape.of(loss);
  const names = new Map(model.namedParameters().map(([name, parameter]) => [parameter.node, name]));
  const before = tape.entries.map((entry) => ({ ...entry, inputShapes: entry.node.saved?.shapes ?? [] }));
  for (const { node } of tape) node.retainsGrad = true;
  loss.backward();
  const boxes = before.map((entry): TapeBox => {
    const name = names.get(entry.node);
    return {
      title: name ?? entry.op,
      kind: name === undefined ? "operation" : "parameter",
      formula: entry.formula ?? null,
      shape: [...entry.shape],
      inputs: entry.inputs.map((input, k) => input ?? { data: [...(entry.inputShapes[k] ?? [])] }),
      saved: entry.saved,
      gradientNorm: entry.node.grad === null ? null : norm(entry.node.grad),
    };
  });
  return { step, tape: boxes, optimizer: optimizer.name, update: explained(model, optimizer) };
}

function explained(model: nn.Module, optimizer: optim.Optimizer): Update | null {
  if (optimizer.rule.formula.lines.length === 0) return null;
  const weight = lastWeight(model);
  const { parameter, index, step, gradient, before, after, lines, terms } = optimizer.explain(weight, largest(weight.grad as Tensor));
  return { parameter, index, step, gradient, before, after, lines, terms };
}

function lastWeight(model: nn.Module): Parameter {
  const weights = model.parameters().filter(({ ndim }) => ndim === 2);
  return weights[weights.length - 1];
}

/** Euclidean length, summed in float64. */
function norm(gradient: Tensor): number {
  let squares = 0;
  for (const value of gradient.data()) squares += value * value;
  return Math.sqrt(squares);
}

/** Position of the value that is farthest from 0. */
function largest(gradient: Tensor): number {
  const sizes = Array.from(gradient.data(), Math.abs);
  return sizes.reduce((best, size, k) => (size > sizes[best] ? k : best), 0);
}

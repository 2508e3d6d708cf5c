import { grad, stack, type Tensor, zerosLike } from "@gradtape/core";
import { attrTensors, chains, formulas } from "./formulas.ts";
import { type Case, checked, decodeTensor, type Fields, type RecordedTensor } from "./recording.ts";
import { type Context, Skip } from "./replay.ts";

type Recorded = RecordedTensor & Fields;

interface HigherOrderCase extends Fields {
  readonly name: string;
  readonly formula: string;
  readonly inputs: readonly Recorded[];
  readonly attrs: Fields;
  readonly value: Recorded;
  readonly grads: readonly Recorded[];
  readonly vectors: readonly Recorded[];
  readonly hvp: readonly Recorded[];
  readonly hessian?: Recorded;
  readonly derivatives: readonly Recorded[];
}

const subject = (name: string): string => name.slice(name.indexOf("/") + 1);

/** Replays a function's value, gradient, Hessian-vector product and, where it is recorded, Hessian. */
export function replayHessian(recorded: Case, { comparison, place, tolerance }: Context): void {
  const run = checked<HigherOrderCase>(recorded, { formula: "string", inputs: "list", attrs: "object", grads: "list", vectors: "list", hvp: "list" });
  const formula = formulas[subject(run.name)];
  if (formula === undefined) throw new Skip(`the tool does not know the formula ${run.formula}`);
  const inputs = run.inputs.map((input) => decodeTensor(input, place, true));
  const value = formula(inputs, attrTensors(run.attrs, place));
  comparison.tensor("value", value, run.value, tolerance);
  const gradients = grad(value, inputs, { createGraph: true });
  gradients.forEach((gradient, i) => void comparison.tensor(`gradient ${i}`, gradient, run.grads[i], tolerance));
  const product = gradients.map((gradient, i) => gradient.mul(decodeTensor(run.vectors[i], place)).sum()).reduce((sum, term) => sum.add(term));
  const second = product.requiresGrad ? grad(product, inputs, { allowUnused: true, retainGraph: true }) : inputs.map(() => null);
  second.forEach((row, i) => void comparison.tensor(`hvp ${i}`, row ?? zerosLike(inputs[i]), run.hvp[i], tolerance));
  if (run.hessian !== undefined) comparison.tensor("hessian", hessianOf(gradients[0], inputs[0]), run.hessian, tolerance);
}

/** The matrix of second derivatives, row by row. */
function hessianOf(gradient: Tensor, input: Tensor): Tensor {
  const flat = gradient.reshape([-1]);
  const rows = Array.from({ length: flat.size }, (_, i) => grad(flat.select(0, i), input, { retainGraph: true }));
  return stack(rows).reshape([...gradient.shape, ...input.shape]);
}

/** Replays a function's first, second, … derivatives, each that of the one before. */
export function replayDerivatives(recorded: Case, { comparison, place, tolerance }: Context): void {
  const run = checked<HigherOrderCase>(recorded, { formula: "string", inputs: "list", derivatives: "list" });
  const formula = chains[subject(run.name)];
  if (formula === undefined) throw new Skip(`the tool does not know the formula ${run.formula}`);
  const x = decodeTensor(run.inputs[0], place, true);
  let current = formula(x);
  run.derivatives.forEach((want, k) => {
    current = grad(current.sum(), x, { createGraph: true });
    comparison.tensor(`derivative ${k + 1}`, current, want, tolerance);
  });
}

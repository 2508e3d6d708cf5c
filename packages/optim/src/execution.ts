import {
  apply,
  type ElementwiseOp,
  type Expression,
  elementwiseOp,
  empty,
  evaluate,
  Formula,
  freeNames,
  full,
  type Line,
  type Operand,
  parseExpression,
  type Tensor,
  toText,
  update,
  type Variable,
} from "@gradtape/core";
import type { Plan, StagedMeasure } from "./plan.ts";

/** A parameter `p`, its gradient `g`, and its state, by name. */
export type Subjects = Readonly<Record<"p" | "g", Tensor>> & Readonly<Record<string, Tensor>>;

/** Updates the parameter and its state in place: one fused pass per stage, which is one for an elementwise rule. */
export function advance(plan: Plan, subjects: Subjects, scalars: Readonly<Record<string, number>>): void {
  const tensors: Record<string, Tensor> = { ...subjects };
  const owned = new Set(["p", ...plan.state]);
  const { shape, dtype, device } = subjects.p;
  for (const { measures, kernel } of plan.stages) {
    for (const staged of measures) {
      const value = measured(staged, tensors, scalars);
      if (owned.has(staged.name)) (tensors[staged.name] as Variable).assign(value);
      else tensors[staged.name] = value;
    }
    if (kernel === undefined) continue;
    const outputs = kernel.outputs.map(({ name }) => (owned.has(name) ? tensors[name] : empty(shape, { dtype, device })));
    update(
      kernel,
      kernel.inputs.map((name) => tensors[name]),
      kernel.uniformValues(scalars),
      outputs as Variable[],
    );
    kernel.outputs.forEach(({ name }, k) => {
      tensors[name] = outputs[k];
    });
  }
}

function measured(
  { measure, operands }: StagedMeasure,
  tensors: Readonly<Record<string, Tensor>>,
  scalars: Readonly<Record<string, number>>,
): Tensor {
  const read: Record<string, Tensor> = {};
  const numbers: Record<string, number> = {};
  for (const [name, expression] of Object.entries(operands)) {
    if (expression.kind === "name" && Object.hasOwn(tensors, expression.name)) read[name] = tensors[expression.name];
    else numbers[name] = evaluate(expression, scalars);
  }
  return measure.compute(read, numbers);
}

const operations = new WeakMap<Expression, ElementwiseOp>();

// In the formula of an operation g and y are the incoming gradient and the result.
const renamed = ["g", "y"].map((name): Line => ({ name, expression: parseExpression(`${name}_`) }));
const originalName = (name: string): string => name.replace(/_$/, "");

/** One line as an operation of the tape. */
function operation(expression: Expression): ElementwiseOp {
  let op = operations.get(expression);
  if (op === undefined) {
    const y = new Formula([...renamed, { name: "y", expression }]).resolve().get("y") as Expression;
    operations.set(expression, (op = elementwiseOp("update", `y = ${toText(y)}`)));
  }
  return op;
}

/**
 * The same lines as tensor operations, which the tape can record: returns what every name is after them. Changes nothing; numbers may be tensors of one
 * element, such as a learning rate that is itself learnt.
 */
export function follow(plan: Plan, start: Readonly<Record<string, Operand>>): Record<string, Operand> {
  const values: Record<string, Operand> = { ...start };
  const { measures = {} } = plan.rule.spec;
  const known = new Set<string>();
  const compute = (expression: Expression): Operand => {
    if (expression.kind === "name") return values[expression.name];
    const names = freeNames(expression);
    if (names.every((name) => typeof values[name] === "number")) return evaluate(expression, values as Record<string, number>);
    const op = operation(expression);
    return apply(
      op,
      op.operands.map((name) => values[originalName(name)]),
      null,
    );
  };
  const measure = (name: string): void => {
    if (!Object.hasOwn(measures, name) || known.has(name)) return;
    known.add(name);
    const { of, numbers, compute: computeMeasure } = measures[name];
    for (const operand of of) measure(operand);
    const entries = [...of, ...numbers].map((operand) => [operand, values[operand]] as const);
    const isTensor = (entry: readonly [string, Operand]): entry is readonly [string, Tensor] => typeof entry[1] !== "number";
    values[name] = computeMeasure(
      Object.fromEntries(entries.filter(isTensor)),
      Object.fromEntries(entries.filter(([, value]) => typeof value === "number" || value.ndim === 0)),
    );
  };
  for (const { name, expression } of plan.formula.lines) {
    for (const read of freeNames(expression)) measure(read);
    values[name] = compute(expression);
  }
  return values;
}

/** What a recorded step leaves: the parameter and its state, with the parameter's shape and dtype. */
export function record(
  plan: Plan,
  start: Subjects & Readonly<Record<string, Operand>>,
): { readonly p: Tensor; readonly tensors: Record<string, Tensor>; readonly scalars: Record<string, number> } {
  const after = follow(plan, start);
  const tensorOf = (value: Operand): Tensor =>
    (typeof value === "number" ? full(start.p.shape, value, { dtype: start.p.dtype, device: start.p.device }) : value).to(start.p.dtype);
  const moved = tensorOf(after.p);
  return {
    p: moved === start.p ? moved.clone() : moved.expand(start.p.shape),
    tensors: Object.fromEntries(plan.state.map((name) => [name, tensorOf(after[name])])),
    // Numbers that follow from a learnt number are tensors of one element, and are only read by the next recorded step.
    scalars: Object.fromEntries(plan.scalars.map(({ name }) => [name, after[name] as number])),
  };
}

import { full, noGrad, type Operand, type Parameter, type Shape, sameShape, showShape, Tensor, tensor, Variable } from "@gradtape/core";
import type { Options } from "./options.ts";
import type { Plan } from "./plan.ts";
import type { Rule } from "./rule.ts";

/** What an optimizer keeps for one parameter. */
export interface ParameterState {
  /** Updates so far. */
  step: number;
  /** The plan for which nothing is missing. */
  plan?: Plan;
  /** Variables, or recorded tensors in a differentiable optimizer. */
  readonly tensors: Record<string, Tensor>;
  readonly scalars: Record<string, number>;
}

/** One parameter's state as plain data and tensors. */
export type SavedState = Readonly<Record<string, number | Tensor>>;

/** What a state tensor or number starts from; a tensor where that is an option that is learnt. */
const startOf = (start: number | string | undefined, options: Options): Operand =>
  typeof start === "string" ? (options[start] as unknown as Operand) : (start ?? 0);

/** The numbers that a parameter's first step starts from. */
export const firstNumbers = (rule: Rule, plan: Plan, options: Options): Record<string, number> =>
  Object.fromEntries(plan.scalars.map(({ name }) => [name, startOf(rule.spec.scalars?.[name], options) as number]));

/** A state tensor before the first step. */
export function firstTensor(rule: Rule, name: string, options: Options, { shape, dtype, device }: Parameter): Tensor {
  const start = startOf(rule.spec.state?.[name], options);
  const whole = stateShape(rule, name, shape);
  return typeof start === "number" ? full(whole, start, { dtype, device }) : start.to(dtype).reshape([]).expand(whole);
}

const stateShape = (rule: Rule, name: string, shape: Shape): Shape => rule.spec.shapes?.[name]?.(shape) ?? shape;

/** Adds to a state what the plan needs and it does not have yet. */
export function complete(state: ParameterState, rule: Rule, plan: Plan, options: Options, parameter: Parameter): ParameterState {
  if (state.plan === plan) return state;
  for (const name of plan.state) state.tensors[name] ??= new Variable(firstTensor(rule, name, options, parameter));
  for (const [name, value] of Object.entries(firstNumbers(rule, plan, options))) state.scalars[name] ??= value;
  state.plan = plan;
  return state;
}

/** Copies, so that later steps do not change them. */
export const saveState = ({ step, tensors, scalars }: ParameterState): SavedState => ({
  step,
  ...Object.fromEntries(Object.entries(scalars).map(([name, value]): [string, number] => [name, numberOf(value)])),
  ...Object.fromEntries(Object.entries(tensors).map(([name, value]): [string, Tensor] => [name, noGrad(() => value.detach().clone())])),
});

const numberOf = (value: Operand): number => (typeof value === "number" ? value : value.detach().item());

/** The values with the dtype and on the device of a parameter. */
const moved = (value: Tensor, { dtype, device }: Parameter): Tensor =>
  value.device === device ? noGrad(() => value.detach().to(dtype)) : tensor(value.data(), { shape: value.shape, dtype, device });

/** A state from what was saved. Errors, before anything changes: no step count, unknown or missing entries, other shapes. */
export function loadState(rule: Rule, plan: Plan, parameter: Parameter, index: number, saved: SavedState): ParameterState {
  const of = `${rule.name}: the state of parameter ${index}`;
  const { step, ...entries } = saved;
  if (!(typeof step === "number" && Number.isInteger(step) && step >= 0)) throw new TypeError(`${of} has no step count`);
  const state: ParameterState = { step, tensors: {}, scalars: {} };
  for (const [name, value] of Object.entries(entries)) {
    const known = value instanceof Tensor ? rule.stateNames : rule.scalarNames;
    if (!known.includes(name))
      throw new Error(`${of} has an unknown entry "${name}"; it keeps ${[...rule.stateNames, ...rule.scalarNames].join(", ")}`);
    if (!(value instanceof Tensor)) state.scalars[name] = value;
    else {
      const shape = stateShape(rule, name, parameter.shape);
      if (!sameShape(value.shape, shape)) throw new RangeError(`${of}: ${name} has shape ${showShape(value.shape)}, here it has ${showShape(shape)}`);
      state.tensors[name] = new Variable(moved(value, parameter));
    }
  }
  const missing = [
    ...plan.state.filter((name) => !(name in state.tensors)),
    ...plan.scalars.flatMap(({ name }) => (name in state.scalars ? [] : [name])),
  ];
  if (missing.length > 0) throw new Error(`${of} misses ${missing.join(", ")}`);
  return state;
}

import { evaluate, full, noGrad, Parameter, sameShape, showShape, Tensor, update, Variable } from "@gradtape/core";
import { type Explanation, explain } from "./explain.ts";
import { checkOptions, type Options, scalarsOf } from "./options.ts";
import type { Rule } from "./rule.ts";

/** Parameters that share hyper-parameters; these may be changed at any time (`group.lr = 1e-4`). */
export type ParamGroup<O extends Options = Options> = { params: Parameter[]; initialLr?: number } & { -readonly [K in keyof O]: O[K] };

/** A group as it is given: parameters, and hyper-parameters that differ from the optimizer's. */
export type GroupSpec<O extends Options = Options> = { readonly params: Parameters } & Partial<O>;

/** Parameters, or named parameters as `module.namedParameters()` gives them. */
export type Parameters = Parameter | Iterable<Parameter | readonly [string, Parameter]>;

/** What an optimizer keeps for one parameter. */
export interface ParameterState {
  /** Updates so far. */
  step: number;
  readonly tensors: Record<string, Variable>;
  readonly scalars: Record<string, number>;
}

/** An optimizer's state as plain data and tensors; parameters are counted across the groups. */
export interface OptimizerStateDict {
  readonly optimizer: string;
  readonly state: Readonly<Record<string, Readonly<Record<string, number | Tensor>>>>;
  readonly paramGroups: readonly Readonly<Record<string, unknown>>[];
}

const isGroups = (params: unknown): params is readonly GroupSpec[] =>
  Array.isArray(params) &&
  params.length > 0 &&
  params.every((item) => typeof item === "object" && item !== null && !(item instanceof Tensor) && "params" in item);

/** Applies a rule to parameters: groups, state, steps and checkpoints, written once for every rule. */
export class Optimizer<O extends Options = Options> {
  readonly rule: Rule<O>;
  /** Hyper-parameters of groups that name none of their own. */
  readonly defaults: O;
  readonly paramGroups: ParamGroup<O>[] = [];
  readonly #states = new Map<Parameter, ParameterState>();
  readonly #names = new Map<Parameter, string>();

  /** Errors: no parameters, one twice, something that is no parameter, unknown options (the nearest is suggested), values out of range. */
  constructor(rule: Rule<O>, params: Parameters | readonly GroupSpec<O>[], options: Partial<O> = {}) {
    this.rule = rule;
    checkOptions(rule.name, rule.spec.options, options);
    this.defaults = { ...rule.spec.options, ...options };
    rule.spec.check?.(this.defaults);
    const groups = isGroups(params) ? (params as readonly GroupSpec<O>[]) : [{ params: params as Parameters } as GroupSpec<O>];
    for (const group of groups) this.addParamGroup(group);
  }

  /** Name in error messages. */
  get name(): string {
    return this.rule.name;
  }

  /** Adds parameters with hyper-parameters of their own; nothing changes when the group is refused. */
  addParamGroup(group: GroupSpec<O>): void {
    const { params, ...own } = group;
    checkOptions(this.name, this.defaults, own);
    const options = { ...this.defaults, ...(own as unknown as Partial<O>) };
    this.rule.spec.check?.(options);
    const list: Parameter[] = [];
    const known = new Set(this.paramGroups.flatMap((other) => other.params));
    const names = new Map<Parameter, string>();
    for (const item of params instanceof Tensor ? [params] : params) {
      const [name, parameter] = Array.isArray(item) ? (item as [string, Parameter]) : [undefined, item as Parameter];
      const at = `parameter ${list.length} of group ${this.paramGroups.length}`;
      if (!(parameter instanceof Parameter))
        throw new TypeError(
          `${this.name}: ${at} is ${(parameter as unknown) instanceof Tensor ? "a plain tensor, which does not change; wrap it in new Parameter(...)" : `no parameter but ${typeof parameter}`}`,
        );
      if (known.has(parameter))
        throw new Error(`${this.name}: ${at}, of shape ${showShape(parameter.shape)}, is already there; a parameter belongs to one group, once`);
      known.add(parameter);
      list.push(parameter);
      if (name !== undefined) names.set(parameter, name);
    }
    if (list.length === 0) throw new Error(`${this.name}: group ${this.paramGroups.length} has no parameters; pass model.parameters()`);
    for (const [parameter, name] of names) this.#names.set(parameter, name);
    this.paramGroups.push({ ...options, params: list } as ParamGroup<O>);
  }

  /** Updates every parameter that has a gradient, in one pass each. With a closure, runs it first (with gradients on) and returns its loss. */
  step(closure?: () => Tensor): number | undefined {
    const loss = closure?.().item();
    const work = this.paramGroups.flatMap((group) => {
      const { params, initialLr: _, ...options } = group;
      checkOptions(this.name, this.defaults, options);
      return params.flatMap((parameter) =>
        parameter.grad === null ? [] : [{ options: options as unknown as O, parameter, gradient: this.#checkedGradient(parameter, parameter.grad) }],
      );
    });
    noGrad(() => {
      for (const { options, parameter, gradient } of work) this.#update(options, parameter, gradient);
    });
    return loss;
  }

  #checkedGradient(parameter: Parameter, gradient: Tensor): Tensor {
    if (!sameShape(parameter.shape, gradient.shape))
      throw new RangeError(`${this.name}: a gradient of shape ${showShape(gradient.shape)} for a parameter of shape ${showShape(parameter.shape)}`);
    return gradient;
  }

  #update(options: O, parameter: Parameter, gradient: Tensor): void {
    const plan = this.rule.plan(options);
    const state = this.#stateFor(options, parameter);
    const scalars = { ...scalarsOf(options), ...state.scalars, t: state.step + 1 };
    const tensors: Readonly<Record<string, Tensor>> = { p: parameter, g: gradient, ...state.tensors };
    update(
      plan.kernel,
      plan.kernel.inputs.map((name) => tensors[name]),
      plan.kernel.uniformValues(scalars),
      plan.kernel.outputs.map((output) => tensors[output.name] as Variable),
    );
    for (const { name, next } of plan.scalars) state.scalars[name] = evaluate(next, scalars);
    state.step++;
  }

  #stateFor(options: O, parameter: Parameter): ParameterState {
    let state = this.#states.get(parameter);
    if (state === undefined) this.#states.set(parameter, (state = { step: 0, tensors: {}, scalars: {} }));
    const plan = this.rule.plan(options);
    for (const name of plan.state)
      state.tensors[name] ??= new Variable(full(parameter.shape, this.#initial(name, options), { dtype: parameter.dtype, device: parameter.device }));
    for (const { name } of plan.scalars) state.scalars[name] ??= this.rule.spec.scalars?.[name] ?? 0;
    return state;
  }

  #initial(name: string, options: O): number {
    const start = this.rule.spec.state?.[name] ?? 0;
    return typeof start === "string" ? (options[start] as number) : start;
  }

  /** What is kept for a parameter: its step count and its named tensors and numbers; empty before its first gradient. */
  stateOf(parameter: Parameter): Readonly<Record<string, Tensor | number>> {
    const state = this.#states.get(parameter);
    return state === undefined ? {} : { step: state.step, ...state.tensors, ...state.scalars };
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const { params } of this.paramGroups) for (const parameter of params) parameter.grad = null;
  }

  /**
   * Each line of the rule with its numbers for one element, as the next `step()` will compute them from the gradient that the parameter has now.
   * @param index position in row-major order, or one index per dimension; 0 by default.
   */
  explain(parameter: Parameter, index: number | readonly number[] = 0): Explanation {
    const group = this.paramGroups.find(({ params }) => params.includes(parameter));
    if (group === undefined) throw new Error(`${this.name}: this parameter of shape ${showShape(parameter.shape)} is not one of the optimizer's`);
    if (parameter.grad === null) throw new Error(`${this.name}: the parameter has no gradient to explain; call backward() first`);
    const { params: _, initialLr: __, ...rest } = group;
    const options = rest as unknown as O;
    const state = this.#states.get(parameter);
    const tensors: Record<string, Tensor | number> = { p: parameter, g: parameter.grad };
    for (const name of this.rule.plan(options).state) tensors[name] = state?.tensors[name] ?? this.#initial(name, options);
    const scalars = { ...this.rule.spec.scalars, ...state?.scalars, ...scalarsOf(options), t: (state?.step ?? 0) + 1 };
    return explain(this.rule.plan(options), parameter, index, tensors, scalars, this.#names.get(parameter));
  }

  /** The state to be saved: copies, so that later steps do not change it. */
  stateDict(): OptimizerStateDict {
    const all = this.paramGroups.flatMap(({ params }) => params);
    const state: Record<string, Record<string, number | Tensor>> = {};
    all.forEach((parameter, index) => {
      const kept = this.#states.get(parameter);
      if (kept === undefined) return;
      const tensors = Object.entries(kept.tensors).map(([name, variable]): [string, Tensor] => [name, noGrad(() => variable.clone())]);
      state[index] = { step: kept.step, ...kept.scalars, ...Object.fromEntries(tensors) };
    });
    let index = 0;
    const paramGroups = this.paramGroups.map(({ params, ...options }) => ({ ...options, params: params.map(() => index++) }));
    return { optimizer: this.name, state, paramGroups };
  }

  /** Continues from a saved state. Errors, before anything changes: another optimizer's state, other groups, other shapes. */
  loadStateDict(saved: OptimizerStateDict): void {
    if (saved?.optimizer !== this.name)
      throw new Error(`${this.name}: this is the state of ${String(saved?.optimizer ?? "no optimizer")}; make an optimizer of that kind to load it`);
    const sizes = (groups: readonly { readonly params?: unknown }[]): string => groups.map(({ params }) => (params as unknown[]).length).join(", ");
    if (sizes(saved.paramGroups) !== sizes(this.paramGroups))
      throw new Error(`${this.name}: the saved groups hold [${sizes(saved.paramGroups)}] parameters, this optimizer's [${sizes(this.paramGroups)}]`);
    const groups = saved.paramGroups.map(({ params: _, initialLr, ...options }) => {
      checkOptions(this.name, this.defaults, options);
      return initialLr === undefined ? options : { ...options, initialLr };
    });
    const all = this.paramGroups.flatMap(({ params }) => params);
    const states = all.map((parameter, index) => this.#loaded(parameter, index, saved.state[index]));
    this.#states.clear();
    states.forEach((state, index) => {
      if (state !== undefined) this.#states.set(all[index], state);
    });
    groups.forEach((options, k) => Object.assign(this.paramGroups[k], options));
  }

  #loaded(parameter: Parameter, index: number, saved: Readonly<Record<string, number | Tensor>> | undefined): ParameterState | undefined {
    if (saved === undefined) return undefined;
    const state: ParameterState = { step: saved.step as number, tensors: {}, scalars: {} };
    if (!Number.isInteger(saved.step)) throw new TypeError(`${this.name}: the state of parameter ${index} has no step count`);
    for (const [name, value] of Object.entries(saved)) {
      if (name === "step") continue;
      const known = value instanceof Tensor ? this.rule.stateNames : this.rule.scalarNames;
      if (!known.includes(name)) throw new Error(`${this.name}: the state of parameter ${index} has an unknown entry "${name}"`);
      if (!(value instanceof Tensor)) state.scalars[name] = value;
      else if (sameShape(value.shape, parameter.shape)) state.tensors[name] = new Variable(noGrad(() => value.to(parameter.dtype)));
      else
        throw new RangeError(
          `${this.name}: ${name} of parameter ${index} has shape ${showShape(value.shape)}, the parameter ${showShape(parameter.shape)}`,
        );
    }
    return state;
  }

  toString(): string {
    const groups = this.paramGroups.map(({ params, ...options }, k) => {
      const shown = Object.entries(options).map(([name, value]) => `    ${name}: ${Array.isArray(value) ? `[${value.join(", ")}]` : String(value)}`);
      return `  group ${k} (${params.length} parameters)\n${shown.join("\n")}`;
    });
    return `${this.name}(\n${groups.join("\n")}\n)`;
  }
}

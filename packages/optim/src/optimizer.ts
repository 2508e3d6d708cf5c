import {
  enableGrad,
  noGrad,
  type Operand,
  type Parameter,
  peekGradient,
  region,
  sameShape,
  showShape,
  type Tensor,
  update,
  type Variable,
} from "@gradtape/core";
import { BoundRule } from "./boundrule.ts";
import { type OptimizerStateDict, savedGroups, saveGroups } from "./checkpoint.ts";
import { circumstancesOf } from "./circumstances.ts";
import { advance, record, type Subjects } from "./execution.ts";
import { type Explanation, explain } from "./explain.ts";
import { type GroupSpec, groupsOf, listParameters, optionsOf, type ParametersOrGroups, type ParamGroup, showGroup } from "./group.ts";
import { checkOptions, type Given, type Options } from "./options.ts";
import { nextNumbers, type Plan } from "./plan.ts";
import type { Rule } from "./rule.ts";
import { complete, firstNumbers, firstTensor, loadState, type ParameterState, type SavedState, saveState } from "./state.ts";

/** What every optimizer takes beside the hyper-parameters of its rule. */
export interface OptimizerOptions {
  /**
   * Record the updates on the tape, so that gradients flow through them, to the initial parameters and to hyper-parameters that are tensors. Take the
   * gradients with `grad(loss, parameters, { createGraph: true })`. A parameter is then no leaf any more; `parameter.become(values)` starts anew.
   * Default false.
   */
  readonly differentiable?: boolean;
}

/** Called around steps. */
export type StepHook<O extends Options = Options> = (optimizer: Optimizer<O>) => void;

/** A parameter whose turn it is. */
interface Work<O extends Options> {
  readonly bound: BoundRule<O>;
  readonly parameter: Parameter;
  readonly gradient: Tensor;
}

/** Applies a rule to parameters: groups, state, steps, hooks and checkpoints, written once for every rule. */
export class Optimizer<O extends Options = Options> {
  readonly rule: Rule<O>;
  /** Hyper-parameters of groups that name none of their own. */
  readonly defaults: O;
  readonly paramGroups: ParamGroup<O>[] = [];
  /** Whether updates are recorded on the tape. */
  readonly differentiable: boolean;
  readonly #states = new Map<Parameter, ParameterState>();
  readonly #names = new Map<Parameter, string>();
  readonly #bound = new Map<ParamGroup<O>, BoundRule<O>>();
  readonly #before = new Set<StepHook<O>>();
  readonly #after = new Set<StepHook<O>>();

  /** Errors: no parameters, one twice, something that is no parameter, unknown options (the nearest is suggested), values out of range. */
  constructor(rule: Rule<O>, params: ParametersOrGroups<O>, options: Given<O> & OptimizerOptions = {}) {
    const { differentiable = false, ...given } = options as OptimizerOptions & Readonly<Record<string, unknown>>;
    this.rule = rule;
    this.differentiable = differentiable;
    this.defaults = this.#merged(rule.spec.options, given);
    for (const group of groupsOf(params)) this.addParamGroup(group);
  }

  /** Name in error messages. */
  get name(): string {
    return this.rule.name;
  }

  #merged(defaults: O, given: Readonly<Record<string, unknown>>): O {
    this.#check(given);
    const options = { ...defaults, ...given };
    this.rule.spec.check?.(options);
    return options;
  }

  #check(options: Readonly<Record<string, unknown>>): void {
    const { options: known, choices } = this.rule.spec;
    checkOptions({ name: this.name, options: known, choices, differentiable: this.differentiable }, options);
  }

  /** Adds parameters with hyper-parameters of their own; nothing changes when the group is refused. */
  addParamGroup(group: GroupSpec<O>): void {
    const { params, ...own } = group;
    const options = this.#merged(this.defaults, own);
    const taken = new Set(this.paramGroups.flatMap((other) => other.params));
    const list = listParameters(params, taken, this.name, this.paramGroups.length);
    for (const [parameter, label] of list) {
      const reason = this.rule.spec.refuses?.(parameter.shape);
      if (reason !== undefined) throw new RangeError(`${this.name}: ${label ?? "a parameter"} has shape ${showShape(parameter.shape)}; ${reason}`);
    }
    for (const [parameter, name] of list) if (name !== undefined) this.#names.set(parameter, name);
    this.paramGroups.push({ ...options, params: [...list.keys()] } as ParamGroup<O>);
  }

  /** All parameters, across the groups. */
  get parameters(): readonly Parameter[] {
    return this.paramGroups.flatMap(({ params }) => params);
  }

  /** Calls `hook` at the begin of every step, where gradients may still be changed; the returned function removes it. */
  registerStepPreHook(hook: StepHook<O>): () => void {
    this.#before.add(hook);
    return () => void this.#before.delete(hook);
  }

  /** Calls `hook` at the end of every step; the returned function removes it. */
  registerStepPostHook(hook: StepHook<O>): () => void {
    this.#after.add(hook);
    return () => void this.#after.delete(hook);
  }

  /**
   * Updates every parameter that has a gradient; the others stay as they are, their decay and step count included. With a closure, runs it first (with
   * gradients on) and returns its loss. Errors, before anything changes: options that became invalid, a gradient of another shape.
   */
  step(closure?: () => Tensor): number | undefined {
    for (const hook of this.#before) hook(this);
    const loss = this.move(closure);
    for (const hook of this.#after) hook(this);
    return loss;
  }

  /** What a step does between the hooks. */
  protected move(closure?: () => Tensor): number | undefined {
    const loss = closure === undefined ? undefined : enableGrad(closure).item();
    const work = this.paramGroups.flatMap((group) => this.#workOf(group));
    if (this.differentiable) enableGrad(() => work.forEach((item) => void this.#record(item)));
    else noGrad(() => work.forEach((item) => void this.#update(item)));
    return loss;
  }

  /** Checks the options of all groups, which may have been changed since. */
  protected check(): void {
    for (const group of this.paramGroups) this.#boundTo(group);
  }

  /** The rule with the options that a group has now. */
  #boundTo(group: ParamGroup<O>): BoundRule<O> {
    let bound = this.#bound.get(group);
    if (bound !== undefined) bound.renew(group);
    else {
      bound = new BoundRule(this.rule, group, (options) => {
        this.#check(options);
        this.rule.spec.check?.(options);
      });
      this.#bound.set(group, bound);
    }
    return bound;
  }

  #workOf(group: ParamGroup<O>): Work<O>[] {
    const bound = this.#boundTo(group);
    return group.params.flatMap((parameter) => {
      const gradient = this.differentiable ? parameter.grad : peekGradient(parameter);
      if (gradient === null) return [];
      if (!sameShape(parameter.shape, gradient.shape))
        throw new RangeError(`${this.name}: a gradient of shape ${showShape(gradient.shape)} for a parameter of shape ${showShape(parameter.shape)}`);
      return [{ bound, parameter, gradient }];
    });
  }

  #update({ bound, parameter, gradient }: Work<O>): void {
    const plan = bound.plan(parameter.ndim);
    const kept = this.#states.get(parameter) ?? { step: 0, tensors: {}, scalars: {} };
    const state = complete(kept, this.rule as unknown as Rule, plan, bound.options, parameter);
    this.#states.set(parameter, state);
    if (plan.single !== undefined) {
      const named = (name: string): Tensor => (name === "p" ? parameter : name === "g" ? gradient : state.tensors[name]);
      const outputs = plan.single.outputs.map(({ name }) => named(name) as Variable);
      update(plan.single, plan.single.inputs.map(named), bound.uniforms(plan, state.step + 1), outputs);
    } else {
      const scalars = { ...bound.scalars, ...state.scalars, ...circumstancesOf(parameter, state.step + 1) };
      region(
        () => advance(plan, { ...state.tensors, p: parameter, g: gradient }, scalars),
        () => [],
      );
      Object.assign(state.scalars, nextNumbers(plan, scalars));
    }
    state.step++;
  }

  #record({ bound: { options }, parameter, gradient }: Work<O>): void {
    const plan = this.rule.plan(options, parameter.ndim);
    const state = this.#states.get(parameter);
    const { p, tensors, scalars } = record(plan, this.#startOf(plan, options, parameter, gradient));
    parameter.follow(p);
    this.#states.set(parameter, { step: (state?.step ?? 0) + 1, tensors, scalars });
  }

  /** What every name of the formula is before the next step. */
  #startOf(plan: Plan, options: O, parameter: Parameter, gradient: Tensor): Subjects & Readonly<Record<string, Operand>> {
    const rule = this.rule as unknown as Rule;
    const state = this.#states.get(parameter);
    const tensors: Record<string, Tensor> = {};
    for (const name of plan.state) tensors[name] = state?.tensors[name] ?? firstTensor(rule, name, options, parameter);
    const numbers = { ...this.rule.scalars(options), ...firstNumbers(rule, plan, options), ...state?.scalars };
    return { ...numbers, ...circumstancesOf(parameter, (state?.step ?? 0) + 1), ...tensors, p: parameter, g: gradient } as Subjects &
      Readonly<Record<string, Operand>>;
  }

  /** What is kept for a parameter: its step count and its named tensors and numbers; empty before its first gradient. */
  stateOf(parameter: Parameter): Readonly<Record<string, Tensor | number>> {
    const state = this.#states.get(parameter);
    return state === undefined ? {} : { step: state.step, ...state.tensors, ...state.scalars };
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const parameter of this.parameters) parameter.grad = null;
  }

  /**
   * Each line of the rule with its numbers for one element, as the next `step()` will compute them from the gradient that the parameter has now, and the
   * change as a sum of its causes. Changes nothing.
   * @param index position in row-major order, or one index per dimension; 0 by default.
   */
  explain(parameter: Parameter, index: number | readonly number[] = 0): Explanation {
    const group = this.paramGroups.find(({ params }) => params.includes(parameter));
    if (group === undefined) throw new Error(`${this.name}: this parameter of shape ${showShape(parameter.shape)} is not one of the optimizer's`);
    if (this.rule.formula.lines.length === 0) throw new Error(`${this.name}: explain is for rules with a formula per element, this one has none`);
    const gradient = peekGradient(parameter);
    if (gradient === null) throw new Error(`${this.name}: the parameter has no gradient to explain; call backward() first`);
    const options = optionsOf(group);
    const plan = this.rule.plan(options, parameter.ndim);
    return noGrad(() => explain(plan, this.#startOf(plan, options, parameter, gradient), index, this.#names.get(parameter)));
  }

  /** The state to be saved: copies, so that later steps do not change it. */
  stateDict(): OptimizerStateDict {
    return saveGroups(this.name, this.paramGroups, (parameter, options) => this.savedState(parameter, options));
  }

  /** What is saved for one parameter; nothing before its first gradient. */
  protected savedState(parameter: Parameter, options: O): SavedState | undefined {
    const state = this.#states.get(parameter);
    if (state === undefined) return undefined;
    return saveState(complete(state, this.rule as unknown as Rule, this.rule.plan(options, parameter.ndim), options, parameter));
  }

  /** Continues from a saved state. Errors, before anything changes: another optimizer's state, other groups, other shapes, missing entries. */
  loadStateDict(saved: OptimizerStateDict): void {
    const all = this.parameters;
    const groups = savedGroups<O>(this, saved, (options) => void this.#merged(this.defaults, options));
    const optionsAt = this.paramGroups.flatMap(({ params }, k) => params.map(() => groups[k].options));
    const commits = all.map((parameter, index) => this.prepareState(parameter, index, saved.state[index], optionsAt[index]));
    for (const commit of commits) commit();
    groups.forEach(({ options, rest }, k) => void Object.assign(this.paramGroups[k], options, rest));
  }

  /** Checks what was saved for one parameter; the returned function puts it in place. */
  protected prepareState(parameter: Parameter, index: number, saved: SavedState | undefined, options: O): () => void {
    if (saved === undefined) return () => void this.#states.delete(parameter);
    const state = loadState(this.rule as unknown as Rule, this.rule.plan(options, parameter.ndim), parameter, index, saved);
    return () => void this.#states.set(parameter, state);
  }

  toString(): string {
    return `${this.name}(\n${this.paramGroups.map(showGroup).join("\n")}\n)`;
  }
}

import {
  Device,
  type DType,
  inScope,
  isFloat,
  nearest,
  noGrad,
  Parameter,
  region,
  requireGrad,
  sameShape,
  showShape,
  type Tensor,
  Variable,
} from "@gradtape/core";
import { type ForwardHook, type ForwardPreHook, Hooks } from "./hooks.ts";

/** Named tensors of a module, by PyTorch's keys. */
export type StateDict = Record<string, Tensor>;

/** What `loadStateDict` found. */
export interface LoadReport {
  readonly missingKeys: readonly string[];
  readonly unexpectedKeys: readonly string[];
}

/** `runningMean` → `running_mean`: the key under which PyTorch keeps it. */
const snakeCase = (path: string): string => path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

let asWritten: (module: Module) => boolean;

/** Whether a module is of this very class, nobody replaced its `forward`, and it has no hooks: then others may do what it would. */
export const isPlain = <M extends Module>(module: Module | undefined, type: new (...args: never[]) => M): module is M =>
  module?.constructor === type && asWritten(module);

/**
 * A part of a model. A subclass assigns parameters, buffers (variables that are not parameters) and other modules to its properties and computes in
 * `forward`; what is assigned is found by itself, in the order of assignment.
 */
export abstract class Module {
  /** Whether layers that behave differently in training (dropout, batch norm) do so. */
  training = true;
  readonly #hooks = new Hooks();
  readonly #forward: (...inputs: unknown[]) => unknown;

  static {
    asWritten = (module) => module.#hooks.isEmpty && module.forward === module.#forward;
  }

  constructor() {
    // Operations know the module in which they ran: whoever calls forward(), it runs inside this module's scope.
    const forward = this.forward;
    this.#forward = (...inputs) => inScope(this, () => this.#hooks.run(this, inputs, (given) => forward.apply(this, given as unknown[])));
    Object.defineProperty(this, "forward", { value: this.#forward, writable: true, configurable: true });
  }

  /** Computes the output. */
  // biome-ignore lint/suspicious/noExplicitAny: every module has inputs and outputs of its own
  abstract forward(...inputs: any[]): any;

  /** The modules that are direct parts of this one, by property name. */
  namedChildren(): [string, Module][] {
    return Object.entries(this).filter((entry): entry is [string, Module] => entry[1] instanceof Module);
  }

  /** Direct parts. */
  children(): Module[] {
    return this.namedChildren().map(([, child]) => child);
  }

  /** This module and all parts below, by path; the module itself has the path "". */
  namedModules(prefix = ""): [string, Module][] {
    const below = this.namedChildren().flatMap(([name, child]) => child.namedModules(prefix === "" ? name : `${prefix}.${name}`));
    return [[prefix, this], ...below];
  }

  /** This module and all parts below. */
  modules(): Module[] {
    return this.namedModules().map(([, module]) => module);
  }

  /** Every parameter by path ("fc1.weight"); one that is shared comes once. */
  namedParameters(): [string, Parameter][] {
    const seen = new Set<Variable>();
    return this.#namedVariables().filter(
      (entry): entry is [string, Parameter] => entry[1] instanceof Parameter && !seen.has(entry[1]) && !!seen.add(entry[1]),
    );
  }

  /** Every parameter. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** Every buffer by path: variables that no optimizer trains, such as running statistics. */
  namedBuffers(): [string, Variable][] {
    return this.#namedVariables().filter(([, variable]) => !(variable instanceof Parameter));
  }

  #namedVariables(): [string, Variable][] {
    return this.namedModules().flatMap(([path, module]) =>
      Object.entries(module)
        .filter((entry): entry is [string, Variable] => entry[1] instanceof Variable)
        .map(([name, variable]): [string, Variable] => [path === "" ? name : `${path}.${name}`, variable]),
    );
  }

  /** Copies of all parameters and buffers under PyTorch's keys (snake case). */
  stateDict(): StateDict {
    return Object.fromEntries(this.#namedVariables().map(([path, variable]) => [snakeCase(path), noGrad(() => variable.clone())]));
  }

  /**
   * Copies values into parameters and buffers. Everything is checked before anything is written.
   * @param options `strict: false` lets keys be missing or left over; they are reported.
   */
  loadStateDict(state: Readonly<StateDict>, options: { readonly strict?: boolean } = {}): LoadReport {
    const own = new Map(this.#namedVariables().map(([path, variable]) => [snakeCase(path), variable]));
    const missingKeys = [...own.keys()].filter((key) => !Object.hasOwn(state, key));
    const unexpectedKeys = Object.keys(state).filter((key) => !own.has(key));
    if ((options.strict ?? true) && missingKeys.length + unexpectedKeys.length > 0) {
      const hint = unexpectedKeys.map((key) => `${key}${suggestion(key, missingKeys)}`);
      throw new Error(
        `loadStateDict: ${this.constructor.name} misses [${missingKeys.join(", ")}], does not know [${hint.join(", ")}]; pass { strict: false } to load what fits`,
      );
    }
    const pairs = [...own].filter(([key]) => Object.hasOwn(state, key)).map(([key, variable]) => ({ key, variable, values: state[key] }));
    for (const { key, variable, values } of pairs)
      if (!sameShape(values.shape, variable.shape))
        throw new RangeError(
          `loadStateDict: ${key} has shape ${showShape(values.shape)}, the module's has ${showShape(variable.shape)}; nothing was loaded`,
        );
    for (const { variable, values } of pairs) variable.assign(values);
    return { missingKeys, unexpectedKeys };
  }

  /** Switches this module and all parts to training mode, or out of it. */
  train(mode = true): this {
    for (const module of this.modules()) module.training = mode;
    return this;
  }

  /** Switches this module and all parts to evaluation mode. */
  eval(): this {
    return this.train(false);
  }

  /** Moves parameters and buffers to a device, or converts the floating-point ones to a dtype, in place; make the optimizer afterwards. */
  to(target: DType | Device): this {
    if (!(target instanceof Device || isFloat(target))) throw new TypeError(`Module.to: parameters are float32 or float64, not ${target}`);
    for (const [, variable] of this.#namedVariables())
      if (target instanceof Device || isFloat(variable.dtype))
        region(
          () => variable.become(noGrad(() => variable.to(target))),
          () => [],
        );
    return this;
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.grad = null;
  }

  /** Lets gradients flow to all parameters, or to none: `requiresGrad(false)` freezes them, and no optimizer moves them. Make the graph afterwards. */
  requiresGrad(mode = true): this {
    for (const parameter of this.parameters())
      if (mode) requireGrad(parameter);
      else parameter.node = null;
    return this;
  }

  /** Calls `hook(module, inputs)` before each `forward`; an array that it returns replaces the inputs. Returns a function that removes the hook. */
  registerForwardPreHook(hook: ForwardPreHook): () => void {
    return this.#hooks.addPre(hook);
  }

  /** Calls `hook(module, inputs, output)` after each `forward`; what it returns replaces the output. Returns a function that removes the hook. */
  registerForwardHook(hook: ForwardHook): () => void {
    return this.#hooks.add(hook);
  }

  /** Calls `fn` on every part, innermost first, then on this module. */
  apply(fn: (module: Module) => void): this {
    for (const child of this.children()) child.apply(fn);
    fn(this);
    return this;
  }

  /** What `toString` shows between the parentheses of this module. */
  extraRepr(): string {
    return "";
  }

  /** The module's structure, printed like PyTorch's. */
  toString(): string {
    const parts = this.namedChildren().map(([name, child]) => `(${name}): ${child.toString().replaceAll("\n", "\n  ")}`);
    const own = this.extraRepr();
    if (parts.length === 0) return `${this.constructor.name}(${own})`;
    return `${this.constructor.name}(\n${[...(own === "" ? [] : [own]), ...parts].map((line) => `  ${line}`).join("\n")}\n)`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/**
 * The output of a module with other tensors in place of some of its parameters and buffers, which stay as they are: gradients flow to the given tensors.
 * @param tensors by path, as `namedParameters()` names them. Errors: an unknown path (the nearest is suggested), another shape.
 */
export function functionalCall<M extends Module>(
  module: M,
  tensors: Readonly<Record<string, Tensor>>,
  ...inputs: globalThis.Parameters<M["forward"]>
): ReturnType<M["forward"]> {
  const modules = new Map(module.namedModules());
  const places = Object.entries(tensors).map(([path, tensor]) => {
    const cut = path.lastIndexOf(".");
    const owner = modules.get(path.slice(0, Math.max(cut, 0))) as Record<string, unknown> | undefined;
    const name = path.slice(cut + 1);
    const own = owner?.[name];
    const known = [...module.namedParameters(), ...module.namedBuffers()].map(([known]) => known);
    if (owner === undefined || !(own instanceof Variable))
      throw new Error(`functionalCall: ${module.constructor.name} has no ${path}${suggestion(path, known)}`);
    if (!sameShape(own.shape, tensor.shape))
      throw new RangeError(`functionalCall: ${path} has shape ${showShape(own.shape)}, the given tensor ${showShape(tensor.shape)}`);
    return { owner, name, own, tensor };
  });
  try {
    for (const { owner, name, tensor } of places) owner[name] = tensor;
    return module.forward(...inputs);
  } finally {
    for (const { owner, name, own } of places) owner[name] = own;
  }
}

function suggestion(key: string, candidates: readonly string[]): string {
  const close = nearest(key, candidates);
  return close === undefined ? "" : ` (did you mean ${close}?)`;
}

import type { Device, DType, Parameter, Tensor, Variable } from "@gradtape/core";
import * as coreModule from "@gradtape/core";
import * as nnModule from "@gradtape/nn";
import * as optimModule from "@gradtape/optim";
import type { Place } from "./recording.ts";

/** Thrown where a recording needs a public name that the library does not have yet. */
export class Missing extends Error {
  constructor(readonly names: readonly string[]) {
    super(`missing: ${names.join(", ")}`);
  }
}

/** A namespace of the library in which an absent name is `Missing`, not `undefined`. */
function surface<T extends object>(label: string, namespace: object): T {
  const get = (_: T, name: string | symbol): unknown => {
    const found = (namespace as Record<string | symbol, unknown>)[name];
    if (found === undefined) throw new Missing([`${label}.${String(name)}`]);
    return found;
  };
  return new Proxy({} as T, { get });
}

/** Every op of the library by its public name. */
export const core = surface<Record<string, (...args: readonly unknown[]) => Tensor>>("core", coreModule);

/** What the replay of layers and training asks of a module. */
export interface Module {
  forward(...inputs: readonly unknown[]): unknown;
  train(): unknown;
  eval(): unknown;
  to(target: DType | Device): unknown;
  zeroGrad(): void;
  namedParameters(): Iterable<[string, Parameter]>;
  namedBuffers(): Iterable<[string, Variable]>;
  parameters(): Parameter[];
  stateDict(): Record<string, Tensor>;
  loadStateDict(state: Record<string, Tensor>): unknown;
}

/** Moves a module to where a replay computes. */
export function moveTo(module: Module, { device, dtype }: Place): void {
  module.to(dtype);
  module.to(device);
}

/** What the replay asks of an optimizer. */
export interface Optimizer {
  readonly paramGroups: readonly { readonly lr: number; readonly momentum?: number; readonly betas?: readonly number[] }[];
  step(closure?: () => Tensor): unknown;
  zeroGrad(): void;
  stateOf(parameter: Parameter): Readonly<Record<string, unknown>>;
  stateDict(): unknown;
  loadStateDict(state: unknown): void;
}

/** What the replay asks of a scheduler; the argument of `step` is a metric (ReduceLROnPlateau) or an epoch. */
export interface Scheduler {
  step(argument?: number): void;
  getLastLr(): readonly number[];
  stateDict(): unknown;
  loadStateDict(state: unknown): void;
}

/** Every module class by its public name. */
export const nn = surface<Record<string, new (...args: readonly unknown[]) => Module>>("nn", nnModule);

/** Every optimizer class by its public name. */
export const optimizers = surface<Record<string, new (parameters: unknown, options: object) => Optimizer>>("optim", optimModule);

/** Every scheduler class by its public name. */
export const schedulers = surface<Record<string, new (optimizer: Optimizer, options: object) => Scheduler>>("optim", optimModule);

/** Functions of the optimizer package by their public names. */
export const optim = surface<Record<string, (...args: readonly unknown[]) => unknown>>("optim", optimModule);

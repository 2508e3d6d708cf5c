import { type Parameter, Tensor } from "@gradtape/core";
import { optionsOf, type ParamGroup } from "./group.ts";
import type { Options } from "./options.ts";
import type { SavedState } from "./state.ts";

/** An optimizer's state as plain data and tensors; parameters are counted across the groups. */
export interface OptimizerStateDict {
  readonly optimizer: string;
  readonly state: Readonly<Record<string, SavedState>>;
  readonly paramGroups: readonly Readonly<Record<string, unknown>>[];
}

/** The state of an optimizer; `stateOf` saves that of one parameter, if it has any. */
export function saveGroups<O extends Options>(
  optimizer: string,
  groups: readonly ParamGroup<O>[],
  stateOf: (parameter: Parameter, options: O) => SavedState | undefined,
): OptimizerStateDict {
  const state: Record<string, SavedState> = {};
  let index = 0;
  const paramGroups = groups.map((group) => {
    const { params, ...options } = group;
    const from = index;
    for (const parameter of params) {
      const saved = stateOf(parameter, optionsOf(group));
      if (saved !== undefined) state[index] = saved;
      index++;
    }
    const plain = Object.entries<unknown>(options).map(([name, value]) => [name, value instanceof Tensor ? value.item() : value]);
    return { ...Object.fromEntries(plain), params: params.map((_, k) => from + k) };
  });
  return { optimizer, state, paramGroups };
}

/** What a saved state is loaded into. */
interface Target<O extends Options> {
  readonly name: string;
  readonly defaults: O;
  readonly paramGroups: readonly ParamGroup<O>[];
}

/** The options of one saved group, and what schedulers noted there. */
interface SavedGroup<O extends Options> {
  readonly options: O;
  readonly rest: { readonly initialLr?: number };
}

const sizes = (groups: readonly { readonly params?: unknown }[]): string => groups.map(({ params }) => (params as unknown[]).length).join(", ");

/**
 * The groups of a saved state, checked against an optimizer. Errors: another optimizer's state, other groups, missing or invalid options, state of
 * parameters that are not there.
 */
export function savedGroups<O extends Options>(target: Target<O>, saved: OptimizerStateDict, check: (options: O) => void): SavedGroup<O>[] {
  const { name, defaults, paramGroups } = target;
  if (saved?.optimizer !== name)
    throw new Error(`${name}: this is the state of ${String(saved?.optimizer ?? "no optimizer")}; make an optimizer of that kind to load it`);
  if (sizes(saved.paramGroups) !== sizes(paramGroups))
    throw new Error(`${name}: the saved groups hold [${sizes(saved.paramGroups)}] parameters, this optimizer's [${sizes(paramGroups)}]`);
  const count = paramGroups.reduce((sum, { params }) => sum + params.length, 0);
  const stray = Object.keys(saved.state).find((index) => !(Number(index) < count));
  if (stray !== undefined) throw new Error(`${name}: the saved state has a parameter ${stray}, this optimizer has ${count}`);
  return saved.paramGroups.map(({ params: _, initialLr, ...options }) => {
    const missing = Object.keys(defaults).filter((option) => !Object.hasOwn(options, option));
    if (missing.length > 0) throw new Error(`${name}: the saved group misses ${missing.join(", ")}`);
    check(options as unknown as O);
    return { options: options as unknown as O, rest: initialLr === undefined ? {} : { initialLr: initialLr as number } };
  });
}

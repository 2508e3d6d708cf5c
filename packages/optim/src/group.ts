import { Parameter, showShape, Tensor } from "@gradtape/core";
import type { Given, Options } from "./options.ts";

/** Parameters that share hyper-parameters; these may be changed at any time (`group.lr = 1e-4`). */
export type ParamGroup<O extends Options = Options> = { params: Parameter[]; initialLr?: number } & { -readonly [K in keyof O]: O[K] };

/** A group as it is given: parameters, and hyper-parameters that differ from the optimizer's. */
export type GroupSpec<O extends Options = Options> = { readonly params: Parameters } & Given<O>;

/** Parameters, or named parameters as `module.namedParameters()` gives them. */
export type Parameters = Parameter | Iterable<Parameter | readonly [string, Parameter]>;

/** What every optimizer is given: parameters, or groups of them. */
export type ParametersOrGroups<O extends Options = Options> = Parameters | readonly GroupSpec<O>[];

/** What an optimizer is given, as groups. */
export function groupsOf<O extends Options>(params: ParametersOrGroups<O>): readonly GroupSpec<O>[] {
  const areGroups =
    Array.isArray(params) &&
    params.length > 0 &&
    params.every((item) => typeof item === "object" && item !== null && !(item instanceof Tensor) && "params" in item);
  return areGroups ? (params as readonly GroupSpec<O>[]) : [{ params } as GroupSpec<O>];
}

/** The hyper-parameters of a group. */
export function optionsOf<O extends Options>(group: ParamGroup<O>): O {
  const { params: _, initialLr: __, ...options } = group;
  return options as unknown as O;
}

/**
 * The parameters of a new group, and the names of those that have one. Errors: none at all, something that is no parameter, one that is already known.
 * @param at name and place of the group, for messages.
 */
export function listParameters(params: Parameters, taken: ReadonlySet<Parameter>, name: string, at: number): Map<Parameter, string | undefined> {
  const list = new Map<Parameter, string | undefined>();
  if (!(params instanceof Tensor) && typeof (params as Iterable<unknown> | undefined)?.[Symbol.iterator] !== "function")
    throw new TypeError(`${name}: expected parameters, got ${params === null ? "null" : typeof params}; pass model.parameters()`);
  for (const item of params instanceof Tensor ? [params] : params) {
    const [label, parameter] = Array.isArray(item) ? (item as [string, Parameter]) : [undefined, item as Parameter];
    const place = `${name}: parameter ${list.size} of group ${at}`;
    if (!(parameter instanceof Parameter))
      throw new TypeError(
        `${place} is ${(parameter as unknown) instanceof Tensor ? "a plain tensor, which does not change; wrap it in new Parameter(...)" : `no parameter but ${typeof parameter}`}`,
      );
    if (taken.has(parameter) || list.has(parameter))
      throw new Error(`${place}, of shape ${showShape(parameter.shape)}, is already there; a parameter belongs to one group, once`);
    list.set(parameter, label);
  }
  if (list.size === 0) throw new Error(`${name}: group ${at} has no parameters; pass model.parameters()`);
  return list;
}

/** A group as `toString` of an optimizer shows it. */
export function showGroup<O extends Options>({ params, ...options }: ParamGroup<O>, k: number): string {
  const shown = Object.entries<unknown>(options).map(
    ([name, value]) => `    ${name}: ${Array.isArray(value) ? `[${value.join(", ")}]` : String(value)}`,
  );
  return `  group ${k} (${params.length} parameters)\n${shown.join("\n")}`;
}

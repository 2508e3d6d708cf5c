import type { Shape } from "@gradtape/core";

/** Numbers that differ from parameter to parameter: its number of dimensions, the sizes of its last two (1 where it has none), the epsilon of its dtype. */
export const ownCircumstances: readonly string[] = ["rank", "rows", "columns", "epsilon"];

/** Numbers that any rule may read beside its options: the step `t` (1, 2, …), and those of the parameter. */
export const circumstances: readonly string[] = ["t", ...ownCircumstances];

/** The numbers that any rule may read, for one parameter at one step. */
export const circumstancesOf = ({ shape, dtype }: { readonly shape: Shape; readonly dtype: string }, t: number): Record<string, number> => ({
  t,
  rank: shape.length,
  rows: shape.at(-2) ?? 1,
  columns: shape.at(-1) ?? 1,
  epsilon: dtype === "float64" ? Number.EPSILON : 2 ** -23,
});

import { nearest } from "@gradtape/core";

/** What a setting may be. */
export interface Range {
  readonly text: string;
  readonly holds: (value: unknown) => boolean;
}

/** Marks a setting without a default. */
export const required: unique symbol = Symbol("required");

/** Default (or `required`) and range of a setting. */
export type Setting<T> = readonly [T | typeof required, Range];

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const numbers = (text: string, holds: (value: number) => boolean): Range => ({ text, holds: (value) => isNumber(value) && holds(value) });

/** Any finite number. */
export const finite: Range = numbers("a finite number", () => true);
/** Above 0. */
export const positive: Range = numbers("a finite number above 0", (v) => v > 0);
/** From 0. */
export const nonNegative: Range = numbers("a finite number of at least 0", (v) => v >= 0);
/** From 0 to 1. */
export const share: Range = numbers("between 0 and 1", (v) => v >= 0 && v <= 1);
/** Above 0, to 1. */
export const positiveShare: Range = numbers("above 0 and at most 1", (v) => v > 0 && v <= 1);
/** From 0, below 1. */
export const belowOne: Range = numbers("at least 0 and below 1", (v) => v >= 0 && v < 1);
/** 1, 2, 3 … */
export const positiveInteger: Range = numbers("an integer of at least 1", (v) => Number.isInteger(v) && v >= 1);
/** 0, 1, 2 … */
export const count: Range = numbers("an integer of at least 0", (v) => Number.isInteger(v) && v >= 0);
/** true or false. */
export const flag: Range = { text: "true or false", holds: (value) => typeof value === "boolean" };
/** A function. */
export const callable: Range = { text: "a function", holds: (value) => typeof value === "function" };
/** Steps in their order. */
export const risingSteps = (repeats: "strictly" | "repeats allowed"): Range => ({
  text: `integers of at least ${repeats === "strictly" ? "1, rising" : "0, none below the one before"}`,
  holds: (value) =>
    Array.isArray(value) &&
    value.every((at, k) => Number.isInteger(at) && (repeats === "strictly" ? at > (value[k - 1] ?? 0) : at >= (value[k - 1] ?? 0))),
});
/** One of these words. */
export const oneOf = (...words: readonly string[]): Range => ({
  text: words.map((word) => JSON.stringify(word)).join(" or "),
  holds: (value) => words.includes(value as string),
});
/** A value, or one for each group. */
export const perGroup = (range: Range): Range => ({
  text: `${range.text}, or a list with one for each group`,
  holds: (value) => (Array.isArray(value) ? value.length > 0 && value.every(range.holds) : range.holds(value)),
});
/** A value, or null for none. */
export const optional = (range: Range): Range => ({ text: `${range.text}, or null`, holds: (value) => value === null || range.holds(value) });

const show = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  return typeof value === "string" ? JSON.stringify(value) : typeof value === "function" ? "a function" : String(value);
};

/** The options of `owner` with the defaults filled in; unknown names (the nearest is suggested), missing ones and values out of range are errors. */
export function settings<O extends object>(
  owner: string,
  given: O | undefined,
  rows: { readonly [K in keyof Required<O>]: Setting<Required<O>[K]> },
): Required<O> {
  const known = Object.keys(rows);
  if (given !== undefined && (typeof given !== "object" || given === null || Array.isArray(given)))
    throw new TypeError(`${owner}: options are an object { ${known.join(", ")} }, got ${show(given)}`);
  for (const name of Object.keys(given ?? {}))
    if (!Object.hasOwn(rows, name)) {
      const close = nearest(name, known);
      throw new TypeError(
        `${owner}: unknown option "${name}"${close === undefined ? "" : `; did you mean "${close}"?`} It knows ${known.join(", ")}`,
      );
    }
  const complete: Record<string, unknown> = {};
  for (const [name, [fallback, range]] of Object.entries<Setting<unknown>>(rows)) {
    const value = (given as Record<string, unknown> | undefined)?.[name] ?? fallback;
    if (value === required) throw new TypeError(`${owner}: ${name} is required: ${range.text}`);
    if (!range.holds(value)) throw new RangeError(`${owner}: ${name} must be ${range.text}, got ${show(value)}`);
    complete[name] = value;
  }
  return complete as Required<O>;
}

/** A setting for each of `groups` groups, from one for all or a list. */
export function spread<T>(owner: string, name: string, value: T | readonly T[], groups: number): readonly T[] {
  if (!Array.isArray(value)) return Array.from({ length: groups }, () => value as T);
  if (value.length !== groups) throw new RangeError(`${owner}: ${name} has ${value.length} values for ${groups} parameter groups`);
  return value as readonly T[];
}

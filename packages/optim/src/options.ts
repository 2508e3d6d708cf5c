import { nearest, type Operand, Tensor } from "@gradtape/core";

/** A hyper-parameter's value: a number, a switch, a word, several numbers (`betas` are `beta1` and `beta2` in formulas), or `null` for none. */
export type OptionValue = number | boolean | string | null | readonly (number | null)[];

/** Hyper-parameters by name. */
export type Options = Readonly<Record<string, OptionValue>>;

type Learnable<V> = V extends number ? number | Tensor : V extends readonly number[] ? { readonly [I in keyof V]: number | Tensor } : V;

/** Hyper-parameters as they are given: any of them, and in a differentiable optimizer tensors of one element in place of numbers. */
export type Given<O extends Options> = { readonly [K in keyof O]?: Learnable<O[K]> };

interface Range {
  readonly text: string;
  readonly holds: (value: number) => boolean;
}

const nonNegative: Range = { text: "a number of at least 0", holds: (v) => v >= 0 && v < Infinity };
const positive: Range = { text: "a number above 0", holds: (v) => v > 0 };
const decayRate: Range = { text: "at least 0 and below 1", holds: (v) => v >= 0 && v < 1 };
const fraction: Range = { text: "from 0 to 1", holds: (v) => v >= 0 && v <= 1 };
const atLeast1: Range = { text: "a number of at least 1", holds: (v) => v >= 1 && v < Infinity };
const finite: Range = { text: "a finite number", holds: Number.isFinite };
const nonPositive: Range = { text: "a number of at most 0", holds: (v) => v <= 0 && v > -Infinity };
const count: Range = { text: "an integer of at least 1", holds: (v) => Number.isInteger(v) && v >= 1 };

/** What each hyper-parameter may be, whatever rule it belongs to; of one that is not listed: any finite number. */
const ranges: Readonly<Record<string, Range>> = {
  alpha: nonNegative,
  beta2Decay: nonPositive,
  betas: decayRate,
  clampValue: positive,
  d: atLeast1,
  eps: nonNegative,
  etas: positive,
  historySize: count,
  initialAccumulatorValue: nonNegative,
  lambd: nonNegative,
  lr: nonNegative,
  lrDecay: nonNegative,
  maxEval: count,
  maxIter: count,
  momentum: nonNegative,
  momentumDecay: nonNegative,
  nsSteps: count,
  rho: fraction,
  stepSizes: positive,
  t0: nonNegative,
  toleranceChange: nonNegative,
  toleranceGrad: nonNegative,
  trustCoefficient: nonNegative,
  weightDecay: nonNegative,
};

/** What a set of options is checked against. */
export interface Known {
  /** Name of the optimizer, for messages. */
  readonly name: string;
  readonly options: Options;
  /** The words that an option may be. */
  readonly choices?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Whether tensors may stand for numbers. Default false. */
  readonly differentiable?: boolean;
}

/** Checks one set of options against a rule's; errors name the optimizer, the option, and the way out. Nothing is changed. */
export function checkOptions(known: Known, given: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(known.options);
  for (const [option, value] of Object.entries(given)) {
    if (!Object.hasOwn(known.options, option)) {
      const close = nearest(option, names);
      throw new TypeError(
        `${known.name}: unknown option "${option}"${close === undefined ? "" : `; did you mean "${close}"?`} It knows ${names.join(", ")}`,
      );
    }
    checkOption(known, option, value);
  }
}

function checkOption(known: Known, option: string, value: unknown): void {
  const like = known.options[option];
  const refuse = (expected: string): never => {
    throw new TypeError(`${known.name}: ${option} must be ${expected}, got ${show(value)}`);
  };
  const choices = known.choices?.[option];
  if (choices !== undefined) {
    const words = [...choices.map((word) => `"${word}"`), ...(like === null ? ["null"] : [])];
    if (!((value === null && like === null) || choices.includes(value as string))) refuse(words.join(" or "));
  } else if (typeof like === "boolean") {
    if (typeof value !== "boolean") refuse("true or false");
  } else if (Array.isArray(like)) {
    if (!(Array.isArray(value) && value.length === like.length)) refuse(`${like.length} numbers`);
    (value as unknown[]).forEach((part, k) => void checkNumber(known, option, part, like[k] === null, value));
  } else checkNumber(known, option, value, like === null, value);
}

function checkNumber(known: Known, option: string, value: unknown, nullable: boolean, whole: unknown): void {
  if (nullable && value === null) return;
  if (value instanceof Tensor) {
    if (known.differentiable !== true)
      throw new TypeError(`${known.name}: ${option} is a tensor; only an optimizer with { differentiable: true } takes tensors for numbers`);
    if (value.size !== 1) throw new RangeError(`${known.name}: ${option} must be a tensor of one element, got one of ${value.size}`);
  }
  const number = value instanceof Tensor ? value.detach().item() : value;
  if (typeof number !== "number")
    throw new TypeError(`${known.name}: ${option} must be ${nullable ? "a number or null" : "a number"}, got ${show(whole)}`);
  const range = ranges[option] ?? finite;
  if (!range.holds(number)) throw new RangeError(`${known.name}: ${option} must be ${range.text}, got ${show(whole)}`);
}

const show = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  return value instanceof Tensor && value.size === 1 ? String(value.detach().item()) : typeof value === "string" ? `"${value}"` : String(value);
};

/** How a word appears in formulas: `variant: "mae"` sets `variantMae` to 1. */
const switchOf = (option: string, word: string): string =>
  option +
  word
    .split("_")
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join("");

/** `betas` → `beta`; eps is no plural. */
const singular = (option: string): string => (option === "eps" ? option : option.replace(/s$/, ""));

/**
 * Options as the scalars of a formula: switches become 1 and 0, `betas: [a, b]` becomes `beta1` and `beta2`, each word that an option may be becomes
 * a switch (`variantMae`), and `null` becomes NaN.
 */
export function scalarsOf(options: Options, choices: Readonly<Record<string, readonly string[]>> = {}): Record<string, number> {
  const scalars: Record<string, Operand> = {};
  const entries = Object.entries(options) as [string, OptionValue | Tensor | readonly (number | Tensor | null)[]][];
  for (const [option, value] of entries) {
    if (Object.hasOwn(choices, option)) for (const word of choices[option]) scalars[switchOf(option, word)] = Number(value === word);
    else if (Array.isArray(value)) value.forEach((part, k) => void (scalars[`${singular(option)}${k + 1}`] = (part ?? Number.NaN) as Operand));
    else scalars[option] = value instanceof Tensor ? value : value === null ? Number.NaN : Number(value);
  }
  // Tensors stand here only in differentiable optimizers, which compute with operands.
  return scalars as Record<string, number>;
}

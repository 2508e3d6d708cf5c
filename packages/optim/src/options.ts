import { nearest } from "@gradtape/core";

/** A hyper-parameter's value: a number, a switch, or several numbers (`betas` are `beta1` and `beta2` in formulas). */
export type OptionValue = number | boolean | readonly number[];

/** Hyper-parameters by name. */
export type Options = Readonly<Record<string, OptionValue>>;

interface Range {
  readonly text: string;
  readonly holds: (value: number) => boolean;
}

const nonNegative: Range = { text: "a number of at least 0", holds: (v) => v >= 0 && v < Infinity };
const decayRate: Range = { text: "at least 0 and below 1", holds: (v) => v >= 0 && v < 1 };
const finite: Range = { text: "a finite number", holds: Number.isFinite };

/** What each hyper-parameter may be, whatever rule it belongs to. */
const ranges: Readonly<Record<string, Range>> = {
  lr: nonNegative,
  eps: nonNegative,
  weightDecay: nonNegative,
  momentum: nonNegative,
  dampening: finite,
  betas: decayRate,
};

/** Checks one set of options against a rule's defaults; errors name the optimizer, the option, and the way out. Nothing is changed. */
export function checkOptions(optimizer: string, defaults: Options, given: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name)) {
      const close = nearest(name, Object.keys(defaults));
      throw new TypeError(
        `${optimizer}: unknown option "${name}"${close === undefined ? "" : `; did you mean "${close}"?`} It knows ${Object.keys(defaults).join(", ")}`,
      );
    }
    checkOption(optimizer, name, defaults[name], value);
  }
}

function checkOption(optimizer: string, name: string, like: OptionValue, value: unknown): void {
  const expected = Array.isArray(like) ? `${like.length} numbers` : typeof like === "boolean" ? "true or false" : "a number";
  const fits = Array.isArray(like)
    ? Array.isArray(value) && value.length === like.length && value.every((v) => typeof v === "number")
    : typeof value === typeof like;
  if (!fits) throw new TypeError(`${optimizer}: ${name} must be ${expected}, got ${show(value)}`);
  if (typeof value === "boolean") return;
  const range = ranges[name] ?? finite;
  for (const number of Array.isArray(value) ? (value as number[]) : [value as number])
    if (!range.holds(number)) throw new RangeError(`${optimizer}: ${name} must be ${range.text}, got ${show(value)}`);
}

const show = (value: unknown): string => (Array.isArray(value) ? `[${value.join(", ")}]` : String(value));

/** Options as the scalars of a formula: switches become 1 and 0, `betas: [a, b]` becomes `beta1` and `beta2`. */
export function scalarsOf(options: Options): Record<string, number> {
  const scalars: Record<string, number> = {};
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === "number" || typeof value === "boolean") scalars[name] = Number(value);
    else value.forEach((part, k) => void (scalars[`${name.replace(/s$/, "")}${k + 1}`] = part));
  }
  return scalars;
}

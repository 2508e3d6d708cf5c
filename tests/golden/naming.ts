import { decodeNumber, type Fields, isRecordedTensor, type Json } from "./recording.ts";

/** Names that are more than camelCase away from PyTorch's. */
const irregular: Readonly<Record<string, string>> = { keepdim: "keepDim" };

/** A PyTorch name in camelCase: `max_pool2d` → `maxPool2d`, `T_max` → `tMax`, `clip_grad_norm_` → `clipGradNorm`. */
export const camelCase = (name: string): string =>
  irregular[name] ?? name.replace(/_+(.?)/g, (_, letter: string) => letter.toUpperCase()).replace(/^[A-Z]/, (letter) => letter.toLowerCase());

/** An option's value: numbers and strings as PyTorch has them, lists and objects likewise. */
export function optionValue(value: Json): unknown {
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return decodeNumber(value);
  if (Array.isArray(value)) return value.map(optionValue);
  if (typeof value === "object" && value !== null && !isRecordedTensor(value)) return options(value as Fields);
  return value;
}

/** PyTorch's options in camelCase. */
export const options = (recorded: Fields): Record<string, unknown> =>
  Object.fromEntries(Object.entries(recorded).map(([name, value]) => [camelCase(name), optionValue(value)]));

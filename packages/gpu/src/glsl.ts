/** Horner's scheme as shader text; coefficients from the highest power. */
export const polynomial = (x: string, coefficients: readonly number[]): string =>
  coefficients.slice(1).reduce((sum, c) => `(${sum} * ${x} + ${literal(c)})`, literal(coefficients[0]));

/** A number as the shader's language writes it. */
export function literal(value: number): string {
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Numbers below which float32 arithmetic finds every whole quotient: a half is added, so that rounding never crosses a whole number. */
const EXACT = 2 ** 21;

/**
 * The whole quotient of an integer expression, whose value is at least 0 and below `below`, by a constant. Integers are divided by floats where that is exact:
 * GPUs, and software renderers more so, take many times longer for integers.
 */
export const quotient = (e: string, divisor: number, below: number): string =>
  divisor === 1 ? e : below <= EXACT ? `int((float(${e}) + 0.5) * ${literal(1 / divisor)})` : `${e} / ${divisor}`;

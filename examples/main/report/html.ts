import temml from "temml";

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text as it may stand in HTML, SVG and attributes. */
export const escape = (text: string | number): string => String(text).replace(/[&<>"']/g, (character) => entities[character]);

/** LaTeX as MathML in a line of text, which browsers draw without fonts or scripts; `display` gives fractions their full size. */
export const mathml = (latex: string, options: { readonly display?: boolean } = {}): string =>
  temml.renderToString(options.display === true ? `\\displaystyle ${latex}` : latex, { throwOnError: true, trust: false });

/** A number to read: five digits unless told otherwise, powers of ten where it is very small or large. */
export function numberText(value: number, precision = 5): string {
  if (!Number.isFinite(value)) return String(value);
  const [digits, exponent] = parts(value, precision);
  return (exponent === undefined ? digits : `${digits} × 10${superscript(exponent)}`).replace("-", "−");
}

/** The same number as LaTeX; with `operand`, fenced wherever a formula would otherwise read it wrongly. */
export function numberLatex(value: number, options: { readonly operand?: boolean; readonly precision?: number } = {}): string {
  const [digits, exponent] = parts(value, options.precision ?? 5);
  const text = exponent === undefined ? digits : `${digits} \\times 10^{${exponent}}`;
  return options.operand === true && (value < 0 || exponent !== undefined) ? `\\left(${text}\\right)` : text;
}

function parts(value: number, precision: number): [digits: string, exponent?: number] {
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-3 && size < 1e5)) return [String(Number(value.toPrecision(precision)))];
  const [digits, exponent] = value.toExponential(precision - 1).split("e");
  return [String(Number(digits)), Number(exponent)];
}

const superscript = (exponent: number): string => [...String(exponent)].map((digit) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(digit)]).join("");

/** A shape to read: "32 × 784"; nothing for a single number. */
export const shapeText = (shape: readonly number[]): string => (shape.length === 0 ? "one number" : shape.join(" × "));

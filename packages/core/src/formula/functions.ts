import { erf, erfc, erfinv } from "./erf.ts";
import { digamma, lgamma, polygamma } from "./gamma.ts";

/** A closed interval of numbers. */
export type Interval = readonly [low: number, high: number];

/** One scalar function: everything that a backend, the differentiator, the printer or a test has to know about it. */
export interface ScalarFunction {
  /** The name that formulas use. */
  readonly name: string;
  /** How many arguments it takes. */
  readonly arity: number;
  /** Its meaning, in float64. */
  readonly evaluate: (...args: number[]) => number;
  /** Its derivative by each argument, as formula text over the arguments `a`, `b`, `c` and the result `y`; `nan` where there is none. */
  readonly partials: readonly string[];
  /** For each argument, where it is smooth and worth testing. */
  readonly domain: readonly Interval[];
  /** A formula over `a`, `b`, `c` that is zero where the function jumps or has a kink; tests stay away from there. */
  readonly kink?: string;
  /** Special cases: arguments and the exact result. */
  readonly edges: readonly (readonly [args: readonly number[], result: number])[];
  /** How papers print it: a template over `#1`, `#2`, or a head that is put before `(…)`. */
  readonly latex: string;
}

type Row = Omit<ScalarFunction, "name" | "arity" | "edges" | "latex"> & Partial<Pick<ScalarFunction, "edges" | "latex">>;

function row(
  evaluate: (...args: number[]) => number,
  partials: readonly string[],
  domain: readonly Interval[],
  more: Pick<Row, "edges" | "latex" | "kink"> = {},
): Row {
  return { evaluate, partials, domain, ...more };
}

const truth = (value: boolean): number => (value ? 1 : 0);

/** C's `pow`, which PyTorch has: 1 to any power and -1 to ±inf are 1, where JavaScript says NaN. */
const pow = (a: number, b: number): number => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b);

/** To the nearest integer, halves to the even one, as in PyTorch. */
function roundHalfEven(a: number): number {
  if (!(Math.abs(a) < 2 ** 52)) return a;
  const shift = a < 0 || Object.is(a, -0) ? -(2 ** 52) : 2 ** 52;
  const rounded = a + shift - shift;
  return rounded === 0 ? a * 0 : rounded;
}

/** The remainder with the sign of the divisor: Python's `%`, `torch.remainder`. */
function remainder(a: number, b: number): number {
  const r = a % b;
  return r !== 0 && r < 0 !== b < 0 ? r + b : r;
}

function logaddexp(a: number, b: number): number {
  return a === b ? a + Math.LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
}

function sigmoid(a: number): number {
  const e = Math.exp(-Math.abs(a));
  return (a < 0 ? e : 1) / (1 + e);
}

const xlogy = (a: number, b: number): number => (a === 0 && !Number.isNaN(b) ? 0 : a * Math.log(b));
const clamp = (a: number, low: number, high: number): number => Math.min(Math.max(a, low), high);
const softplus = (a: number): number => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));

const inf = Infinity;
const nan = NaN;
const real: Interval = [-3, 3];
const positive: Interval = [0.1, 6];
const above1: Interval = [1.1, 6];
const inside1: Interval = [-0.95, 0.95];

// biome-ignore format: the table reads as a page of derivatives
const rows = {
  // operators
  add: row((a, b) => a + b, ["1", "1"], [real, real], { edges: [[[inf, -inf], nan]] }),
  sub: row((a, b) => a - b, ["1", "-1"], [real, real], { edges: [[[inf, inf], nan]] }),
  mul: row((a, b) => a * b, ["b", "a"], [real, real], { edges: [[[0, inf], nan]] }),
  div: row((a, b) => a / b, ["1 / b", "-y / b"], [real, positive], { edges: [[[1, 0], inf], [[-1, 0], -inf], [[0, 0], nan], [[1, inf], 0]] }),
  neg: row((a) => -a, ["-1"], [real], { edges: [[[0], -0], [[inf], -inf]] }),
  pow: row(pow, ["b == 0 ? 0 : b * a ** (b - 1)", "a == 0 && b >= 0 ? 0 : y * log(a)"], [positive, real], {
    edges: [[[0, 0], 1], [[nan, 0], 1], [[1, nan], 1], [[1, inf], 1], [[-1, -inf], 1], [[-2, 3], -8], [[-2, 0.5], nan], [[0, -1], inf], [[-0, -1], -inf], [[0.5, inf], 0]] }),
  where: row((a, b, c) => (a !== 0 ? b : c), ["0", "a ? 1 : 0", "a ? 0 : 1"], [positive, real, real], { edges: [[[1, 2, nan], 2], [[0, nan, 3], 3], [[nan, 2, 3], 2]] }),

  // comparisons and logic: 1 or 0, and no derivative
  lt: row((a, b) => truth(a < b), ["0", "0"], [real, real], { kink: "a - b", edges: [[[1, 1], 0], [[nan, 1], 0]] }),
  le: row((a, b) => truth(a <= b), ["0", "0"], [real, real], { kink: "a - b", edges: [[[1, 1], 1], [[nan, 1], 0]] }),
  gt: row((a, b) => truth(a > b), ["0", "0"], [real, real], { kink: "a - b", edges: [[[1, 1], 0], [[nan, 1], 0]] }),
  ge: row((a, b) => truth(a >= b), ["0", "0"], [real, real], { kink: "a - b", edges: [[[1, 1], 1], [[nan, 1], 0]] }),
  eq: row((a, b) => truth(a === b), ["0", "0"], [real, real], { kink: "a - b", edges: [[[1, 1], 1], [[0, -0], 1], [[nan, nan], 0]] }),
  ne: row((a, b) => truth(a !== b), ["0", "0"], [real, real], { kink: "a - b", edges: [[[1, 1], 0], [[nan, nan], 1]] }),
  and: row((a, b) => truth(a !== 0 && b !== 0), ["0", "0"], [positive, positive], { edges: [[[1, 0], 0], [[2, 3], 1], [[nan, 1], 1]] }),
  or: row((a, b) => truth(a !== 0 || b !== 0), ["0", "0"], [positive, positive], { edges: [[[1, 0], 1], [[0, 0], 0], [[nan, 0], 1]] }),
  not: row((a) => truth(a === 0), ["0"], [real], { kink: "a", edges: [[[0], 1], [[2], 0], [[nan], 0]] }),
  isnan: row((a) => truth(Number.isNaN(a)), ["0"], [real], { edges: [[[nan], 1], [[inf], 0]] }),
  isinf: row((a) => truth(Math.abs(a) === inf), ["0"], [real], { edges: [[[nan], 0], [[-inf], 1], [[1], 0]] }),
  isfinite: row((a) => truth(Math.abs(a) < inf), ["0"], [real], { edges: [[[nan], 0], [[inf], 0], [[1], 1]] }),

  // powers and roots
  square: row((a) => a * a, ["2 * a"], [real], { edges: [[[-inf], inf]], latex: "#1^{2}" }),
  reciprocal: row((a) => 1 / a, ["-y ** 2"], [positive], { edges: [[[0], inf], [[-0], -inf], [[inf], 0]], latex: "\\frac{1}{#1}" }),
  sqrt: row(Math.sqrt, ["0.5 / y"], [positive], { edges: [[[0], 0], [[-1], nan], [[inf], inf]], latex: "\\sqrt{#1}" }),
  rsqrt: row((a) => 1 / Math.sqrt(a), ["-0.5 * y ** 3"], [positive], { edges: [[[0], inf], [[-1], nan], [[inf], 0]], latex: "\\frac{1}{\\sqrt{#1}}" }),
  cbrt: row(Math.cbrt, ["1 / (3 * y ** 2)"], [positive], { edges: [[[-8], -2], [[0], 0]], latex: "\\sqrt[3]{#1}" }),
  hypot: row(Math.hypot, ["a / y", "b / y"], [positive, real], { edges: [[[3, 4], 5], [[inf, nan], inf], [[1e200, 0], 1e200]], latex: "\\sqrt{#1^{2} + #2^{2}}" }),

  // exponentials and logarithms
  exp: row(Math.exp, ["y"], [real], { edges: [[[0], 1], [[-inf], 0], [[inf], inf]], latex: "\\exp" }),
  exp2: row((a) => 2 ** a, ["y * log(2)"], [real], { edges: [[[3], 8], [[-inf], 0]], latex: "2^{#1}" }),
  expm1: row(Math.expm1, ["y + 1"], [real], { edges: [[[0], 0], [[-inf], -1], [[1e-20], 1e-20]], latex: "\\operatorname{expm1}" }),
  log: row(Math.log, ["1 / a"], [positive], { edges: [[[1], 0], [[0], -inf], [[-1], nan], [[inf], inf]], latex: "\\log" }),
  log2: row(Math.log2, ["1 / (a * log(2))"], [positive], { edges: [[[8], 3], [[0], -inf], [[-1], nan]], latex: "\\log_2" }),
  log10: row(Math.log10, ["1 / (a * log(10))"], [positive], { edges: [[[1000], 3], [[0], -inf], [[-1], nan]], latex: "\\log_{10}" }),
  log1p: row(Math.log1p, ["1 / (1 + a)"], [[-0.9, 6]], { edges: [[[0], 0], [[-1], -inf], [[-2], nan], [[1e-20], 1e-20]], latex: "\\operatorname{log1p}" }),
  xlogy: row(xlogy, ["a == 0 && b <= 0 ? 0 : log(b)", "a / b"], [real, positive], { edges: [[[0, 0], 0], [[0, -1], 0], [[0, nan], nan], [[2, 1], 0]], latex: "#1 \\log\\left(#2\\right)" }),
  logaddexp: row(logaddexp, ["sigmoid(a - b)", "sigmoid(b - a)"], [real, real], { edges: [[[0, -inf], 0], [[-inf, -inf], -inf], [[1e3, 0], 1e3], [[inf, inf], inf]] }),

  // trigonometry
  sin: row(Math.sin, ["cos(a)"], [real], { edges: [[[0], 0], [[inf], nan]], latex: "\\sin" }),
  cos: row(Math.cos, ["-sin(a)"], [real], { edges: [[[0], 1], [[inf], nan]], latex: "\\cos" }),
  tan: row(Math.tan, ["1 + y ** 2"], [[-1.4, 1.4]], { edges: [[[0], 0], [[inf], nan]], latex: "\\tan" }),
  asin: row(Math.asin, ["rsqrt(1 - a ** 2)"], [inside1], { edges: [[[0], 0], [[2], nan]], latex: "\\arcsin" }),
  acos: row(Math.acos, ["-rsqrt(1 - a ** 2)"], [inside1], { edges: [[[1], 0], [[2], nan]], latex: "\\arccos" }),
  atan: row(Math.atan, ["1 / (1 + a ** 2)"], [real], { edges: [[[0], 0], [[inf], Math.PI / 2]], latex: "\\arctan" }),
  atan2: row(Math.atan2, ["a == 0 && b == 0 ? 0 : b / (a ** 2 + b ** 2)", "a == 0 && b == 0 ? 0 : -a / (a ** 2 + b ** 2)"], [positive, real], { edges: [[[0, 0], 0], [[0, -1], Math.PI], [[-0, -1], -Math.PI]] }),

  // hyperbolic functions
  sinh: row(Math.sinh, ["cosh(a)"], [real], { edges: [[[0], 0], [[-inf], -inf]], latex: "\\sinh" }),
  cosh: row(Math.cosh, ["sinh(a)"], [real], { edges: [[[0], 1], [[-inf], inf]], latex: "\\cosh" }),
  tanh: row(Math.tanh, ["1 - y ** 2"], [real], { edges: [[[0], 0], [[inf], 1], [[-inf], -1]], latex: "\\tanh" }),
  asinh: row(Math.asinh, ["rsqrt(a ** 2 + 1)"], [real], { edges: [[[0], 0], [[-inf], -inf]], latex: "\\operatorname{arsinh}" }),
  acosh: row(Math.acosh, ["rsqrt(a ** 2 - 1)"], [above1], { edges: [[[1], 0], [[0.5], nan], [[inf], inf]], latex: "\\operatorname{arcosh}" }),
  atanh: row(Math.atanh, ["1 / (1 - a ** 2)"], [inside1], { edges: [[[0], 0], [[1], inf], [[2], nan]], latex: "\\operatorname{artanh}" }),

  // sigmoids, safe on both tails
  sigmoid: row(sigmoid, ["y * (1 - y)"], [real], { edges: [[[0], 0.5], [[inf], 1], [[-inf], 0], [[-1e3], 0], [[nan], nan]], latex: "\\sigma" }),
  softplus: row(softplus, ["sigmoid(a)"], [real], { edges: [[[0], Math.LN2], [[1e3], 1e3], [[-inf], 0], [[inf], inf], [[nan], nan]] }),
  logsigmoid: row((a) => -softplus(-a), ["sigmoid(-a)"], [real], { edges: [[[0], -Math.LN2], [[-1e3], -1e3], [[inf], -0], [[-inf], -inf]], latex: "\\log\\sigma" }),

  // special functions
  erf: row(erf, ["2 / sqrt(pi) * exp(-a ** 2)"], [real], { edges: [[[0], 0], [[inf], 1], [[-inf], -1], [[nan], nan]] }),
  erfc: row(erfc, ["-2 / sqrt(pi) * exp(-a ** 2)"], [real], { edges: [[[0], 1], [[inf], 0], [[-inf], 2], [[nan], nan]] }),
  erfinv: row(erfinv, ["sqrt(pi) / 2 * exp(y ** 2)"], [inside1], { edges: [[[0], 0], [[1], inf], [[-1], -inf], [[2], nan]], latex: "\\operatorname{erf}^{-1}" }),
  lgamma: row(lgamma, ["digamma(a)"], [positive], { edges: [[[1], 0], [[2], 0], [[0], inf], [[-3], inf], [[-inf], inf]], latex: "\\log\\Gamma" }),
  digamma: row(digamma, ["polygamma(1, a)"], [positive], { edges: [[[0], -inf], [[-1], nan], [[inf], inf]], latex: "\\psi" }),
  polygamma: row(polygamma, ["nan", "polygamma(a + 1, b)"], [[1, 1], positive], { edges: [[[1, 0], inf], [[2, inf], -0], [[0, 0], -inf]], latex: "\\psi^{(#1)}\\left(#2\\right)" }),

  // kinks and steps: a tie halves the gradient, a flat piece has none
  abs: row(Math.abs, ["sign(a)"], [real], { kink: "a", edges: [[[-0], 0], [[-inf], inf]], latex: "\\left\\lvert #1 \\right\\rvert" }),
  sign: row((a) => truth(a > 0) - truth(a < 0), ["0"], [real], { kink: "a", edges: [[[0], 0], [[-inf], -1], [[nan], 0]] }),
  max: row(Math.max, ["a < b ? 0 : a == b ? 0.5 : 1", "b < a ? 0 : a == b ? 0.5 : 1"], [real, real], { kink: "a - b", edges: [[[nan, 1], nan], [[1, nan], nan], [[-inf, 1], 1]], latex: "\\max" }),
  min: row(Math.min, ["a > b ? 0 : a == b ? 0.5 : 1", "b > a ? 0 : a == b ? 0.5 : 1"], [real, real], { kink: "a - b", edges: [[[nan, 1], nan], [[1, nan], nan], [[-inf, 1], -inf]], latex: "\\min" }),
  clamp: row(clamp, ["a >= b && a <= c ? 1 : 0", "a < b && b < c ? 1 : 0", "a > c || b > c ? 1 : 0"], [real, [-2, -1], [1, 2]], { kink: "(a - b) * (a - c)", edges: [[[5, 0, 1], 1], [[-5, 0, 1], 0], [[nan, 0, 1], nan], [[0, 2, 1], 1]] }),
  floor: row(Math.floor, ["0"], [real], { kink: "sin(pi * a)", edges: [[[-0.5], -1], [[inf], inf]], latex: "\\left\\lfloor #1 \\right\\rfloor" }),
  ceil: row(Math.ceil, ["0"], [real], { kink: "sin(pi * a)", edges: [[[-0.5], -0], [[0.5], 1]], latex: "\\left\\lceil #1 \\right\\rceil" }),
  round: row(roundHalfEven, ["0"], [real], { kink: "cos(pi * a)", edges: [[[0.5], 0], [[1.5], 2], [[2.5], 2], [[-0.5], -0], [[-1.5], -2], [[inf], inf]] }),
  trunc: row(Math.trunc, ["0"], [real], { kink: "sin(pi * a)", edges: [[[-1.7], -1], [[1.7], 1], [[-inf], -inf]] }),
  fmod: row((a, b) => a % b, ["1", "-trunc(a / b)"], [real, above1], { kink: "sin(pi * a / b)", edges: [[[-7, 3], -1], [[7, -3], 1], [[1, 0], nan], [[1, inf], 1]], latex: "#1 \\bmod #2" }),
  remainder: row(remainder, ["1", "-floor(a / b)"], [real, above1], { kink: "sin(pi * a / b)", edges: [[[-7, 3], 2], [[7, -3], -2], [[1, 0], nan]], latex: "#1 \\bmod #2" }),
} satisfies Record<string, Row>;

/** The name of a function of the table. */
export type FunctionName = keyof typeof rows;

/** Every scalar function that formulas may use, one row each. Special values and gradients follow PyTorch. */
export const functions: { readonly [N in FunctionName]: ScalarFunction } = Object.fromEntries(
  Object.entries<Row>(rows).map(([name, entry]) => {
    const latex = `\\operatorname{${name}}`;
    return [name, { name, arity: entry.partials.length, edges: [], latex, ...entry }];
  }),
) as unknown as { [N in FunctionName]: ScalarFunction };

/** Whether `text` names a function of the table. */
export function isFunctionName(text: string): text is FunctionName {
  return Object.hasOwn(functions, text);
}

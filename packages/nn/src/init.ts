import { defaultGenerator, type Generator, showShape, tensor, type Variable } from "@gradtape/core";

/** Where initial values are drawn from: the default generator unless given. */
export interface Drawn {
  readonly generator?: Generator;
}

function fill<V extends Variable>(variable: V, draw: () => number): V {
  const values = new Float64Array(variable.size);
  for (let i = 0; i < values.length; i++) values[i] = draw();
  variable.assign(tensor(values, { shape: variable.shape, dtype: variable.dtype }));
  return variable;
}

/** Overwrites a variable with one value. Returns the variable, as all initialisers do. */
export const constant = <V extends Variable>(variable: V, value: number): V => fill(variable, () => value);

/** Overwrites a variable with uniform numbers on [low, high), by default [0, 1). */
export function uniform<V extends Variable>(variable: V, options: Drawn & { readonly low?: number; readonly high?: number } = {}): V {
  const { low = 0, high = 1, generator = defaultGenerator } = options;
  return fill(variable, () => low + (high - low) * generator.random());
}

/** Overwrites a variable with normal numbers, by default of mean 0 and standard deviation 1. */
export function normal<V extends Variable>(variable: V, options: Drawn & { readonly mean?: number; readonly std?: number } = {}): V {
  const { mean = 0, std = 1, generator = defaultGenerator } = options;
  return fill(variable, () => mean + std * generator.normal());
}

/** What a nonlinearity does to the scale of its input. */
export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leakyRelu" | "selu";

/** The recommended gain of a nonlinearity; `a` is the negative slope of leakyRelu. */
export function calculateGain(nonlinearity: Nonlinearity, a = 0.01): number {
  const gains: Readonly<Record<Nonlinearity, number>> = {
    linear: 1,
    sigmoid: 1,
    tanh: 5 / 3,
    relu: Math.SQRT2,
    leakyRelu: Math.sqrt(2 / (1 + a * a)),
    selu: 0.75,
  };
  const gain = gains[nonlinearity];
  if (gain === undefined) throw new TypeError(`calculateGain: unknown nonlinearity "${nonlinearity}"; use one of ${Object.keys(gains).join(", ")}`);
  return gain;
}

/** Inputs and outputs of one unit of a weight `[out, in, …kernel]`. */
function fans(op: string, variable: Variable): { fanIn: number; fanOut: number } {
  if (variable.ndim < 2) throw new RangeError(`${op}: a weight has at least 2 dimensions, got ${showShape(variable.shape)}`);
  const field = variable.size / (variable.shape[0] * variable.shape[1]);
  return { fanIn: variable.shape[1] * field, fanOut: variable.shape[0] * field };
}

/** Options of the Kaiming initialisers. */
export interface KaimingOptions extends Drawn {
  /** Negative slope of the rectifier behind the layer. Default 0. */
  readonly a?: number;
  /** Keep the variance of the forward pass ("fanIn", the default) or of the backward pass ("fanOut"). */
  readonly mode?: "fanIn" | "fanOut";
  /** Default "leakyRelu". */
  readonly nonlinearity?: Nonlinearity;
}

function kaimingStd(op: string, variable: Variable, options: KaimingOptions): number {
  const { fanIn, fanOut } = fans(op, variable);
  return calculateGain(options.nonlinearity ?? "leakyRelu", options.a ?? 0) / Math.sqrt(options.mode === "fanOut" ? fanOut : fanIn);
}

/** Uniform with variance gain²/fan. He, Zhang, Ren & Sun 2015, arXiv:1502.01852, section 2.2. */
export function kaimingUniform<V extends Variable>(variable: V, options: KaimingOptions = {}): V {
  const bound = Math.sqrt(3) * kaimingStd("kaimingUniform", variable, options);
  return uniform(variable, { ...options, low: -bound, high: bound });
}

/** Normal with variance gain²/fan. He, Zhang, Ren & Sun 2015, arXiv:1502.01852, section 2.2. */
export const kaimingNormal = <V extends Variable>(variable: V, options: KaimingOptions = {}): V =>
  normal(variable, { ...options, std: kaimingStd("kaimingNormal", variable, options) });

function xavierStd(op: string, variable: Variable, gain: number): number {
  const { fanIn, fanOut } = fans(op, variable);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/** Uniform with variance 2 gain²/(fanIn + fanOut). Glorot & Bengio 2010, equation 16. */
export function xavierUniform<V extends Variable>(variable: V, options: Drawn & { readonly gain?: number } = {}): V {
  const bound = Math.sqrt(3) * xavierStd("xavierUniform", variable, options.gain ?? 1);
  return uniform(variable, { ...options, low: -bound, high: bound });
}

/** Normal with variance 2 gain²/(fanIn + fanOut). Glorot & Bengio 2010, equation 12. */
export const xavierNormal = <V extends Variable>(variable: V, options: Drawn & { readonly gain?: number } = {}): V =>
  normal(variable, { ...options, std: xavierStd("xavierNormal", variable, options.gain ?? 1) });

import { type ConvolutionOptions, checkOptions, type DType, Parameter, type Tensor, type TransposedConvolutionOptions, zeros } from "@gradtape/core";
import { kaimingUniform, uniform } from "./init.ts";
import { checkSize, type LayerOptions } from "./linear.ts";
import { Module } from "./module.ts";

/** Options of `Conv1d`, `Conv2d` and `Conv3d`: those of the op, of every layer, and how borders are filled. */
export interface ConvolutionLayerOptions extends ConvolutionOptions, LayerOptions {
  /** What padding consists of: "zeros" (default), or what `pad` makes with this mode. */
  readonly paddingMode?: "zeros" | "reflect" | "replicate" | "circular";
}

/** Options of `ConvTranspose1d`, `ConvTranspose2d` and `ConvTranspose3d`. */
export interface TransposedConvolutionLayerOptions extends TransposedConvolutionOptions, LayerOptions {}

const listOf = (value: number | readonly number[], n: number): readonly number[] =>
  typeof value === "number" ? new Array<number>(n).fill(value) : value;

const known = ["stride", "padding", "dilation", "groups", "bias", "dtype", "generator"];

/** What convolutions have in common: parameters `weight` and `bias`, drawn uniformly within 1/√(inputs of one output), as in PyTorch. */
abstract class ConvolutionBase extends Module {
  /** `[out, in/groups, …kernel]`; `[in, out/groups, …kernel]` for transposed ones. */
  readonly weight: Parameter;
  /** `[out]`; `null` without bias. */
  readonly bias: Parameter | null;
  readonly #text: string;

  constructor(
    n: number,
    sizes: readonly [number, number],
    transposed: boolean,
    kernelSize: number | readonly number[],
    options: ConvolutionLayerOptions | TransposedConvolutionLayerOptions,
  ) {
    super();
    const name = new.target.name;
    checkOptions(name, options, [...known, transposed ? "outputPadding" : "paddingMode"]);
    const [inChannels, outChannels] = sizes;
    checkSize(name, "inChannels", inChannels);
    checkSize(name, "outChannels", outChannels);
    const kernel = listOf(kernelSize, n);
    if (kernel.length !== n) throw new RangeError(`${name}: kernelSize is one number or ${n} of them, got [${kernel.join(",")}]`);
    for (const size of kernel) checkSize(name, "kernelSize", size);
    const { groups = 1, bias = true, dtype = "float32", generator } = options;
    checkSize(name, "groups", groups);
    if (inChannels % groups !== 0 || outChannels % groups !== 0)
      throw new RangeError(`${name}: ${groups} groups do not divide ${inChannels} input and ${outChannels} output channels`);
    const shape = transposed ? [inChannels, outChannels / groups, ...kernel] : [outChannels, inChannels / groups, ...kernel];
    const drawn = generator === undefined ? {} : { generator };
    this.weight = kaimingUniform(fresh(shape, dtype), { a: Math.sqrt(5), ...drawn });
    const bound = 1 / Math.sqrt(shape.slice(1).reduce((product, size) => product * size, 1));
    this.bias = bias ? uniform(fresh([outChannels], dtype), { low: -bound, high: bound, ...drawn }) : null;
    const shown = Object.entries(options).filter(([key]) => !["bias", "dtype", "generator"].includes(key));
    this.#text = [
      `${inChannels}, ${outChannels}, kernelSize=${show(kernelSize)}`,
      ...shown.map(([key, value]) => `${key}=${show(value)}`),
      ...(bias ? [] : ["bias=false"]),
    ].join(", ");
  }

  override extraRepr(): string {
    return this.#text;
  }
}

const show = (value: unknown): string => (typeof value === "string" ? `"${value}"` : JSON.stringify(value));
const fresh = (shape: readonly number[], dtype: DType): Parameter => new Parameter(zeros(shape, { dtype }));

const ops = [
  undefined,
  (x: Tensor, weight: Tensor, bias: Tensor | null, options: ConvolutionOptions): Tensor => x.conv1d(weight, bias, options),
  (x: Tensor, weight: Tensor, bias: Tensor | null, options: ConvolutionOptions): Tensor => x.conv2d(weight, bias, options),
  (x: Tensor, weight: Tensor, bias: Tensor | null, options: ConvolutionOptions): Tensor => x.conv3d(weight, bias, options),
] as const;

/** A convolution over `n` dimensions, with borders of any mode. */
abstract class Convolution extends ConvolutionBase {
  readonly #options: ConvolutionOptions;
  readonly #mode: NonNullable<ConvolutionLayerOptions["paddingMode"]>;
  readonly #n: 1 | 2 | 3;

  constructor(n: 1 | 2 | 3, inChannels: number, outChannels: number, kernelSize: number | readonly number[], options: ConvolutionLayerOptions = {}) {
    super(n, [inChannels, outChannels], false, kernelSize, options);
    const { bias: _, dtype: __, generator: ___, paddingMode = "zeros", ...rest } = options;
    this.#options = rest;
    this.#mode = paddingMode;
    this.#n = n;
  }

  override forward(x: Tensor): Tensor {
    const op = ops[this.#n];
    if (this.#mode === "zeros") return op(x, this.weight, this.bias, this.#options);
    return op(x.pad({ padding: this.#borders(), mode: this.#mode }), this.weight, this.bias, { ...this.#options, padding: 0 });
  }

  /** Padding as `pad` wants it: the last dimension first, before and after. */
  #borders(): number[] {
    const { padding = 0, dilation = 1 } = this.#options;
    const kernel = this.weight.shape.slice(2);
    const spacing = listOf(dilation, this.#n);
    const sides = kernel.map((size, d): [number, number] => {
      const total = spacing[d] * (size - 1);
      if (padding === "same") return [Math.floor(total / 2), Math.ceil(total / 2)];
      const each = padding === "valid" ? 0 : listOf(padding, this.#n)[d];
      return [each, each];
    });
    return sides.reverse().flat();
  }
}

/** Convolution of `[N,in,L]`. Options as `conv1d`, plus `paddingMode`, `bias`, `dtype`, `generator`. */
export class Conv1d extends Convolution {
  constructor(inChannels: number, outChannels: number, kernelSize: number | readonly number[], options?: ConvolutionLayerOptions) {
    super(1, inChannels, outChannels, kernelSize, options);
  }
}

/** Convolution of images `[N,in,H,W]`. Options as `conv2d`, plus `paddingMode`, `bias`, `dtype`, `generator`. */
export class Conv2d extends Convolution {
  constructor(inChannels: number, outChannels: number, kernelSize: number | readonly number[], options?: ConvolutionLayerOptions) {
    super(2, inChannels, outChannels, kernelSize, options);
  }
}

/** Convolution of volumes `[N,in,D,H,W]`. Options as `conv3d`, plus `paddingMode`, `bias`, `dtype`, `generator`. */
export class Conv3d extends Convolution {
  constructor(inChannels: number, outChannels: number, kernelSize: number | readonly number[], options?: ConvolutionLayerOptions) {
    super(3, inChannels, outChannels, kernelSize, options);
  }
}

/** A transposed convolution's parameters and the options of its op. */
abstract class TransposedConvolution extends ConvolutionBase {
  /** Options of the op. */
  protected readonly options: TransposedConvolutionOptions;

  constructor(
    n: number,
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    options: TransposedConvolutionLayerOptions = {},
  ) {
    super(n, [inChannels, outChannels], true, kernelSize, options);
    const { bias: _, dtype: __, generator: ___, ...rest } = options;
    this.options = rest;
  }
}

/** Transposed convolution of `[N,in,L]`. Options as `convTranspose1d`, plus `bias`, `dtype`, `generator`. */
export class ConvTranspose1d extends TransposedConvolution {
  constructor(inChannels: number, outChannels: number, kernelSize: number | readonly number[], options?: TransposedConvolutionLayerOptions) {
    super(1, inChannels, outChannels, kernelSize, options);
  }
  override forward(x: Tensor): Tensor {
    return x.convTranspose1d(this.weight, this.bias, this.options);
  }
}

/** Transposed convolution of images `[N,in,H,W]`. Options as `convTranspose2d`, plus `bias`, `dtype`, `generator`. */
export class ConvTranspose2d extends TransposedConvolution {
  constructor(inChannels: number, outChannels: number, kernelSize: number | readonly number[], options?: TransposedConvolutionLayerOptions) {
    super(2, inChannels, outChannels, kernelSize, options);
  }
  override forward(x: Tensor): Tensor {
    return x.convTranspose2d(this.weight, this.bias, this.options);
  }
}

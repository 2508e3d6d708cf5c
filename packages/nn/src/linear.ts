import { checkOptions, type DType, type Generator, Parameter, type Tensor, zeros } from "@gradtape/core";
import { kaimingUniform, uniform } from "./init.ts";
import { Module } from "./module.ts";

/** Checks that a size is a positive integer. */
export function checkSize(module: string, name: string, size: number): void {
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`${module}: ${name} is an integer of at least 1, got ${size}`);
}

/** How the parameters of a layer are made. */
export interface LayerOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** Default float32. */
  readonly dtype?: DType;
  /** Draws the initial values; the default generator unless given. */
  readonly generator?: Generator;
}

/** Affine map `x Wᵀ + b`: `[…,inFeatures] → […,outFeatures]`. Initial values as in PyTorch: uniform within 1/√inFeatures. */
export class Linear extends Module {
  /** `[outFeatures, inFeatures]`. */
  readonly weight: Parameter;
  /** `[outFeatures]`; `null` without bias. */
  readonly bias: Parameter | null;
  readonly #inFeatures: number;
  readonly #outFeatures: number;

  constructor(inFeatures: number, outFeatures: number, options: LayerOptions = {}) {
    super();
    checkOptions("Linear", options, ["bias", "dtype", "generator"]);
    checkSize("Linear", "inFeatures", inFeatures);
    checkSize("Linear", "outFeatures", outFeatures);
    this.#inFeatures = inFeatures;
    this.#outFeatures = outFeatures;
    const { bias = true, dtype = "float32" } = options;
    const drawn = options.generator === undefined ? {} : { generator: options.generator };
    this.weight = kaimingUniform(new Parameter(zeros([outFeatures, inFeatures], { dtype })), { a: Math.sqrt(5), ...drawn });
    const bound = 1 / Math.sqrt(inFeatures);
    this.bias = bias ? uniform(new Parameter(zeros([outFeatures], { dtype })), { low: -bound, high: bound, ...drawn }) : null;
  }

  /** `[…,inFeatures]` → `[…,outFeatures]`. */
  override forward(x: Tensor): Tensor {
    return x.linear(this.weight, this.bias);
  }

  override extraRepr(): string {
    return `inFeatures=${this.#inFeatures}, outFeatures=${this.#outFeatures}, bias=${this.bias !== null}`;
  }
}

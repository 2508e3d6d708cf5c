import { checkOptions, Parameter, type Tensor, zeros } from "@gradtape/core";
import { uniform } from "./init.ts";
import { checkSize, type LayerOptions } from "./linear.ts";
import { Module } from "./module.ts";

/** `y[…,o] = Σ_ij x1[…,i] W[o,i,j] x2[…,j] + b[o]`. Initial values as in PyTorch: uniform within 1/√in1Features. */
export class Bilinear extends Module {
  /** `[outFeatures, in1Features, in2Features]`. */
  readonly weight: Parameter;
  /** `[outFeatures]`; `null` without bias. */
  readonly bias: Parameter | null;

  constructor(in1Features: number, in2Features: number, outFeatures: number, options: LayerOptions = {}) {
    super();
    checkOptions("Bilinear", options, ["bias", "dtype", "generator"]);
    checkSize("Bilinear", "in1Features", in1Features);
    checkSize("Bilinear", "in2Features", in2Features);
    checkSize("Bilinear", "outFeatures", outFeatures);
    const { bias = true, dtype = "float32", generator } = options;
    const bound = 1 / Math.sqrt(in1Features);
    const range = { low: -bound, high: bound, ...(generator === undefined ? {} : { generator }) };
    this.weight = uniform(new Parameter(zeros([outFeatures, in1Features, in2Features], { dtype })), range);
    this.bias = bias ? uniform(new Parameter(zeros([outFeatures], { dtype })), range) : null;
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    return x1.bilinear(x2, this.weight, this.bias);
  }

  override extraRepr(): string {
    const [out, in1, in2] = this.weight.shape;
    return `in1Features=${in1}, in2Features=${in2}, outFeatures=${out}, bias=${this.bias !== null}`;
  }
}

import { checkOptions, type DType, showShape, type Tensor, tensor, Variable } from "@gradtape/core";
import { checkSize } from "./linear.ts";
import { Module } from "./module.ts";

/** Options of `PositionalEncoding`. */
export interface PositionalEncodingOptions {
  /** Longest sequence. Default 5000. */
  readonly maxLen?: number;
  /** Sequences are `[batch,length,dModel]` instead of `[length,batch,dModel]`. Default false. */
  readonly batchFirst?: boolean;
  /** Default float32. */
  readonly dtype?: DType;
}

/**
 * Adds to each position of a sequence its fixed code: `sin(position / 10000^(2i/dModel))` in feature 2i, the cosine in feature 2i + 1. Vaswani et al.
 * 2017, arXiv:1706.03762, section 3.5.
 */
export class PositionalEncoding extends Module {
  /** `[maxLen, dModel]`, a buffer. */
  readonly pe: Variable;
  readonly #batchFirst: boolean;

  constructor(dModel: number, options: PositionalEncodingOptions = {}) {
    super();
    checkOptions("PositionalEncoding", options, ["maxLen", "batchFirst", "dtype"]);
    const { maxLen = 5000, batchFirst = false, dtype = "float32" } = options;
    checkSize("PositionalEncoding", "dModel", dModel);
    checkSize("PositionalEncoding", "maxLen", maxLen);
    const codes = Float64Array.from({ length: maxLen * dModel }, (_, k) => {
      const [position, feature] = [Math.floor(k / dModel), k % dModel];
      const angle = position / 10000 ** ((feature - (feature % 2)) / dModel);
      return feature % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    });
    this.pe = new Variable(tensor(codes, { shape: [maxLen, dModel], dtype }));
    this.#batchFirst = batchFirst;
  }

  override forward(x: Tensor): Tensor {
    const [maxLen, dModel] = this.pe.shape;
    const along = x.ndim === 2 || !this.#batchFirst ? 0 : 1;
    const length = x.shape[along];
    if (x.ndim < 2 || x.ndim > 3 || x.shape[x.ndim - 1] !== dModel || length > maxLen)
      throw new RangeError(`PositionalEncoding: needs sequences of at most ${maxLen} positions with ${dModel} features, got ${showShape(x.shape)}`);
    const codes = this.pe.narrow(0, 0, length);
    return x.add(x.ndim === 3 && along === 0 ? codes.unsqueeze(1) : codes);
  }

  override extraRepr(): string {
    return `${this.pe.shape[1]}, maxLen=${this.pe.shape[0]}, batchFirst=${this.#batchFirst}`;
  }
}

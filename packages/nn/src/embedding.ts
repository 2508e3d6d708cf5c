import { checkOptions, noGrad, Parameter, type Tensor, zeros } from "@gradtape/core";
import { normal } from "./init.ts";
import { checkSize, type LayerOptions } from "./linear.ts";
import { Module } from "./module.ts";

/** Options of `Embedding`. */
export interface EmbeddingLayerOptions extends Omit<LayerOptions, "bias"> {
  /** Row that starts as zeros and gets no gradient; negative ones count from the end. None by default. */
  readonly paddingIdx?: number | null;
}

/** A table of learned rows, picked by int32 indices: `[…]` → `[…, embeddingDim]`. Rows are standard normal at first, as in PyTorch. */
export class Embedding extends Module {
  /** `[numEmbeddings, embeddingDim]`. */
  readonly weight: Parameter;
  readonly #paddingIdx: number | null;

  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingLayerOptions = {}) {
    super();
    checkOptions("Embedding", options, ["paddingIdx", "dtype", "generator"]);
    checkSize("Embedding", "numEmbeddings", numEmbeddings);
    checkSize("Embedding", "embeddingDim", embeddingDim);
    const { paddingIdx = null, dtype = "float32", generator } = options;
    if (paddingIdx !== null && !(Number.isInteger(paddingIdx) && paddingIdx >= -numEmbeddings && paddingIdx < numEmbeddings))
      throw new RangeError(`Embedding: paddingIdx ${paddingIdx} is out of range for ${numEmbeddings} rows`);
    this.#paddingIdx = paddingIdx;
    this.weight = normal(new Parameter(zeros([numEmbeddings, embeddingDim], { dtype })), generator === undefined ? {} : { generator });
    if (paddingIdx !== null) {
      const row = (paddingIdx + numEmbeddings) % numEmbeddings;
      noGrad(() => this.weight.assign(this.weight.indexPut([row], 0)));
    }
  }

  override forward(indices: Tensor): Tensor {
    return indices.embedding(this.weight, { paddingIdx: this.#paddingIdx });
  }

  override extraRepr(): string {
    return `${this.weight.shape.join(", ")}${this.#paddingIdx === null ? "" : `, paddingIdx=${this.#paddingIdx}`}`;
  }
}

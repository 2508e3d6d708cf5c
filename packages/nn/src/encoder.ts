import { checkOptions, type Tensor } from "@gradtape/core";
import { MultiheadAttention } from "./attention.ts";
import { ModuleList } from "./container.ts";
import { Dropout } from "./dropout.ts";
import { checkSize, Linear } from "./linear.ts";
import { Module } from "./module.ts";
import { LayerNorm } from "./normalization.ts";
import { feedForward, partsOf, type TransformerLayerOptions } from "./transformer.ts";

/** Masks of a `TransformerEncoderLayer`: bool with true = blocked, or numbers that are added to the scores. */
export interface EncoderLayerMasks {
  /** `[length,length]` or `[batch·heads,length,length]`. */
  readonly srcMask?: Tensor | null;
  /** `[batch,length]`: positions that nobody may attend to. */
  readonly srcKeyPaddingMask?: Tensor | null;
  /** Lets each position attend to itself and those before only. Default false. */
  readonly isCausal?: boolean;
}

/** Self-attention and a feed-forward part, each with dropout, a residual sum and a layer norm. Vaswani et al. 2017, arXiv:1706.03762, section 3.1. */
export class TransformerEncoderLayer extends Module {
  readonly selfAttn: MultiheadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  readonly #activation: (x: Tensor) => Tensor;
  readonly #normFirst: boolean;
  readonly #made: ConstructorParameters<typeof TransformerEncoderLayer>;

  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super();
    const parts = partsOf("TransformerEncoderLayer", dModel, options);
    this.selfAttn = new MultiheadAttention(dModel, nhead, parts.attention);
    this.linear1 = new Linear(dModel, parts.dimFeedforward, parts.linear);
    this.dropout = new Dropout(parts.p, parts.drawn);
    this.linear2 = new Linear(parts.dimFeedforward, dModel, parts.linear);
    this.norm1 = new LayerNorm(dModel, parts.norm);
    this.norm2 = new LayerNorm(dModel, parts.norm);
    this.dropout1 = new Dropout(parts.p, parts.drawn);
    this.dropout2 = new Dropout(parts.p, parts.drawn);
    this.#activation = parts.activation;
    this.#normFirst = parts.normFirst;
    this.#made = [dModel, nhead, options];
  }

  /** `[length,batch,dModel]`, or batch first, or without batch, to the same shape. */
  override forward(src: Tensor, masks: EncoderLayerMasks = {}): Tensor {
    checkOptions("TransformerEncoderLayer.forward", masks, ["srcMask", "srcKeyPaddingMask", "isCausal"]);
    const { srcMask = null, srcKeyPaddingMask = null, isCausal = false } = masks;
    const call = { attnMask: srcMask, keyPaddingMask: srcKeyPaddingMask, isCausal, needWeights: false };
    const attend = (x: Tensor): Tensor => this.dropout1.forward(this.selfAttn.forward(x, x, x, call)[0]);
    const feed = (x: Tensor): Tensor => this.dropout2.forward(feedForward(x, this, this.#activation));
    if (this.#normFirst) {
      const x = src.add(attend(this.norm1.forward(src)));
      return x.add(feed(this.norm2.forward(x)));
    }
    const x = this.norm1.forward(src.add(attend(src)));
    return this.norm2.forward(x.add(feed(x)));
  }

  /** A layer of its own with the same options and a copy of the parameters. */
  clone(): TransformerEncoderLayer {
    const { dtype, device } = this.linear1.weight;
    const copy = new TransformerEncoderLayer(...this.#made).to(dtype).to(device).train(this.training);
    copy.loadStateDict(this.stateDict());
    return copy;
  }
}

/** Encoder layers on top of each other. As in PyTorch, all start as copies of the given layer, with the same values. */
export class TransformerEncoder extends Module {
  readonly layers: ModuleList<TransformerEncoderLayer>;
  /** Applied to the output; `null` for none. */
  readonly norm: LayerNorm | null;

  constructor(encoderLayer: TransformerEncoderLayer, numLayers: number, options: { readonly norm?: LayerNorm | null } = {}) {
    super();
    checkOptions("TransformerEncoder", options, ["norm"]);
    checkSize("TransformerEncoder", "numLayers", numLayers);
    this.layers = new ModuleList(Array.from({ length: numLayers }, () => encoderLayer.clone()));
    this.norm = options.norm ?? null;
  }

  /** As the layers'; `mask` is their `srcMask`. */
  override forward(src: Tensor, masks: Omit<EncoderLayerMasks, "srcMask"> & { readonly mask?: Tensor | null } = {}): Tensor {
    const { mask = null, ...rest } = masks;
    const y = [...this.layers].reduce((x, layer) => layer.forward(x, { srcMask: mask, ...rest }), src);
    return this.norm === null ? y : this.norm.forward(y);
  }
}

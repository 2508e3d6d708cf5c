import { checkOptions, type Tensor } from "@gradtape/core";
import { MultiheadAttention } from "./attention.ts";
import { ModuleList } from "./container.ts";
import { Dropout } from "./dropout.ts";
import { checkSize, Linear } from "./linear.ts";
import { Module } from "./module.ts";
import { LayerNorm } from "./normalization.ts";
import { feedForward, partsOf, type TransformerLayerOptions } from "./transformer.ts";

/** Masks of a decoder: bool with true = blocked, or numbers that are added to the scores. */
export interface DecoderMasks {
  /** `[length,length]` or `[batch·heads,length,length]`, for the self-attention. */
  readonly tgtMask?: Tensor | null;
  /** `[length,memory length]` or with `batch·heads` in front, for the attention to the memory. */
  readonly memoryMask?: Tensor | null;
  /** `[batch,length]`: targets that nobody may attend to. */
  readonly tgtKeyPaddingMask?: Tensor | null;
  /** `[batch,memory length]`: places of the memory that nobody may attend to. */
  readonly memoryKeyPaddingMask?: Tensor | null;
  /** Lets each target attend to itself and those before only. Default false. */
  readonly tgtIsCausal?: boolean;
}

/** Self-attention, attention to an encoder's output, and a feed-forward part. Vaswani et al. 2017, arXiv:1706.03762, section 3.1. */
export class TransformerDecoderLayer extends Module {
  readonly selfAttn: MultiheadAttention;
  readonly multiheadAttn: MultiheadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly norm3: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  readonly dropout3: Dropout;
  readonly #activation: (x: Tensor) => Tensor;
  readonly #normFirst: boolean;
  readonly #made: ConstructorParameters<typeof TransformerDecoderLayer>;

  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super();
    const parts = partsOf("TransformerDecoderLayer", dModel, options);
    this.selfAttn = new MultiheadAttention(dModel, nhead, parts.attention);
    this.multiheadAttn = new MultiheadAttention(dModel, nhead, parts.attention);
    this.linear1 = new Linear(dModel, parts.dimFeedforward, parts.linear);
    this.dropout = new Dropout(parts.p, parts.drawn);
    this.linear2 = new Linear(parts.dimFeedforward, dModel, parts.linear);
    this.norm1 = new LayerNorm(dModel, parts.norm);
    this.norm2 = new LayerNorm(dModel, parts.norm);
    this.norm3 = new LayerNorm(dModel, parts.norm);
    this.dropout1 = new Dropout(parts.p, parts.drawn);
    this.dropout2 = new Dropout(parts.p, parts.drawn);
    this.dropout3 = new Dropout(parts.p, parts.drawn);
    this.#activation = parts.activation;
    this.#normFirst = parts.normFirst;
    this.#made = [dModel, nhead, options];
  }

  /** Targets `[length,batch,dModel]` and an encoder's output `[memory length,batch,dModel]`, or both batch first, to the shape of the targets. */
  override forward(tgt: Tensor, memory: Tensor, masks: DecoderMasks = {}): Tensor {
    checkOptions("TransformerDecoderLayer.forward", masks, ["tgtMask", "memoryMask", "tgtKeyPaddingMask", "memoryKeyPaddingMask", "tgtIsCausal"]);
    const { tgtMask = null, memoryMask = null, tgtKeyPaddingMask = null, memoryKeyPaddingMask = null, tgtIsCausal = false } = masks;
    const own = { attnMask: tgtMask, keyPaddingMask: tgtKeyPaddingMask, isCausal: tgtIsCausal, needWeights: false };
    const cross = { attnMask: memoryMask, keyPaddingMask: memoryKeyPaddingMask, needWeights: false };
    const steps: readonly [LayerNorm, (x: Tensor) => Tensor][] = [
      [this.norm1, (x) => this.dropout1.forward(this.selfAttn.forward(x, x, x, own)[0])],
      [this.norm2, (x) => this.dropout2.forward(this.multiheadAttn.forward(x, memory, memory, cross)[0])],
      [this.norm3, (x) => this.dropout3.forward(feedForward(x, this, this.#activation))],
    ];
    return steps.reduce((x, [norm, step]) => (this.#normFirst ? x.add(step(norm.forward(x))) : norm.forward(x.add(step(x)))), tgt);
  }

  /** A layer of its own with the same options and a copy of the parameters. */
  clone(): TransformerDecoderLayer {
    const { dtype, device } = this.linear1.weight;
    const copy = new TransformerDecoderLayer(...this.#made).to(dtype).to(device).train(this.training);
    copy.loadStateDict(this.stateDict());
    return copy;
  }
}

/** Decoder layers on top of each other. As in PyTorch, all start as copies of the given layer, with the same values. */
export class TransformerDecoder extends Module {
  readonly layers: ModuleList<TransformerDecoderLayer>;
  /** Applied to the output; `null` for none. */
  readonly norm: LayerNorm | null;

  constructor(decoderLayer: TransformerDecoderLayer, numLayers: number, options: { readonly norm?: LayerNorm | null } = {}) {
    super();
    checkOptions("TransformerDecoder", options, ["norm"]);
    checkSize("TransformerDecoder", "numLayers", numLayers);
    this.layers = new ModuleList(Array.from({ length: numLayers }, () => decoderLayer.clone()));
    this.norm = options.norm ?? null;
  }

  /** As the layers'. */
  override forward(tgt: Tensor, memory: Tensor, masks: DecoderMasks = {}): Tensor {
    const y = [...this.layers].reduce((x, layer) => layer.forward(x, memory, masks), tgt);
    return this.norm === null ? y : this.norm.forward(y);
  }
}

import { arange, checkOptions, type DType, type Generator, showShape, type Tensor } from "@gradtape/core";
import { ModuleList } from "../container.ts";
import { Dropout } from "../dropout.ts";
import { Embedding } from "../embedding.ts";
import { constant, normal } from "../init.ts";
import { checkSize, Linear } from "../linear.ts";
import { Module } from "../module.ts";
import { LayerNorm } from "../normalization.ts";

/** Options of `GPTBlock`. */
export interface GPTBlockOptions {
  /** Width of the feed-forward part, four times that of the block by default. */
  readonly hidden?: number;
  /** Probability of every dropout. Default 0. */
  readonly dropout?: number;
  /** Default float32. */
  readonly dtype?: DType;
  /** Draws initial values and what is dropped; the default generator unless given. */
  readonly generator?: Generator;
}

/** Causal self-attention and a feed-forward part with GELU, each behind a layer norm and added to its input. Radford et al. 2019, section 2.3. */
export class GPTBlock extends Module {
  readonly ln1: LayerNorm;
  readonly qkv: Linear;
  readonly proj: Linear;
  readonly ln2: LayerNorm;
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly dropout: Dropout;
  readonly #heads: number;

  constructor(width: number, heads: number, options: GPTBlockOptions = {}) {
    super();
    checkOptions("GPTBlock", options, ["hidden", "dropout", "dtype", "generator"]);
    checkSize("GPTBlock", "width", width);
    checkSize("GPTBlock", "heads", heads);
    if (width % heads !== 0) throw new RangeError(`GPTBlock: ${heads} heads do not divide width ${width}`);
    const { hidden = 4 * width, dropout = 0, dtype = "float32", generator } = options;
    const made = { dtype, ...(generator && { generator }) };
    this.ln1 = new LayerNorm(width, { dtype });
    this.qkv = new Linear(width, 3 * width, made);
    this.proj = new Linear(width, width, made);
    this.ln2 = new LayerNorm(width, { dtype });
    this.fc1 = new Linear(width, hidden, made);
    this.fc2 = new Linear(hidden, width, made);
    this.dropout = new Dropout(dropout, generator && { generator });
    this.#heads = heads;
  }

  #attend(x: Tensor): Tensor {
    const [batch, length, width] = x.shape;
    const heads = (part: Tensor): Tensor => part.reshape([batch, length, this.#heads, width / this.#heads]).transpose(1, 2);
    const [q, k, v] = this.qkv.forward(x).chunk(3, { dim: -1 }).map(heads);
    return this.proj.forward(q.scaledDotProductAttention(k, v, { isCausal: true }).transpose(1, 2).reshape(x.shape));
  }

  /** `[batch,length,width]` to the same shape. */
  override forward(x: Tensor): Tensor {
    const y = x.add(this.dropout.forward(this.#attend(this.ln1.forward(x))));
    return y.add(this.dropout.forward(this.fc2.forward(this.fc1.forward(this.ln2.forward(y)).gelu())));
  }
}

/** Options of `GPT`. */
export interface GPTOptions extends GPTBlockOptions {
  /** Number of different tokens. */
  readonly vocabSize: number;
  /** Longest sequence. */
  readonly contextLength: number;
  /** Features of a token. Default 64. */
  readonly width?: number;
  /** Default 4. */
  readonly heads?: number;
  /** Default 2. */
  readonly layers?: number;
}

const known = ["vocabSize", "contextLength", "width", "heads", "layers", "hidden", "dropout", "dtype", "generator"];

/**
 * A small language model: token and position embeddings, blocks, a layer norm and a linear map to the next token's logits. Radford et al. 2019, "Language models are
 * unsupervised multitask learners", section 2.3, whose initial values it has: standard deviation 0.02, in front of residual sums 0.02/√(2·layers).
 */
export class GPT extends Module {
  readonly tok: Embedding;
  readonly pos: Embedding;
  readonly dropout: Dropout;
  readonly blocks: ModuleList<GPTBlock>;
  readonly lnF: LayerNorm;
  readonly head: Linear;

  constructor(options: GPTOptions) {
    super();
    checkOptions("GPT", options, known);
    const { vocabSize, contextLength, width = 64, heads = 4, layers = 2, ...rest } = options;
    const { dtype = "float32", generator } = rest;
    checkSize("GPT", "vocabSize", vocabSize);
    checkSize("GPT", "contextLength", contextLength);
    checkSize("GPT", "layers", layers);
    const drawn = generator && { generator };
    this.tok = new Embedding(vocabSize, width, { dtype, ...drawn });
    this.pos = new Embedding(contextLength, width, { dtype, ...drawn });
    this.dropout = new Dropout(rest.dropout ?? 0, drawn);
    this.blocks = new ModuleList(Array.from({ length: layers }, () => new GPTBlock(width, heads, rest)));
    this.lnF = new LayerNorm(width, { dtype });
    this.head = new Linear(width, vocabSize, { bias: false, dtype, ...drawn });
    for (const [name, parameter] of this.namedParameters())
      if (parameter.ndim > 1) normal(parameter, { std: /(proj|fc2)\.weight$/.test(name) ? 0.02 / Math.sqrt(2 * layers) : 0.02, ...drawn });
      else if (name.endsWith("bias")) constant(parameter, 0);
  }

  /** Tokens `[batch,length]`, int32, to logits `[batch,length,vocabSize]` of the token behind each. */
  override forward(tokens: Tensor): Tensor {
    const longest = this.pos.weight.shape[0];
    if (tokens.ndim !== 2 || tokens.shape[1] > longest)
      throw new RangeError(`GPT: needs tokens [batch,length] of at most ${longest} per sequence, got ${showShape(tokens.shape)}`);
    const places = arange(0, tokens.shape[1], 1, { dtype: "int32", device: tokens.device });
    const embedded = this.dropout.forward(this.tok.forward(tokens).add(this.pos.forward(places)));
    return this.head.forward(this.lnF.forward([...this.blocks].reduce((x, block) => block.forward(x), embedded)));
  }
}

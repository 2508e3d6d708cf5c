import { checkOptions, concat, type Generator, Parameter, sameShape, showShape, type Tensor, zeros } from "@gradtape/core";
import { constant, xavierNormal, xavierUniform } from "./init.ts";
import { checkSize, type LayerOptions, Linear } from "./linear.ts";
import { type AttentionMasks, maskScores } from "./mask.ts";
import { Module } from "./module.ts";

/** Options of `MultiheadAttention`. */
export interface MultiheadAttentionOptions extends LayerOptions {
  /** Probability with which an attention weight is dropped in training. Default 0. */
  readonly dropout?: number;
  /** Size of the keys' features, `embedDim` by default. */
  readonly kdim?: number | null;
  /** Size of the values' features, `embedDim` by default. */
  readonly vdim?: number | null;
  /** Appends a learned key and value to every sequence. Default false. */
  readonly addBiasKv?: boolean;
  /** Appends a key and value of zeros to every sequence. Default false. */
  readonly addZeroAttn?: boolean;
  /** Sequences are `[batch,length,features]` instead of `[length,batch,features]`. Default false. */
  readonly batchFirst?: boolean;
}

/** Who may attend to whom, and what to give back. */
export interface AttentionCallOptions extends AttentionMasks {
  /** Gives the attention weights too. Default true. */
  readonly needWeights?: boolean;
  /** Gives the mean of all heads' weights instead of each head's. Default true. */
  readonly averageAttnWeights?: boolean;
}

const known = ["bias", "dtype", "generator", "dropout", "kdim", "vdim", "addBiasKv", "addZeroAttn", "batchFirst"];
const knownInCalls = ["attnMask", "keyPaddingMask", "isCausal", "needWeights", "averageAttnWeights"];

/** Multi-head attention. Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2. Parameters and their initial values as in PyTorch. */
export class MultiheadAttention extends Module {
  /** `[3·embedDim, embedDim]`: projections of query, key and value on top of each other; `null` where kdim or vdim differ from embedDim. */
  readonly inProjWeight: Parameter | null;
  /** `[embedDim, embedDim]`; `null` where `inProjWeight` holds it. */
  readonly qProjWeight: Parameter | null;
  /** `[embedDim, kdim]`; `null` where `inProjWeight` holds it. */
  readonly kProjWeight: Parameter | null;
  /** `[embedDim, vdim]`; `null` where `inProjWeight` holds it. */
  readonly vProjWeight: Parameter | null;
  /** `[3·embedDim]`, zeros at first; `null` without bias. */
  readonly inProjBias: Parameter | null;
  /** `[1,1,embedDim]`: the key that `addBiasKv` appends. */
  readonly biasK: Parameter | null;
  /** `[1,1,embedDim]`: the value that `addBiasKv` appends. */
  readonly biasV: Parameter | null;
  /** Projection of the joined heads; its bias starts at 0. */
  readonly outProj: Linear;
  readonly #heads: number;
  readonly #dropout: number;
  readonly #batchFirst: boolean;
  readonly #zero: boolean;
  readonly #generator: { readonly generator?: Generator };
  readonly #sizes: readonly [number, number, number];

  constructor(embedDim: number, numHeads: number, options: MultiheadAttentionOptions = {}) {
    super();
    const name = "MultiheadAttention";
    checkOptions(name, options, known);
    const { bias = true, dtype = "float32", generator, dropout = 0, addBiasKv = false, addZeroAttn = false, batchFirst = false } = options;
    const [kdim, vdim] = [options.kdim ?? embedDim, options.vdim ?? embedDim];
    checkSize(name, "embedDim", embedDim);
    checkSize(name, "numHeads", numHeads);
    checkSize(name, "kdim", kdim);
    checkSize(name, "vdim", vdim);
    if (embedDim % numHeads !== 0) throw new RangeError(`${name}: ${numHeads} heads do not divide embedDim ${embedDim}`);
    if (!(dropout >= 0 && dropout <= 1)) throw new RangeError(`${name}: dropout is a probability from 0 to 1, got ${dropout}`);
    const drawn = generator === undefined ? {} : { generator };
    const fresh = (...shape: number[]): Parameter => new Parameter(zeros(shape, { dtype }));
    const packed = kdim === embedDim && vdim === embedDim;
    this.inProjWeight = packed ? xavierUniform(fresh(3 * embedDim, embedDim), drawn) : null;
    this.qProjWeight = packed ? null : xavierUniform(fresh(embedDim, embedDim), drawn);
    this.kProjWeight = packed ? null : xavierUniform(fresh(embedDim, kdim), drawn);
    this.vProjWeight = packed ? null : xavierUniform(fresh(embedDim, vdim), drawn);
    this.inProjBias = bias ? fresh(3 * embedDim) : null;
    this.biasK = addBiasKv ? xavierNormal(fresh(1, 1, embedDim), drawn) : null;
    this.biasV = addBiasKv ? xavierNormal(fresh(1, 1, embedDim), drawn) : null;
    this.outProj = new Linear(embedDim, embedDim, { bias, dtype, ...drawn });
    if (this.outProj.bias !== null) constant(this.outProj.bias, 0);
    this.#heads = numHeads;
    this.#dropout = dropout;
    this.#batchFirst = batchFirst;
    this.#zero = addZeroAttn;
    this.#generator = drawn;
    this.#sizes = [embedDim, kdim, vdim];
  }

  /**
   * Query `[L,N,embedDim]`, key `[S,N,kdim]` and value `[S,N,vdim]` (batch first or without batch likewise) to the output, shaped as the query, and the
   * weights `[N,L,S]` (`[N,heads,L,S]` when not averaged, `null` when not needed; as they are behind dropout). A query that may attend to nothing gives NaN.
   */
  override forward(query: Tensor, key: Tensor, value: Tensor, options: AttentionCallOptions = {}): [output: Tensor, weights: Tensor | null] {
    checkOptions("MultiheadAttention.forward", options, knownInCalls);
    const { needWeights = true, averageAttnWeights = true } = options;
    this.#check(query, key, value);
    const batched = query.ndim === 3;
    const [q, k, v] = this.#project(query, key, value).map((x) => (batched ? (this.#batchFirst ? x : x.transpose(0, 1)) : x.unsqueeze(0)));
    const [batch, length, embedDim] = q.shape;
    const [keys, values] = [this.#extended(k, this.biasK), this.#extended(v, this.biasV)];
    const split = (x: Tensor): Tensor => x.reshape([batch, x.shape[1], this.#heads, embedDim / this.#heads]).transpose(1, 2);
    const scores = split(q)
      .mul(1 / Math.sqrt(embedDim / this.#heads))
      .matmul(split(keys).transpose(-2, -1));
    const weights = maskScores(scores, k.shape[1], options)
      .softmax(-1)
      .dropout({ p: this.#dropout, training: this.training, ...this.#generator });
    const joined = this.outProj.forward(weights.matmul(split(values)).transpose(1, 2).reshape([batch, length, embedDim]));
    const output = batched ? (this.#batchFirst ? joined : joined.transpose(0, 1)) : joined.squeeze(0);
    if (!needWeights) return [output, null];
    const shown = averageAttnWeights ? weights.mean(1) : weights;
    return [output, batched ? shown : shown.squeeze(0)];
  }

  #check(query: Tensor, key: Tensor, value: Tensor): void {
    const given = [query, key, value];
    const lead = (x: Tensor): readonly number[] => x.shape.slice(0, -1);
    const batchAt = this.#batchFirst ? 0 : 1;
    if (
      query.ndim < 2 ||
      query.ndim > 3 ||
      given.some((x, i) => x.ndim !== query.ndim || x.shape[x.ndim - 1] !== this.#sizes[i]) ||
      !sameShape(lead(key), lead(value)) ||
      (query.ndim === 3 && query.shape[batchAt] !== key.shape[batchAt])
    ) {
      const wanted = this.#sizes.map((size) => `[${this.#batchFirst ? "batch,length" : "length,batch"},${size}]`);
      throw new RangeError(
        `MultiheadAttention: needs query, key and value ${wanted.join(", ")}, or without batch, key and value equally long; got ${given.map((x) => showShape(x.shape)).join(", ")}`,
      );
    }
  }

  /** Query, key and value behind their projections; one matrix product where all three are the same tensor. */
  #project(query: Tensor, key: Tensor, value: Tensor): Tensor[] {
    const packed = this.inProjWeight;
    if (packed !== null && query === key && key === value) return query.linear(packed, this.inProjBias).chunk(3, { dim: -1 });
    const weights = packed === null ? [this.qProjWeight, this.kProjWeight, this.vProjWeight] : packed.chunk(3);
    const biases = this.inProjBias?.chunk(3);
    return [query, key, value].map((x, i) => x.linear(weights[i] as Tensor, biases?.[i] ?? null));
  }

  /** Keys or values `[N,S,embedDim]` with what the options append. */
  #extended(x: Tensor, bias: Parameter | null): Tensor {
    const shape = [x.shape[0], 1, x.shape[2]];
    const parts = [x, ...(bias === null ? [] : [bias.expand(shape)]), ...(this.#zero ? [x.newZeros(shape)] : [])];
    return parts.length === 1 ? x : concat(parts, 1);
  }

  override extraRepr(): string {
    return `${this.#sizes[0]}, ${this.#heads}, batchFirst=${this.#batchFirst}`;
  }
}

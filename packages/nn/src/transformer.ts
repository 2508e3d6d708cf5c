import { checkOptions, type Generator, type Tensor } from "@gradtape/core";
import type { Dropout } from "./dropout.ts";
import { checkSize, type LayerOptions, type Linear } from "./linear.ts";
import { type Activation, activated, activationOf } from "./nonlinearity.ts";

/** Options of `TransformerEncoderLayer` and `TransformerDecoderLayer`. */
export interface TransformerLayerOptions extends LayerOptions {
  /** Width of the feed-forward part. Default 2048. */
  readonly dimFeedforward?: number;
  /** Probability of every dropout in the layer. Default 0.1. */
  readonly dropout?: number;
  /** Between the two maps of the feed-forward part. Default "relu". */
  readonly activation?: Activation;
  /** Added to the variance in layer norms. Default 1e-5. */
  readonly layerNormEps?: number;
  /** Sequences are `[batch,length,dModel]` instead of `[length,batch,dModel]`. Default false. */
  readonly batchFirst?: boolean;
  /** Normalizes in front of attention and feed-forward part instead of behind the sum. Xiong et al. 2020, arXiv:2002.04745. Default false. */
  readonly normFirst?: boolean;
}

const known = ["bias", "dtype", "generator", "dimFeedforward", "dropout", "activation", "layerNormEps", "batchFirst", "normFirst"];

/** The options that the parts of a transformer layer take, checked and with every default filled in. */
export function partsOf(name: string, dModel: number, options: TransformerLayerOptions) {
  checkOptions(name, options, known);
  const { dimFeedforward = 2048, dropout = 0.1, activation = "relu", layerNormEps = 1e-5, batchFirst = false, normFirst = false } = options;
  const { bias = true, dtype = "float32", generator } = options;
  checkSize(name, "dModel", dModel);
  checkSize(name, "dimFeedforward", dimFeedforward);
  const drawn: { readonly generator?: Generator } = generator === undefined ? {} : { generator };
  return {
    dimFeedforward,
    p: dropout,
    drawn,
    normFirst,
    activation: activationOf(name, activation),
    linear: { bias, dtype, ...drawn },
    norm: { eps: layerNormEps, bias, dtype },
    attention: { bias, dtype, dropout, batchFirst, ...drawn },
    text: `normFirst=${normFirst}${typeof activation === "string" ? `, activation="${activation}"` : ""}`,
  };
}

/** The feed-forward part of a layer: two maps with a nonlinearity between. Vaswani et al. 2017, arXiv:1706.03762, section 3.3. */
export const feedForward = (
  x: Tensor,
  { linear1, dropout, linear2 }: { readonly linear1: Linear; readonly dropout: Dropout; readonly linear2: Linear },
  activation: (x: Tensor) => Tensor,
): Tensor => linear2.forward(dropout.forward(activated(linear1, activation, x)));

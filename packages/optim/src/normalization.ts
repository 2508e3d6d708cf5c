import { noGrad, Tensor, Variable } from "@gradtape/core";
import { AveragedModel } from "./averaging.ts";

/** What `updateBn` asks of a model; modules of `@gradtape/nn` have it. */
export interface Normalizing {
  training: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: every model has inputs and outputs of its own
  forward(...inputs: any[]): any;
  modules(): Iterable<object>;
  train(mode?: boolean): unknown;
}

/** A batch: its inputs, or a list that begins with them. */
export type NormalizingBatch = Tensor | readonly [Tensor, ...unknown[]];

interface BatchNorm {
  momentum: number | null;
  readonly runningMean: Variable;
  readonly runningVar: Variable;
  numBatchesTracked?: Variable | number | null;
}

const tracksStatistics = (module: object): module is BatchNorm => {
  const { runningMean, runningVar } = module as Partial<BatchNorm>;
  return runningMean instanceof Variable && runningVar instanceof Variable && "momentum" in module;
};

/**
 * Recomputes the running statistics of all normalisations that track them as plain averages over the batches of a loader, each batch counting the same: what averaged
 * weights need, whose activations nobody has seen yet. Izmailov et al. 2018, arXiv:1803.05407, section 3.2. With an `AveragedModel` the statistics of
 * the average are written, not the model's. Momenta and training mode are as before afterwards, even when a batch fails.
 */
export async function updateBn(
  loader: Iterable<NormalizingBatch> | AsyncIterable<NormalizingBatch>,
  model: Normalizing | AveragedModel<Normalizing & AveragedModel["model"]>,
): Promise<void> {
  if (model instanceof AveragedModel) return model.use(() => updateBn(loader, model.model));
  const layers = [...model.modules()].filter(tracksStatistics);
  if (layers.length === 0) return;
  const momenta = layers.map(({ momentum }) => momentum);
  const { training } = model;
  for (const layer of layers) {
    layer.runningMean.assign(noGrad(() => layer.runningMean.mul(0).nanToNum({ nan: 0 })));
    layer.runningVar.assign(noGrad(() => layer.runningVar.mul(0).nanToNum({ nan: 0 }).add(1)));
    if (layer.numBatchesTracked instanceof Variable) layer.numBatchesTracked.assign(noGrad(() => (layer.numBatchesTracked as Variable).mul(0)));
    else if (typeof layer.numBatchesTracked === "number") layer.numBatchesTracked = 0;
    layer.momentum = null;
  }
  model.train(true);
  try {
    for await (const batch of loader) {
      const input = batch instanceof Tensor ? batch : batch[0];
      if (!(input instanceof Tensor)) throw new TypeError("updateBn: a batch is a tensor, or a list whose first item is the input tensor");
      noGrad(() => model.forward(input));
    }
  } finally {
    layers.forEach((layer, k) => void (layer.momentum = momenta[k]));
    model.train(training);
  }
}

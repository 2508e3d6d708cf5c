import { data } from "gradtape";
import type { Settings } from "./settings.ts";

/** What to train on and what to test on, both normalised alike. */
export interface Datasets {
  readonly train: data.ImageDataset;
  readonly test: data.ImageDataset;
}

/** Reads MNIST from `directory`, or draws digits. */
export async function loadDatasets({ dataset, examples, seed }: Settings, directory?: string): Promise<Datasets> {
  if (dataset === "digits") {
    const draw = (split: "train" | "test", count: number) => data.digits({ count, seed, split }).normalize(data.digitsNormalization);
    return { train: draw("train", examples), test: draw("test", Math.ceil(examples / 5)) };
  }
  if (directory === undefined) throw new Error("--data: this run was trained on MNIST files; say where they are");
  const train = (await data.loadMnist(directory, { split: "train" })).normalize();
  const test = (await data.loadMnist(directory, { split: "test" })).normalize(train.normalization);
  return { train, test };
}

/** Datasets, loaders and checkpoints of Gradtape. */
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint, loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
export { cifar10Classes, loadCifar10, readCifar10 } from "./cifar.ts";
export { collate } from "./collate.ts";
export { type Batch, type Dataset, type Example, randomSplit, type SplitOptions, Subset, TensorDataset } from "./dataset.ts";
export { type DigitsOptions, digits, digitsNormalization } from "./digits.ts";
export { type IdxArray, readIdx } from "./idx.ts";
export { ImageDataset, type ImageDatasetOptions, type LabelledImage, type Normalization } from "./images.ts";
export { DataLoader, type DataLoaderOptions, type DataLoaderState } from "./loader.ts";
export { loadMnist, type MnistSource, mnist } from "./mnist.ts";
export { readSafetensors, type Safetensors, type StoredTensor, writeSafetensors } from "./safetensors.ts";
export { RandomSampler, type Sampler, SequentialSampler, WeightedRandomSampler } from "./sampler.ts";
export { streamSeed } from "./seed.ts";

import { findFile, readBytes } from "./disk.ts";
import { gunzip, isGzip } from "./gzip.ts";
import { idxHeader, magic, readIdx } from "./idx.ts";
import { ImageDataset } from "./images.ts";

/** The two files of a split as bytes, plain or gzip, and how to call them in errors. */
export interface MnistSource {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
  /** Names of the ten classes, default "0".."9" (Fashion-MNIST has others). */
  readonly classes?: readonly string[];
  readonly imagesName?: string;
  readonly labelsName?: string;
}

/**
 * The MNIST digits (LeCun, Bottou, Bengio & Haffner 1998), or a set of the same format, from the bytes of its two IDX files: images uint8 [n, 28, 28], labels uint8 [n] below 10.
 * An error names the file, what was expected and what was found.
 */
export async function mnist(source: MnistSource): Promise<ImageDataset> {
  const { classes = [..."0123456789"], imagesName = "MNIST images", labelsName = "MNIST labels" } = source;
  const images = await read(source.images, imagesName, "images", 3);
  const labels = await read(source.labels, labelsName, "labels", 1);
  if (images.shape[0] !== labels.shape[0])
    throw new RangeError(
      `${labelsName}: ${labels.shape[0]} labels for the ${images.shape[0]} images of ${imagesName}; take both files from the same split`,
    );
  const bad = labels.data.findIndex((label) => label >= classes.length);
  if (bad >= 0) throw new RangeError(`${labelsName}: label ${bad} is ${labels.data[bad]}; expected 0..${classes.length - 1}`);
  return new ImageDataset({ images: images.data, labels: labels.data, shape: [1, 28, 28], classes });
}

async function read(
  bytes: Uint8Array,
  name: string,
  kind: "images" | "labels",
  rank: number,
): Promise<{ shape: readonly number[]; data: Uint8Array }> {
  const expected = `0x0000080${rank}`;
  const size = (head: Uint8Array) => {
    const header = idxHeader(head, name);
    if (head.length >= 4 && magic(head) !== expected) {
      const swapped = magic(head) === `0x0000080${4 - rank}` ? "images and labels are swapped" : "is it the right file?";
      throw new RangeError(`${name}: magic number ${magic(head)}, expected ${expected} (uint8 ${kind}); ${swapped}`);
    }
    if (header && rank === 3 && (header.shape[1] !== 28 || header.shape[2] !== 28))
      throw new RangeError(`${name}: images of ${header.shape[1]} x ${header.shape[2]} pixels, expected 28 x 28; for others use readIdx`);
    return header?.size;
  };
  const content = isGzip(bytes) ? await gunzip(bytes, { name, size }) : bytes;
  size(content);
  const { shape, data } = readIdx(content, { name });
  return { shape, data: data as Uint8Array };
}

/** Loads a split of MNIST from a directory in Node, Deno or Bun: `train-images-idx3-ubyte` or `train-images.idx3-ubyte`, plain or `.gz`, and `t10k-…` for "test". */
export async function loadMnist(
  directory: string,
  { split = "train", classes }: { readonly split?: "train" | "test"; readonly classes?: readonly string[] } = {},
): Promise<ImageDataset> {
  if (split !== "train" && split !== "test") throw new RangeError(`loadMnist: split is "train" or "test", found ${JSON.stringify(split)}`);
  const prefix = split === "train" ? "train" : "t10k";
  const find = (kind: string) => {
    const plain = [`${prefix}-${kind}-ubyte`, `${prefix}-${kind.replace("-", ".")}-ubyte`];
    return findFile(directory, [...plain, ...plain.map((name) => `${name}.gz`)], "loadMnist");
  };
  const imagesName = await find("images-idx3");
  const labelsName = await find("labels-idx1");
  const [images, labels] = await Promise.all([readBytes(imagesName), readBytes(labelsName)]);
  return mnist({ images, labels, imagesName, labelsName, ...(classes && { classes }) });
}

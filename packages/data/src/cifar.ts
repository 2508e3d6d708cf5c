import { findFile, readBytes } from "./disk.ts";
import { ImageDataset } from "./images.ts";

/** Names of the CIFAR-10 classes, by label. */
export const cifar10Classes: readonly string[] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

const pixels = 3 * 32 * 32;
const record = 1 + pixels;

/**
 * CIFAR-10 (Krizhevsky 2009), binary version, from bytes: records of a label below 10 and 3072 pixels (red, green, blue planes of 32 x 32).
 * Gives images [3, 32, 32]. An error when the size is no multiple of 3073 or a label is out of range; `name` stands for the file in errors.
 */
export function readCifar10(bytes: Uint8Array, { name = "CIFAR-10 data" }: { readonly name?: string } = {}): ImageDataset {
  return readBatches([{ bytes, name }]);
}

function readBatches(batches: readonly { readonly bytes: Uint8Array; readonly name: string }[]): ImageDataset {
  for (const { bytes, name } of batches) check(bytes, name);
  const count = batches.reduce((sum, { bytes }) => sum + bytes.length / record, 0);
  const images = new Uint8Array(count * pixels);
  const labels = new Uint8Array(count);
  let k = 0;
  for (const { bytes, name } of batches) {
    for (let at = 0; at < bytes.length; at += record, k++) {
      if (bytes[at] > 9)
        throw new RangeError(`${name}: label ${bytes[at]} in record ${at / record} (byte ${at}), expected 0..9; the file is damaged, or CIFAR-100`);
      labels[k] = bytes[at];
      images.set(bytes.subarray(at + 1, at + record), k * pixels);
    }
  }
  return new ImageDataset({ images, labels, shape: [3, 32, 32], classes: cifar10Classes });
}

function check(bytes: Uint8Array, name: string): void {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b && bytes.length % record !== 0)
    throw new RangeError(`${name}: is gzip; unpack cifar-10-binary.tar.gz first (tar -xzf) and give one of its .bin files`);
  if (bytes.length === 0 || bytes.length % record !== 0)
    throw new RangeError(
      `${name}: expected records of ${record} bytes, found ${bytes.length} bytes, ${bytes.length % record} after the last whole record; the file is truncated or too long`,
    );
}

/**
 * Loads a split of CIFAR-10 in Node, Deno or Bun from the directory that holds `data_batch_1.bin`..`data_batch_5.bin` and `test_batch.bin`, or `cifar-10-batches-bin/`.
 *
 * @param options `records` per file, default 10,000, is checked, so that a file cut between two records is found.
 */
export async function loadCifar10(
  directory: string,
  { split = "train", records = 10_000 }: { readonly split?: "train" | "test"; readonly records?: number } = {},
): Promise<ImageDataset> {
  if (split !== "train" && split !== "test") throw new RangeError(`loadCifar10: split is "train" or "test", found ${JSON.stringify(split)}`);
  const files = split === "train" ? [1, 2, 3, 4, 5].map((k) => `data_batch_${k}.bin`) : ["test_batch.bin"];
  const names = await Promise.all(files.map((file) => findFile(directory, [file, `cifar-10-batches-bin/${file}`], "loadCifar10")));
  const batches = await Promise.all(names.map(async (name) => ({ name, bytes: await readBytes(name) })));
  for (const { bytes, name } of batches)
    if (bytes.length !== records * record)
      throw new RangeError(
        `${name}: expected ${records} records of ${record} bytes = ${records * record} bytes, found ${bytes.length}; unpack cifar-10-binary.tar.gz again`,
      );
  return readBatches(batches);
}

/// <reference types="node" />
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadMnist, mnist } from "./mnist.ts";

const idx = (shape: number[], payload: Uint8Array) => {
  const bytes = Buffer.alloc(4 + 4 * shape.length + payload.length);
  bytes.set([0, 0, 8, shape.length]);
  for (const [axis, size] of shape.entries()) bytes.writeUInt32BE(size, 4 + 4 * axis);
  bytes.set(payload, 4 + 4 * shape.length);
  return new Uint8Array(bytes);
};
const pixels = Uint8Array.from({ length: 3 * 784 }, (_, k) => (k * 7) % 256);
const images = idx([3, 28, 28], pixels);
const labels = idx([3], Uint8Array.of(5, 0, 9));
const named = { imagesName: "i.gz", labelsName: "l.gz" };

describe("mnist", () => {
  it("reads plain and gzip bytes alike", async () => {
    for (const pack of [(bytes: Uint8Array) => bytes, (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes))]) {
      const set = await mnist({ images: pack(images), labels: pack(labels) });
      expect([set.length, set.shape, [...set.labels]]).toEqual([3, [1, 28, 28], [5, 0, 9]]);
      expect(set.images).toEqual(pixels);
    }
  });

  it("tells each fault", async () => {
    const fault = (source: object) => expect(mnist({ images, labels, ...named, ...source })).rejects;
    await fault({ labels: idx([2], Uint8Array.of(1, 2)) }).toThrow("l.gz: 2 labels for the 3 images of i.gz");
    await fault({ labels: idx([3], Uint8Array.of(1, 10, 2)) }).toThrow("l.gz: label 1 is 10; expected 0..9");
    await fault({ images: labels }).toThrow("i.gz: magic number 0x00000801, expected 0x00000803 (uint8 images); images and labels are swapped");
    await fault({ labels: images }).toThrow("images and labels are swapped");
    await fault({ images: idx([3, 28], pixels.subarray(0, 84)) }).toThrow("magic number 0x00000802, expected 0x00000803");
    await fault({ images: idx([3, 28, 27], pixels.subarray(0, 3 * 28 * 27)) }).toThrow("i.gz: images of 28 x 27 pixels, expected 28 x 28");
    await fault({ images: images.subarray(0, 100) }).toThrow("found 100; the file is truncated");
    await fault({ images: new Uint8Array(0) }).toThrow("i.gz: truncated inside the header");
    await fault({ images: Uint8Array.of(...images, 0) }).toThrow("the file is too long");
  });

  it("tells each fault of gzip, and stops at what the header declares", async () => {
    const fault = (source: object) => expect(mnist({ images, labels, ...named, ...source })).rejects;
    const packed = new Uint8Array(gzipSync(images));
    await fault({ images: packed.subarray(0, packed.length - 20) }).toThrow("i.gz: the gzip data is truncated or damaged");
    await fault({ images: packed.map((byte, k) => (k === 60 ? byte ^ 255 : byte)) }).toThrow("i.gz: ");
    await fault({ images: new Uint8Array(gzipSync(images.subarray(0, 100))) }).toThrow("found 100; the file is truncated");
    await fault({ images: new Uint8Array(gzipSync(images.subarray(0, 3))) }).toThrow("truncated inside the header");
    const bomb = new Uint8Array(64 << 20);
    bomb.set(images);
    await fault({ images: new Uint8Array(gzipSync(bomb)) }).toThrow("expected 2368 bytes as the header declares, found more");
    const boast = new Uint8Array(gzipSync(idx([5_000_000, 28, 28], new Uint8Array(0))));
    await fault({ images: boast }).toThrow(`the header declares 3920000016 bytes, more than ${boast.length} bytes of gzip can hold`);
  });
});

describe("loadMnist", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "gradtape-mnist-"));
    await writeFile(join(directory, "train-images-idx3-ubyte.gz"), gzipSync(images));
    await writeFile(join(directory, "train-labels.idx1-ubyte"), labels);
    await writeFile(join(directory, "t10k-images.idx3-ubyte"), images);
  });
  afterAll(() => rm(directory, { recursive: true }));

  it("finds the files in either spelling", async () => {
    expect([...(await loadMnist(directory)).labels]).toEqual([5, 0, 9]);
  });

  it("says what is missing and where", async () => {
    await expect(loadMnist(directory, { split: "test" })).rejects.toThrow(
      `${directory} has no t10k-labels-idx1-ubyte nor t10k-labels.idx1-ubyte nor t10k-labels-idx1-ubyte.gz`,
    );
    await expect(loadMnist(directory, { split: "valid" as "test" })).rejects.toThrow('split is "train" or "test", found "valid"');
    await writeFile(join(directory, "t10k-labels-idx1-ubyte"), labels.subarray(0, 9));
    await expect(loadMnist(directory, { split: "test" })).rejects.toThrow(
      `${directory}/t10k-labels-idx1-ubyte: uint8 [3] needs 11 bytes with its header, found 9`,
    );
  });
});

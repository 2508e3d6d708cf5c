/// <reference types="node" />
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { digits, digitsNormalization } from "./digits.ts";
import { ImageDataset } from "./images.ts";

describe("digits", () => {
  const set = digits({ count: 500 });

  it("are the same bytes on every machine", () => {
    const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex").slice(0, 16);
    expect(hash(set.images.subarray(0, 100 * 784))).toBe("a9d31bb23f380324");
    expect(hash(digits({ count: 100, seed: 42, split: "test" }).images)).toBe("35902ea5f346de4c");
  });

  it("depend only on seed, split and index", () => {
    expect(digits({ count: 20 }).images).toEqual(set.images.slice(0, 20 * 784));
    const alone = digits({ start: 137, count: 1 });
    expect([alone.labels[0], alone.images]).toEqual([7, set.images.slice(137 * 784, 138 * 784)]);
    expect(digits({ count: 1, split: "test" }).images).not.toEqual(set.image(0));
    expect(digits({ count: 1, seed: 1 }).images).not.toEqual(set.image(0));
    expect([...set.labels.subarray(8, 12)]).toEqual([8, 9, 0, 1]);
  });

  it("are light strokes on dark paper, within the page", () => {
    const { mean, std } = set.statistics();
    expect(mean[0]).toBeCloseTo(digitsNormalization.mean[0], 1.5);
    expect(std[0]).toBeCloseTo(digitsNormalization.std[0], 1.5);
    for (let k = 0; k < set.length; k++) expect(Math.max(...set.image(k))).toBeGreaterThan(120);
  });

  it("come in batches of tensors, plain or normalised", () => {
    const [x, y] = set.batch(Int32Array.of(3, 14));
    expect([x.shape, x.dtype, y.shape, y.dtype, [...y.data()]]).toEqual([[2, 1, 28, 28], "float32", [2], "int32", [3, 4]]);
    expect(x.data()[784 + 400]).toBeCloseTo(set.image(14)[400] / 255, 6);
    const [image, label] = set.normalize(digitsNormalization).get(14);
    expect([image.shape, label.shape, label.data()[0]]).toEqual([[1, 28, 28], [], 4]);
    expect(image.data()[400]).toBeCloseTo((set.image(14)[400] / 255 - digitsNormalization.mean[0]) / digitsNormalization.std[0], 5);
  });

  it("refuse options that cannot be", () => {
    expect(() => digits({ size: 3 } as object)).toThrow('digits: unknown option "size"; did you mean "seed"');
    expect(() => digits({ count: -1 })).toThrow("count is an integer >= 0");
    expect(() => digits({ start: 0.5 })).toThrow("start is an integer >= 0, found 0.5");
    expect(() => digits({ count: 1, seed: 0.5 })).toThrow("seeds are integers");
    expect(() => digits({ split: "dev" as "test" })).toThrow('found "dev"');
  });
});

describe("ImageDataset", () => {
  const parts = { images: Uint8Array.of(0, 255, 51, 0, 255, 102), labels: Uint8Array.of(0), shape: [2, 1, 3], classes: ["a"] } as const;

  it("keeps statistics per channel", () => {
    const { mean, std } = new ImageDataset(parts).statistics();
    expect(mean[0]).toBeCloseTo(0.4, 12);
    expect(mean[1]).toBeCloseTo(1.4 / 3, 12);
    expect(std[0]).toBeCloseTo(Math.sqrt((0.16 + 0.36 + 0.04) / 3), 12);
    const [x] = new ImageDataset(parts).normalize().get(0);
    expect(x.data()[1]).toBeCloseTo(0.6 / std[0], 5);
  });

  it("refuses parts that do not fit", () => {
    expect(() => new ImageDataset({ ...parts, images: new Uint8Array(5) })).toThrow("1 labels and images of [2,1,3] need 6 bytes, found 5");
    expect(() => new ImageDataset({ ...parts, labels: Uint8Array.of(1) })).toThrow("label 1 of example 0 is not one of the 1 classes");
    expect(() => new ImageDataset({ ...parts, normalization: { mean: [0], std: [1] } })).toThrow("channel 1");
    expect(() => new ImageDataset({ ...parts, normalization: { mean: [0, 0], std: [1, 0] } })).toThrow("std 0");
    expect(() => new ImageDataset(parts).get(1)).toThrow("index 1 is outside 0..0");
  });
});

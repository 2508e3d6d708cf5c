/// <reference types="node" />
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cifar10Classes, loadCifar10, readCifar10 } from "./cifar.ts";

const records = (...labels: number[]) => {
  const bytes = new Uint8Array(labels.length * 3073);
  for (const [k, label] of labels.entries()) bytes.fill(label * 10, k * 3073, (k + 1) * 3073).set([label], k * 3073);
  return bytes;
};

describe("readCifar10", () => {
  it("reads labels and planes", () => {
    const set = readCifar10(records(3, 9));
    expect([[...set.labels], set.shape, set.classes[3]]).toEqual([[3, 9], [3, 32, 32], "cat"]);
    expect([set.image(0).length, set.image(0)[0], set.image(1)[3071]]).toEqual([3072, 30, 90]);
    expect(cifar10Classes.length).toBe(10);
  });

  it("tells each fault", () => {
    const read = (bytes: Uint8Array) => () => readCifar10(bytes, { name: "a.bin" });
    expect(read(records(1, 2).subarray(0, 3074))).toThrow("a.bin: expected records of 3073 bytes, found 3074 bytes, 1 after the last whole record");
    expect(read(new Uint8Array(0))).toThrow("found 0 bytes");
    expect(read(records(1, 10))).toThrow("a.bin: label 10 in record 1 (byte 3073), expected 0..9");
    expect(read(new Uint8Array(gzipSync(records(1))))).toThrow("is gzip; unpack");
  });
});

describe("loadCifar10", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "gradtape-cifar-"));
    await mkdir(join(directory, "cifar-10-batches-bin"));
    for (let k = 1; k <= 5; k++) await writeFile(join(directory, "cifar-10-batches-bin", `data_batch_${k}.bin`), records(k, k + 1));
    await writeFile(join(directory, "test_batch.bin"), records(7));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it("joins the training files in order and finds either place", async () => {
    expect([...(await loadCifar10(directory, { records: 2 })).labels]).toEqual([1, 2, 2, 3, 3, 4, 4, 5, 5, 6]);
    expect([...(await loadCifar10(directory, { split: "test", records: 1 })).labels]).toEqual([7]);
  });

  it("tells a short file, a missing one and a wrong split", async () => {
    await expect(loadCifar10(directory)).rejects.toThrow("data_batch_1.bin: expected 10000 records of 3073 bytes = 30730000 bytes, found 6146");
    await rm(join(directory, "test_batch.bin"));
    await expect(loadCifar10(directory, { split: "test" })).rejects.toThrow("has no test_batch.bin nor cifar-10-batches-bin/test_batch.bin");
    await expect(loadCifar10(directory, { split: "x" as "test" })).rejects.toThrow('found "x"');
  });
});

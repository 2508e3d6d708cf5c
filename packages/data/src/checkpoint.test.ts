/// <reference types="node" />
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Tensor, tensor } from "@gradtape/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCheckpoint, encodeCheckpoint, loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";

const run = () => ({
  model: {
    "0.weight": tensor([
      [1.5, -2],
      [3, 4],
    ]),
    "0.bias": tensor([0.1, 0.2], { dtype: "float64" }),
  },
  optimizer: { groups: [{ lr: 0.1, betas: [0.9, 0.999] }], state: { "0": { m: tensor([1, 2]), step: 3 } }, mask: tensor([1, 0], { dtype: "bool" }) },
  generator: { seed: 2 ** 53 - 1, spare: null },
  best: -Infinity,
  step: 1234,
});

/** A tree with tensors spelled out, for comparison. */
const plain = (value: unknown): unknown => {
  if (value instanceof Tensor) return { dtype: value.dtype, shape: [...value.shape], data: value.data() };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
};

describe("checkpoints", () => {
  it("hold a training run, in a file that other tools read", () => {
    const bytes = encodeCheckpoint(run());
    expect(plain(decodeCheckpoint(bytes))).toEqual(plain(run()));
    expect(Object.keys(readSafetensors(bytes).tensors).sort()).toEqual(["model.0.bias", "model.0.weight", "optimizer.mask", "optimizer.state.0.m"]);
  });

  it("are exact for any tree", () => {
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.double(),
        fc.constantFrom(NaN, Infinity, -Infinity, -0, 5e-324, null, true, undefined, 12345678901234567890n),
        fc.string({ unit: "binary" }),
        fc.constant("\ud800"),
        fc.float32Array({ maxLength: 3 }),
        fc.uint8Array({ maxLength: 3 }),
        fc.array(fc.float({ noNaN: true }), { minLength: 1, maxLength: 3 }).map((values) => tensor(values)),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(
          fc.oneof(fc.constantFrom("$tensor", "$", "$$", "a.b", "prototype", "0"), fc.string()).filter((key) => key !== "__proto__"),
          tie("tree"),
          { noNullPrototype: true, maxKeys: 3 },
        ),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => void expect(plain(decodeCheckpoint(encodeCheckpoint({ value })))).toStrictEqual(plain({ value }))),
      { numRuns: 500 },
    );
  });

  it("store a shared tensor once and share it again; equal paths do not collide", () => {
    const tied = tensor([1, 2]);
    const back = decodeCheckpoint(encodeCheckpoint({ a: tied, b: { c: tied }, "b.c": tensor([9]), __metadata__: tensor([8]) }));
    expect(back.a).toBe(back.b.c);
    expect([[...back["b.c"].data()], [...back.__metadata__.data()]]).toEqual([[9], [8]]);
  });

  it("refuse what they cannot hold, by path", () => {
    expect(() => encodeCheckpoint({ a: [{ b: () => 1 }] })).toThrow("encodeCheckpoint: a.0.b is a function");
    expect(() => encodeCheckpoint({ a: new Map() })).toThrow("a is a Map; store its stateDict()");
    expect(() => encodeCheckpoint(JSON.parse('{"a":{"__proto__":1}}'))).toThrow("a.__proto__ has a reserved name");
    const loop: Record<string, unknown> = {};
    loop.self = { loop };
    expect(() => encodeCheckpoint(loop)).toThrow("self.loop contains itself");
    let deep: unknown = 1;
    for (let k = 0; k < 2000; k++) deep = [deep];
    expect(() => encodeCheckpoint({ deep })).toThrow("nested more than 500 deep");
  });

  it("give the same value or a clear Error for truncated and flipped bytes", () => {
    const bytes = encodeCheckpoint(run());
    const expected = plain(run());
    const check = (damaged: Uint8Array) => {
      let read: unknown;
      try {
        read = plain(decodeCheckpoint(damaged));
      } catch (error) {
        expect((error as Error).message).toMatch(/^checkpoint: .{20}/);
        return;
      }
      expect(read).toEqual(expected);
    };
    for (let length = 0; length < bytes.length; length++) expect(() => decodeCheckpoint(bytes.subarray(0, length))).toThrow("checkpoint: ");
    for (let at = 0; at < bytes.length; at++) for (const mask of [1, 4, 32, 128, 255]) check(bytes.map((byte, k) => (k === at ? byte ^ mask : byte)));
    expect(() => decodeCheckpoint(bytes.map((byte, k) => (k === bytes.length - 2 ? byte ^ 1 : byte)))).toThrow(/checksum differs|is BOOL/);
  });

  it("say whose file it is", () => {
    expect(() => decodeCheckpoint(writeSafetensors({}), { name: "theirs" })).toThrow(
      "theirs: is safetensors without a Gradtape tree; read its tensors with readSafetensors",
    );
    expect(() => decodeCheckpoint(writeSafetensors({}, { format: "gradtape", version: "9", tree: "{}" }))).toThrow(
      "has checkpoint version 9, this reader knows 1",
    );
  });

  it("are written as a whole or not at all", async () => {
    const directory = await mkdtemp(join(tmpdir(), "gradtape-checkpoint-"));
    const path = join(directory, "run.safetensors");
    await saveCheckpoint(path, { step: 1 });
    await saveCheckpoint(path, { step: 2 });
    expect(await loadCheckpoint(path)).toEqual({ step: 2 });
    expect(await readdir(directory)).toEqual(["run.safetensors"]);
    await expect(saveCheckpoint(path, { step: () => 3 })).rejects.toThrow("step is a function");
    await expect(saveCheckpoint(join(directory, "none", "run"), {})).rejects.toThrow("cannot be written");
    expect(await loadCheckpoint(path)).toEqual({ step: 2 });
    await writeFile(path, (await readFile(path)).subarray(0, 40));
    await expect(loadCheckpoint(path)).rejects.toThrow(`${path}: the header declares`);
    await expect(loadCheckpoint(join(directory, "none"))).rejects.toThrow("none: cannot be read (ENOENT");
    await rm(directory, { recursive: true });
  });
});

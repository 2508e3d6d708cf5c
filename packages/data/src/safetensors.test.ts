/// <reference types="node" />
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSafetensors, type StoredTensor, writeSafetensors } from "./safetensors.ts";

/** What Python's safetensors 0.8.0 `save_file` wrote for six small arrays and metadata {"k": "v"}, base64. */
const reference =
  "aAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJrIjoidiJ9LCJhIjp7ImR0eXBlIjoiRjY0Iiwic2hhcGUiOltdLCJkYXRhX29mZnNldHMiOlswLDhdfSwiZSI6" +
  "eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMCwzXSwiZGF0YV9vZmZzZXRzIjpbOCw4XX0sInoiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzIsM10sImRhdGFf" +
  "b2Zmc2V0cyI6WzgsMzJdfSwiaSI6eyJkdHlwZSI6IkkzMiIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzMyLDQwXX0sInUiOnsiZHR5cGUiOiJVOCIs" +
  "InNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzQwLDQxXX0sImIiOnsiZHR5cGUiOiJCT09MIiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbNDEsNDNd" +
  "fX0gICAgICAAAAAAAAAMQAAAAAAAAIA/AAAAQAAAQEAAAIBAAACgQAEAAAACAAAABQEA";

/** A file from any header text or value and a data size. */
const file = (header: unknown, size = 0) => {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
};
const f32 = (shape: unknown, begin: unknown, end: unknown) => ({ dtype: "F32", shape, data_offsets: [begin, end] });

const stored: fc.Arbitrary<StoredTensor> = fc
  .tuple(fc.constantFrom("F32", "F64", "I32", "U8", "BOOL"), fc.array(fc.nat(3), { maxLength: 3 }), fc.infiniteStream(fc.double()))
  .map(([dtype, shape, values]) => {
    const numbers = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => values.next().value as number);
    const array = { F32: Float32Array, F64: Float64Array, I32: Int32Array, U8: Uint8Array, BOOL: Uint8Array }[dtype] as typeof Float32Array;
    return { dtype, shape, data: array.from(dtype === "BOOL" ? numbers.map((x) => (x > 0 ? 1 : 0)) : numbers) } as unknown as StoredTensor;
  });
const names = fc.string({ unit: "binary" }).filter((name) => !["__metadata__", "__proto__", "constructor", "prototype"].includes(name));

describe("safetensors", () => {
  it("writes the documented bytes", () => {
    const bytes = writeSafetensors({ a: { dtype: "I32", shape: [2], data: Int32Array.of(1, -1) } }, { k: "v" });
    const json = '{"__metadata__":{"k":"v"},"a":{"dtype":"I32","shape":[2],"data_offsets":[0,8]}}';
    expect(new TextDecoder().decode(bytes.subarray(8, -8)).trimEnd()).toBe(json);
    expect([...bytes.subarray(0, 8)]).toEqual([Math.ceil(json.length / 8) * 8, 0, 0, 0, 0, 0, 0, 0]);
    expect([...bytes.subarray(-8)]).toEqual([1, 0, 0, 0, 255, 255, 255, 255]);
  });

  it("reads what it wrote, bit for bit", () => {
    fc.assert(
      fc.property(fc.dictionary(names, stored, { noNullPrototype: true, maxKeys: 5 }), fc.dictionary(names, fc.string()), (tensors, metadata) => {
        const read = readSafetensors(writeSafetensors(tensors, metadata));
        expect(read.tensors).toEqual(tensors);
        expect(read.metadata).toEqual({ ...metadata });
      }),
    );
  });

  it("reads at any alignment, in any order of names", () => {
    const bytes = file({ b: f32([1], 4, 8), a: f32([], 0, 4) }, 8);
    bytes.set([0, 0, 128, 63], bytes.length - 4);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    const { tensors, metadata } = readSafetensors(shifted.subarray(1));
    expect([tensors.a.shape, [...tensors.b.data], metadata]).toEqual([[], [1], {}]);
  });

  it("reads a file of the reference implementation, from a Buffer", () => {
    const file = Buffer.from(reference, "base64");
    const { tensors, metadata } = readSafetensors(file);
    file.fill(0);
    expect(metadata).toEqual({ k: "v" });
    expect(tensors).toEqual({
      a: { dtype: "F64", shape: [], data: Float64Array.of(3.5) },
      e: { dtype: "F32", shape: [0, 3], data: new Float32Array(0) },
      z: { dtype: "F32", shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) },
      i: { dtype: "I32", shape: [2], data: Int32Array.of(1, 2) },
      u: { dtype: "U8", shape: [1], data: Uint8Array.of(5) },
      b: { dtype: "BOOL", shape: [2], data: Uint8Array.of(1, 0) },
    });
  });

  it.each<[string, Uint8Array]>([
    ["expected 8 bytes of header length, found 3 bytes", new Uint8Array(3)],
    ["the header declares 18446744073709551615 bytes, more than 100000000", new Uint8Array(9).fill(255)],
    ["the header declares 99 bytes, 1 follow", Uint8Array.of(99, 0, 0, 0, 0, 0, 0, 0, 1)],
    ["the header is not JSON", file("{nonsense")],
    ["the header is not JSON", file("")],
    ["the header is not JSON", Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 255)],
    ["the header is not an object", file([])],
    ["the header is not an object", file("null")],
    ["__metadata__ is not an object", file({ __metadata__: [] })],
    ['metadata "a" is not a string', file({ __metadata__: { a: 1 } })],
    ['reserved key "__proto__"', file('{"__metadata__":{"__proto__":"x"}}')],
    ['"__proto__" is a reserved name', file('{"__proto__":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4)],
    ['"constructor" is a reserved name', file({ constructor: f32([], 0, 4) }, 4)],
    [
      'the name "a" twice',
      file('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"\\u0061":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4),
    ],
    ['the name "dtype" twice', file('{"a":{"dtype":"F32","dtype":"I32","shape":[],"data_offsets":[0,4]}}', 4)],
    ['tensor "a" is not an object', file({ a: 1 })],
    ['unknown field "extra"', file({ a: { ...f32([], 0, 4), extra: 1 } }, 4)],
    ['dtype "F16", expected one of F64, F32, I32, U8, BOOL', file({ a: { ...f32([], 0, 2), dtype: "F16" } }, 2)],
    ['dtype "toString"', file({ a: { ...f32([], 0, 2), dtype: "toString" } }, 2)],
    ["shape [1.5], expected integers >= 0", file({ a: f32([1.5], 0, 6) }, 6)],
    ["shape [-1]", file({ a: f32([-1], 0, 4) }, 4)],
    ['shape "3"', file({ a: f32("3", 0, 12) }, 12)],
    ["data_offsets [null,4]", file({ a: f32([], NaN, 4) }, 4)],
    ["data_offsets [4,0]", file({ a: f32([], 4, 0) }, 4)],
    ["data_offsets [0,8], expected begin <= end <= 4", file({ a: f32([2], 0, 8) }, 4)],
    ["data_offsets [0]", file('{"a":{"dtype":"F32","shape":[],"data_offsets":[0]}}', 4)],
    ["F32 [3], needs 12 bytes, has 4", file({ a: f32([3], 0, 4) }, 4)],
    ["needs", file({ a: f32([2 ** 52, 2 ** 52], 0, 4) }, 4)],
    ["an overlap", file({ a: f32([], 0, 4), b: f32([], 2, 6) }, 6)],
    ["an overlap", file({ a: f32([], 0, 4), b: f32([], 0, 4) }, 4)],
    ["a hole", file({ a: f32([], 0, 4), b: f32([], 5, 9) }, 9)],
    ["a hole", file({ a: f32([], 1, 5) }, 5)],
    ["the tensors end at byte 4 of 5 bytes", file({ a: f32([], 0, 4) }, 5)],
    [
      "is BOOL and has the byte 7",
      file({ a: { dtype: "BOOL", shape: [1], data_offsets: [0, 1] } }, 1).map((byte, k, all) => (k === all.length - 1 ? 7 : byte)),
    ],
  ])("refuses: %s", (message, bytes) => {
    expect(() => readSafetensors(bytes, { name: "x.safetensors" })).toThrow(message);
    expect(() => readSafetensors(bytes, { name: "x.safetensors" })).toThrow("x.safetensors: ");
    expect(({} as Record<string, unknown>).dtype).toBeUndefined();
  });

  it("refuses to write what it could not read", () => {
    const one = { dtype: "F32", shape: [1], data: Float32Array.of(1) } as const;
    expect(() => writeSafetensors({ __metadata__: one })).toThrow('"__metadata__" is a reserved name');
    expect(() => writeSafetensors({ a: { ...one, shape: [2] } })).toThrow("a has shape [2] and 1 values");
    expect(() => writeSafetensors({ a: { ...one, dtype: "F16" as "F32" } })).toThrow("a has dtype F16");
    expect(() => writeSafetensors({ a: { ...one, data: Int32Array.of(1) as unknown as Float32Array } })).toThrow("a is F32; expected a Float32Array");
    expect(() => writeSafetensors({}, { a: 1 as unknown as string })).toThrow('metadata "a" is number');
  });

  it("gives tensors that fit, or an Error, for damaged bytes", () => {
    const good = writeSafetensors(
      { w: { dtype: "F64", shape: [2, 1], data: Float64Array.of(1, 2) }, b: { dtype: "BOOL", shape: [3], data: Uint8Array.of(1, 0, 1) } },
      { note: "x" },
    );
    fc.assert(
      fc.property(
        fc.nat(good.length),
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 })), { maxLength: 3 }),
        (length, flips) => {
          const bytes = good.slice();
          for (const [at, mask] of flips) bytes[at] ^= mask;
          for (const damaged of [bytes, bytes.subarray(0, length)])
            try {
              for (const { shape, data } of Object.values(readSafetensors(damaged).tensors))
                expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
            } catch (error) {
              expect(error).toBeInstanceOf(RangeError);
              expect((error as Error).message).toMatch(/^safetensors: /);
            }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

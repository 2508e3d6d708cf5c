/// <reference types="node" />
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readIdx } from "./idx.ts";

/** An IDX file from its type code, shape and big-endian payload. */
const idx = (type: number, shape: number[], payload: ArrayLike<number>) => {
  const bytes = new Uint8Array(4 + 4 * shape.length + payload.length);
  bytes.set([0, 0, type, shape.length]);
  for (const [axis, size] of shape.entries()) new DataView(bytes.buffer).setUint32(4 + 4 * axis, size);
  bytes.set(Uint8Array.from(payload), 4 + 4 * shape.length);
  return bytes;
};

describe("readIdx", () => {
  it("reads every element type", () => {
    const read = (type: number, payload: number[]) => [...readIdx(idx(type, [1], payload)).data];
    expect(read(0x08, [200])).toEqual([200]);
    expect(read(0x09, [200])).toEqual([-56]);
    expect(read(0x0b, [0xff, 0xfe])).toEqual([-2]);
    expect(read(0x0c, [0, 1, 0, 2])).toEqual([65538]);
    expect(read(0x0d, [0x3f, 0xc0, 0, 0])).toEqual([1.5]);
    expect(read(0x0e, [0xbf, 0xf8, 0, 0, 0, 0, 0, 0])).toEqual([-1.5]);
    expect(readIdx(idx(0x08, [2, 3], [1, 2, 3, 4, 5, 6]))).toEqual({ shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
    expect(readIdx(idx(0x08, [], [9]))).toEqual({ shape: [], data: Uint8Array.of(9) });
  });

  it("reads a view that does not begin at its buffer's start", () => {
    const padded = new Uint8Array(20);
    padded.set(idx(0x0c, [1], [0, 0, 1, 0]), 3);
    expect([...readIdx(padded.subarray(3, 15)).data]).toEqual([256]);
  });

  it("reads a Buffer, whose slice copies nothing", () => {
    const shared = Buffer.concat([Buffer.of(1, 2, 3), idx(0x08, [2], [8, 9])]).subarray(3);
    const { data } = readIdx(shared);
    shared.fill(0);
    expect([...data]).toEqual([8, 9]);
  });

  it("names the file and the fault", () => {
    const good = idx(0x08, [2, 2], [1, 2, 3, 4]);
    const read = (bytes: Uint8Array) => () => readIdx(bytes, { name: "some.idx" });
    expect(read(good.subarray(0, 3))).toThrow("some.idx: truncated inside the header after 3 bytes");
    expect(read(good.subarray(0, 9))).toThrow("some.idx: truncated inside the header after 9 bytes");
    expect(read(good.subarray(0, 15))).toThrow("needs 16 bytes with its header, found 15; the file is truncated");
    expect(read(Uint8Array.of(...good, 0))).toThrow("needs 16 bytes with its header, found 17; the file is too long");
    expect(read(idx(0x0a, [1], [1]))).toThrow("magic number 0x00000a01 is not IDX");
    expect(read(Uint8Array.of(1, 0, 8, 1, 0, 0, 0, 0))).toThrow("magic number 0x01000801 is not IDX");
    expect(read(Uint8Array.of(0x1f, 0x8b, 8, 0))).toThrow("is gzip");
    expect(read(idx(0x0e, [0xffffffff, 0xffffffff], []))).toThrow("over 4 GiB");
    expect(read(idx(0x08, [0xffffffff], []))).toThrow(/over 4 GiB|needs/);
  });

  it("gives an array that fits its shape, or an Error, for any bytes", () => {
    const near = fc
      .tuple(fc.constantFrom(8, 9, 11, 12, 13, 14, 15), fc.array(fc.nat(3), { maxLength: 3 }), fc.uint8Array({ maxLength: 40 }))
      .map((parts) => idx(...parts));
    fc.assert(
      fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 40 })), (bytes) => {
        let read: ReturnType<typeof readIdx>;
        try {
          read = readIdx(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          return;
        }
        expect(read.data.length).toBe(read.shape.reduce((a, b) => a * b, 1));
      }),
      { numRuns: 500 },
    );
  });
});

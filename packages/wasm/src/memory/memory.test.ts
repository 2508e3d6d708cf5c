import { cpu, type Storage } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import { createWasmBackend } from "../index.ts";
import { Blocks, capacityOf } from "./blocks.ts";
import { Heap } from "./heap.ts";

const MEBIBYTE = 2 ** 20;

describe("blocks", () => {
  test("never overlap, are reused, and join again", () => {
    const heap = new Heap({ maximumBytes: 256 * MEBIBYTE });
    const blocks = new Blocks(heap, 65536);
    const held: { pointer: number; bytes: number }[] = [];
    let seed = 1;
    const random = (n: number): number => (seed = (seed * 48271) % 2147483647) % n;
    for (let i = 0; i < 4000; i++) {
      if (held.length > 60 || (held.length > 0 && random(3) === 0)) {
        const { pointer, bytes } = held.splice(random(held.length), 1)[0];
        blocks.give(pointer, bytes);
      } else {
        const bytes = random(2) === 0 ? 1 + random(5000) : 1 + random(3 * MEBIBYTE);
        const pointer = blocks.take(bytes);
        expect(pointer % 64).toBe(0);
        expect(pointer).toBeGreaterThan(0);
        expect(held.every((other) => pointer + bytes <= other.pointer || other.pointer + other.bytes <= pointer)).toBe(true);
        held.push({ pointer, bytes });
      }
    }
    for (const { pointer, bytes } of held) blocks.give(pointer, bytes);
    expect(blocks.take(100 * MEBIBYTE)).toBeGreaterThan(0);
    expect(blocks.take(200 * MEBIBYTE)).toBe(0);
  });

  test("waste at most a quarter", () => {
    for (let bytes = 256; bytes < 3 * MEBIBYTE; bytes = Math.ceil(bytes * 1.01)) {
      expect(capacityOf(bytes)).toBeGreaterThanOrEqual(bytes);
      expect(capacityOf(bytes)).toBeLessThanOrEqual(1.26 * bytes);
      expect(capacityOf(capacityOf(bytes))).toBe(capacityOf(bytes));
    }
  });
});

describe("storages", () => {
  test("a freed one cannot be read, whether it lay in the memory or in an array", () => {
    const wasm = createWasmBackend();
    for (const length of [10, 1_000_000]) {
      const storage = wasm.allocate("float32", length, "value");
      expect(storage.data).toHaveLength(length);
      wasm.free?.(storage);
      expect(() => storage.data).toThrow(`this float32 memory of ${length} elements was given back to the wasm backend`);
      expect(() => wasm.free?.(storage)).toThrow("was given back");
    }
  });

  test("stay readable when the memory grows", () => {
    const wasm = createWasmBackend();
    const first = wasm.allocate("float32", 100_000, "value");
    first.data?.fill(7);
    const before = first.data;
    const many = Array.from({ length: 8 }, () => wasm.allocate("float64", MEBIBYTE, "variable"));
    expect(wasm.memoryReport().size).toBeGreaterThan(64 * MEBIBYTE);
    expect(before).toHaveLength(0);
    expect(first.data?.every((value) => value === 7)).toBe(true);
    expect(many.every((storage) => storage.data?.length === MEBIBYTE)).toBe(true);
  });

  test("memory that is given back is taken again", () => {
    const wasm = createWasmBackend();
    for (let i = 0; i < 1000; i++) wasm.free?.(wasm.allocate("float32", 500_000, "value"));
    expect(wasm.memoryReport().size).toBeLessThan(32 * MEBIBYTE);
    expect(wasm.memoryReport().values).toEqual({ count: 0, bytes: 0 });
  });

  test("values beyond the budget go to arrays, variables beyond the maximum are refused with an account of who holds what", () => {
    const wasm = createWasmBackend({ maximumBytes: 64 * MEBIBYTE, budgetBytes: 8 * MEBIBYTE });
    const values: Storage[] = Array.from({ length: 20 }, () => wasm.allocate("float32", 500_000, "value"));
    expect(wasm.memoryReport().spilled.count).toBe(16);
    const variables: Storage[] = [];
    expect(() => {
      for (;;) variables.push(wasm.allocate("float32", MEBIBYTE, "variable"));
    }).toThrow(
      /^wasm: no memory for a variable of 1048576 float32 elements, 4\.0 MiB; of 64\.0 MiB, \d+ variables \(parameters, optimizer state\) hold .* MiB, 4 values hold/,
    );
    expect(variables.length).toBeGreaterThan(10);
    expect(values.every((storage) => storage.data !== undefined)).toBe(true);
    expect(cpu.backend.name).toBe("reference");
  });
});

import { describe, expect, it } from "vitest";
import { higher, leastTime, leastTimeIn } from "./roof.ts";

const roof = {
  flops: 100e9,
  streams: [
    { touched: 4e6, rate: 80e9 },
    { touched: 160e6, rate: 20e9 },
  ],
};

describe("roof", () => {
  it("adds arithmetic and memory, in milliseconds", () => {
    expect(leastTime({ flops: 1e9 }, roof)).toBe(10);
    expect(leastTime({ flops: 1e9, bytes: 8e5 }, roof)).toBeCloseTo(10.01);
  });

  it("takes the rate of the memory in which the data lies", () => {
    expect(leastTime({ bytes: 8e6, touched: 4e6 }, roof)).toBeCloseTo(0.1);
    expect(leastTime({ bytes: 8e6 }, roof)).toBeCloseTo(0.4);
    expect(leastTime({ bytes: 2e9 }, roof)).toBeCloseTo(100);
  });

  it("knows none for pure overhead, or where nothing was measured", () => {
    expect(leastTime({ operations: 1000 }, roof)).toBeNull();
    expect(leastTime({ flops: 1 }, null)).toBeNull();
  });

  it("of an engine counts divisions, unless memory takes longer", () => {
    const engine = { flops: 50e9, divisions: 2e9 };
    expect(leastTimeIn(engine, { flops: 1e9, bytes: 8e5, divisions: 1e6 }, roof)).toBeCloseTo(20.5);
    expect(leastTimeIn(engine, { bytes: 8e6, divisions: 1e3 }, roof)).toBeCloseTo(0.4);
    expect(leastTimeIn(engine, { bytes: 8e6 }, roof)).toBeNull();
  });

  it("is the higher of two measurements", () => {
    const other = { flops: 200e9, streams: [{ touched: 4e6, rate: 10e9 }, roof.streams[1]] };
    expect(higher(roof, other)).toEqual({ flops: 200e9, streams: roof.streams });
    expect(higher(null, other)).toBe(other);
    expect(higher(null, null)).toBeNull();
  });
});

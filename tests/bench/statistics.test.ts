import { describe, expect, it } from "vitest";
import { median, quantile, ratio, spread } from "./statistics.ts";

describe("statistics", () => {
  it("takes the middle, or the mean of the two in the middle, in any order", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([7])).toBe(7);
    expect(median([])).toBeNaN();
  });

  it("interpolates between neighbours", () => {
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(quantile([5, 1, 3], 0)).toBe(1);
    expect(quantile([5, 1, 3], 1)).toBe(5);
  });

  it("measures the spread by the quartiles, so that one bad round does not count", () => {
    expect(spread([1, 2, 3, 4, 5])).toBeCloseTo(2 / 3);
    expect(spread([2, 2, 2, 2, 1000])).toBe(0);
  });

  it("compares round by round: a machine that becomes slower changes no ratio", () => {
    expect(ratio([1, 2, 4], [2, 4, 8])).toBe(0.5);
    expect(ratio([10, 11, 60], [5, 11, 60])).toBe(1);
  });

  it("leaves out rounds that only one of them ran", () => {
    expect(ratio([30], [10, 1, 1])).toBe(3);
    expect(ratio([], [1])).toBeNaN();
  });
});

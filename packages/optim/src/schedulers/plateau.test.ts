import { Parameter, tensor, zeros } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import { SGD } from "../rules/sgd.ts";
import { type AnyOptimizer, ReduceLROnPlateau } from "./index.ts";

const parameter = (): Parameter => new Parameter(zeros([1]));
const sgd = (...lrs: number[]): AnyOptimizer =>
  new SGD(
    (lrs.length === 0 ? [1] : lrs).map((lr) => ({ params: [parameter()], lr })),
    { momentum: 0.9 },
  );

describe("ReduceLROnPlateau", () => {
  test("waits, reduces, cools down, stops at the floor", () => {
    const optimizer = sgd(1, 0.2);
    const scheduler = new ReduceLROnPlateau(optimizer, { factor: 0.5, patience: 1, cooldown: 1, minLr: [0, 0.15] });
    const after = (metric: number): number[] => {
      scheduler.step(metric);
      return scheduler.getLastLr();
    };
    expect([5, 5, 5].map(after)).toEqual([
      [1, 0.2],
      [1, 0.2],
      [0.5, 0.15],
    ]);
    expect([5, 5, 5].map(after)).toEqual([
      [0.5, 0.15],
      [0.5, 0.15],
      [0.25, 0.15],
    ]);
    expect(scheduler.best).toBe(5);
  });

  test("takes a tensor, and refuses to step without a metric", () => {
    const scheduler = new ReduceLROnPlateau(sgd(1), { mode: "max", threshold: 0.1, thresholdMode: "abs" });
    scheduler.step(tensor(2));
    scheduler.step(tensor([2.05]));
    expect(scheduler.best).toBe(2);
    expect(() => (scheduler.step as () => void)()).toThrow("ReduceLROnPlateau: step(metric) needs the metric to watch");
    expect(scheduler.lastStep).toBe(2);
  });

  test("NaN is never better", () => {
    const scheduler = new ReduceLROnPlateau(sgd(1), { patience: 0 });
    for (const metric of [Number.NaN, 3, Number.NaN]) scheduler.step(metric);
    expect(scheduler.best).toBe(3);
    expect(scheduler.getLastLr()[0]).toBeCloseTo(0.01, 15);
  });
});

import { Parameter, zeros } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import { Adam } from "../rules/adam.ts";
import { SGD } from "../rules/sgd.ts";
import { type AnyOptimizer, cosine, exponential, HyperScheduler, LRScheduler, linear } from "./index.ts";

const parameter = (): Parameter => new Parameter(zeros([1]));
const sgd = (...lrs: number[]): AnyOptimizer =>
  new SGD(
    (lrs.length === 0 ? [1] : lrs).map((lr) => ({ params: [parameter()], lr })),
    { momentum: 0.9 },
  );

describe("HyperScheduler", () => {
  test("drives any number of any group, parts of betas too", () => {
    const optimizer = new Adam([{ params: [parameter()] }, { params: [parameter()], weightDecay: 1 }], { weightDecay: 0.5 });
    const scheduler = new HyperScheduler(optimizer, {
      weightDecay: exponential({ gamma: 0.5 }),
      beta2: [(step) => 0.9 + 0.01 * step, (_, base) => base],
    });
    scheduler.step();
    expect(optimizer.paramGroups.map(({ weightDecay, betas }) => [weightDecay, betas])).toEqual([
      [0.25, [0.9, 0.91]],
      [0.5, [0.9, 0.999]],
    ]);
    expect(scheduler.valueAt("weightDecay", 3, 1)).toBe(0.125);
    expect(() => scheduler.valueAt("lr", 0)).toThrow("no schedule for lr");
  });

  test("works beside a scheduler of the rate", () => {
    const optimizer = sgd(1);
    const hyper = new HyperScheduler(optimizer, { momentum: (_, base) => base / 2 });
    const rate = new LRScheduler(optimizer, cosine({ tMax: 2 }));
    hyper.step();
    rate.step();
    expect(optimizer.paramGroups[0]).toMatchObject({ lr: expect.closeTo(0.5, 15), momentum: 0.45 });
  });

  test("a value that is no number changes nothing; states of others are refused", () => {
    const optimizer = sgd(1);
    const scheduler = new HyperScheduler(optimizer, { weightDecay: (step) => step, momentum: (step) => (step === 0 ? 0.5 : Number.NaN) });
    expect(() => scheduler.step()).toThrow("HyperScheduler: momentum of group 0 at step 1 is NaN");
    expect(optimizer.paramGroups[0]).toMatchObject({ weightDecay: 0, momentum: 0.5 });
    const other = new HyperScheduler(sgd(1), { momentum: linear() }).stateDict();
    expect(() => scheduler.loadStateDict(other)).toThrow("the saved state is of momentum, this scheduler drives momentum, weightDecay");
  });
});

import { Parameter, zeros } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import { SGD } from "../rules/sgd.ts";
import {
  type AnyOptimizer,
  ChainedScheduler,
  ConstantLR,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  type LRScheduler,
  MultiStepLR,
  OneCycleLR,
  ReduceLROnPlateau,
  SequentialLR,
  StepLR,
} from "./index.ts";

const parameter = (): Parameter => new Parameter(zeros([1]));
const sgd = (...lrs: number[]): AnyOptimizer =>
  new SGD(
    (lrs.length === 0 ? [1] : lrs).map((lr) => ({ params: [parameter()], lr })),
    { momentum: 0.9 },
  );
const rates = (optimizer: AnyOptimizer): number[] => optimizer.paramGroups.map(({ lr }) => lr as number);
const stepped = (scheduler: { step(): void }, steps: number): void => {
  for (let k = 0; k < steps; k++) scheduler.step();
};

describe("compositions", () => {
  test("what the parts did when they were made is undone, in whatever order", () => {
    const optimizer = sgd(1);
    const late = new ConstantLR(optimizer, { factor: 0.5, totalIters: 3 });
    const early = new LinearLR(optimizer, { startFactor: 0.1, totalIters: 2 });
    const oneCycle = new OneCycleLR(optimizer, { maxLr: 9, totalSteps: 9 });
    const scheduler = new SequentialLR(optimizer, { schedulers: [early, late, oneCycle], milestones: [2, 6] });
    expect(rates(optimizer)).toEqual([0.1]);
    expect(optimizer.paramGroups[0].momentum).toBe(0.9);
    stepped(scheduler, 2);
    expect(rates(optimizer)).toEqual([0.5]);
  });

  test("a scheduler made before the parts keeps its factor", () => {
    const optimizer = sgd(1);
    const outside = new ConstantLR(optimizer, { factor: 0.5, totalIters: 2 });
    const parts = [new LinearLR(optimizer, { startFactor: 0.1, totalIters: 1 }), new ExponentialLR(optimizer, { gamma: 0.5 })];
    const inside = new ChainedScheduler(optimizer, { schedulers: parts });
    expect(rates(optimizer)[0]).toBeCloseTo(0.05, 15);
    for (let k = 0; k < 2; k++) for (const scheduler of [outside, inside]) scheduler.step();
    expect(rates(optimizer)[0]).toBeCloseTo(0.25, 15);
  });

  test("ChainedScheduler with one that sets its rate outright: the later ones act on that", () => {
    const optimizer = sgd(1);
    const schedulers = [new LambdaLR(optimizer, { lrLambda: (step) => 1 + step }), new ExponentialLR(optimizer, { gamma: 0.5 })];
    stepped(new ChainedScheduler(optimizer, { schedulers }), 3);
    expect(rates(optimizer)).toEqual([2]);
  });

  test("parts are refused before anything changes", () => {
    const [optimizer, other] = [sgd(1), sgd(1)];
    const make = (schedulers: readonly unknown[]) => () => new ChainedScheduler(optimizer, { schedulers: schedulers as LRScheduler[] });
    const half = new ConstantLR(optimizer, { factor: 0.5 });
    expect(make([half, new ExponentialLR(other, { gamma: 0.5 })])).toThrow("ChainedScheduler: scheduler 1 (ExponentialLR) is on another optimizer");
    expect(make([half, half])).toThrow("occurs twice");
    expect(make([half, new ReduceLROnPlateau(optimizer)])).toThrow("ReduceLROnPlateau needs a metric");
    expect(make([])).toThrow("a list of at least one scheduler");
    expect(rates(optimizer)).toEqual([0.5]);
    const whole = make([half])();
    expect(make([half])).toThrow("already belongs to a ChainedScheduler");
    expect(() => half.step()).toThrow("ConstantLR: belongs to a ChainedScheduler; step that instead");
    expect(() => half.loadStateDict(half.stateDict())).toThrow("load the state of that instead");
    whole.step();
    expect(make([whole])).toThrow("was stepped before, to 1; compose first");
  });

  test("milestones rise, one fewer than the schedulers", () => {
    const optimizer = sgd(1);
    const make = (milestones: readonly number[], count = 3) => {
      const schedulers = Array.from({ length: count }, () => new ConstantLR(optimizer, { factor: 1 }));
      return () => new SequentialLR(optimizer, { schedulers, milestones });
    };
    expect(make([5, 5])).toThrow("SequentialLR: milestones must be integers of at least 1, rising, got [5, 5]");
    expect(make([9, 5])).toThrow("rising");
    expect(make([0, 5])).toThrow("at least 1");
    expect(make([5])).toThrow("3 schedules need 2 milestones, got 1");
    expect(() => new MultiStepLR(optimizer, { milestones: [5, 3] })).toThrow("none below the one before, got [5, 3]");
    expect(rates(optimizer)).toEqual([1]);
  });
});

describe("states", () => {
  test("those of other schedulers, other parts or other groups are refused", () => {
    const optimizer = sgd(1);
    const scheduler = new StepLR(optimizer, { stepSize: 2 });
    expect(() => scheduler.loadStateDict(new ExponentialLR(sgd(1), { gamma: 1 }).stateDict())).toThrow("StepLR: this is the state of ExponentialLR");
    expect(() => scheduler.loadStateDict(new StepLR(sgd(1, 2), { stepSize: 2 }).stateDict())).toThrow("2 base rates for 1 groups");
    const sequence = (o: AnyOptimizer, last: LRScheduler): LRScheduler =>
      new SequentialLR(o, { schedulers: [new LinearLR(o), last], milestones: [5] });
    const [a, b] = [sgd(1), sgd(1)];
    const other = sequence(b, new ExponentialLR(b, { gamma: 1 })).stateDict();
    expect(() => sequence(a, new StepLR(a, { stepSize: 1 })).loadStateDict(other)).toThrow(
      "SequentialLR(LinearLR, StepLR): this is the state of SequentialLR(LinearLR, ExponentialLR)",
    );
    expect(() => new ReduceLROnPlateau(sgd(1)).loadStateDict({} as never)).toThrow("no scheduler");
    expect(rates(optimizer)).toEqual([1]);
  });
});

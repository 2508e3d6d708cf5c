import { Parameter, zeros } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import { Adagrad } from "../rules/adagrad.ts";
import { Adam } from "../rules/adam.ts";
import { SGD } from "../rules/sgd.ts";
import {
  type AnyOptimizer,
  ConstantLR,
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  CyclicLR,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  LRScheduler,
  MultiStepLR,
  OneCycleLR,
  SequentialLR,
  SWALR,
  warmupCosine,
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

describe("driving an optimizer", () => {
  test("any function is a schedule", () => {
    const optimizer = sgd(1, 10);
    const scheduler = new LRScheduler(optimizer, (step, base) => base / (1 + step));
    expect(rates(optimizer)).toEqual([1, 10]);
    scheduler.step();
    expect(scheduler.getLastLr()).toEqual([0.5, 5]);
    expect(scheduler.lastStep).toBe(1);
    expect(scheduler.lrAt(9)).toBe(0.1);
    expect(scheduler.lrAt(9, undefined, 1)).toBe(1);
    expect(scheduler.lrAt(9, 100)).toBe(10);
  });

  test("one schedule for each group", () => {
    const optimizer = sgd(1, 1);
    stepped(new LambdaLR(optimizer, { lrLambda: [(step) => 1 / 2 ** step, (step) => 1 + step] }), 3);
    expect(rates(optimizer)).toEqual([1 / 8, 4]);
  });

  test("a rate set by hand is gone on from, as in PyTorch", () => {
    const optimizer = sgd(1);
    const scheduler = new ExponentialLR(optimizer, { gamma: 0.5 });
    scheduler.step();
    optimizer.paramGroups[0].lr = 8;
    stepped(scheduler, 2);
    expect(rates(optimizer)).toEqual([2]);
  });

  test("schedulers side by side multiply, as in PyTorch", () => {
    const optimizer = sgd(1);
    const schedulers = [new ExponentialLR(optimizer, { gamma: 0.5 }), new MultiStepLR(optimizer, { milestones: [2], gamma: 0.1 })];
    for (let k = 0; k < 3; k++) for (const scheduler of schedulers) scheduler.step();
    expect(rates(optimizer)[0]).toBeCloseTo(0.0125, 15);
  });

  test("SWALR takes over from the rate that another scheduler left", () => {
    const optimizer = sgd(1);
    const decay = new ExponentialLR(optimizer, { gamma: 0.5 });
    const swa = new SWALR(optimizer, { swaLr: 0.05, annealEpochs: 2, annealStrategy: "linear" });
    stepped(decay, 2);
    stepped(swa, 1);
    expect(rates(optimizer)[0]).toBeCloseTo(0.15, 15);
    stepped(swa, 5);
    expect(rates(optimizer)[0]).toBeCloseTo(0.05, 15);
  });

  test("a group that is added later joins with its own base rate", () => {
    const optimizer = sgd(1);
    const scheduler = new ExponentialLR(optimizer, { gamma: 0.5 });
    scheduler.step();
    optimizer.addParamGroup({ params: [parameter()], lr: 8 });
    scheduler.step();
    expect(rates(optimizer)).toEqual([0.25, 2]);
    expect(scheduler.baseLrs).toEqual([1, 8]);
    const perGroup = new LambdaLR(sgd(1), { lrLambda: [(step) => 1 / (1 + step)] });
    perGroup.step();
    expect(perGroup.getLastLr()).toEqual([0.5]);
  });

  test("warm restarts go to fractional epochs, and on from there", () => {
    const optimizer = sgd(1);
    const scheduler = new CosineAnnealingWarmRestarts(optimizer, { t0: 4 });
    scheduler.step(1.5);
    expect(rates(optimizer)[0]).toBeCloseTo((1 + Math.cos((1.5 * Math.PI) / 4)) / 2, 15);
    scheduler.step();
    expect(rates(optimizer)[0]).toBeCloseTo((1 + Math.cos((2.5 * Math.PI) / 4)) / 2, 15);
    expect(() => scheduler.step(-1)).toThrow("at least 0");
    expect(scheduler.lastStep).toBe(2.5);
  });

  test("warmupCosine is SequentialLR of LinearLR and CosineAnnealingLR up to totalSteps", () => {
    const [short, long] = [sgd(0.3), sgd(0.3)];
    const scheduler = warmupCosine(short, { warmupSteps: 5, totalSteps: 20, startFactor: 0.1, etaMin: 0.01 });
    const parts = [new LinearLR(long, { startFactor: 0.1, totalIters: 5 }), new CosineAnnealingLR(long, { tMax: 15, etaMin: 0.01 })];
    const composed = new SequentialLR(long, { schedulers: parts, milestones: [5] });
    for (let k = 0; k <= 20; k++) {
      expect(rates(short)[0]).toBeCloseTo(rates(long)[0], 15);
      scheduler.step();
      composed.step();
    }
    expect(rates(short)).toEqual([0.01]);
  });
});

describe("momentum", () => {
  test("CyclicLR and OneCycleLR move momentum against the rate", () => {
    const optimizer = sgd(1);
    const scheduler = new CyclicLR(optimizer, { baseLr: 0.1, maxLr: 0.5, stepSizeUp: 2, baseMomentum: 0.5, maxMomentum: 0.75 });
    const seen = [0, 1, 2, 3].map(() => {
      const { lr, momentum } = optimizer.paramGroups[0];
      scheduler.step();
      return [lr, momentum];
    });
    expect(seen).toEqual([
      [0.1, 0.75],
      [expect.closeTo(0.3, 15), 0.625],
      [0.5, 0.5],
      [expect.closeTo(0.3, 15), 0.625],
    ]);
    expect(scheduler.momentumAt(2)).toBe(0.5);
  });

  test("of Adam it is beta1", () => {
    const optimizer = new Adam([parameter()], { betas: [0.9, 0.99] });
    const scheduler = new OneCycleLR(optimizer, { maxLr: 1, totalSteps: 10, pctStart: 0.5 });
    expect(optimizer.paramGroups[0].betas).toEqual([0.95, 0.99]);
    stepped(scheduler, 4);
    expect(optimizer.paramGroups[0].lr).toBeCloseTo(1, 12);
    expect(optimizer.paramGroups[0].betas).toEqual([expect.closeTo(0.85, 12), 0.99]);
  });

  test("a part of a sequence moves it only during its turn", () => {
    const optimizer = sgd(1);
    const parts = (): LRScheduler[] => [
      new ConstantLR(optimizer, { factor: 1 }),
      new CyclicLR(optimizer, { baseLr: 0.1, maxLr: 0.5, stepSizeUp: 2, baseMomentum: 0.5, maxMomentum: 0.75 }),
      new ExponentialLR(optimizer, { gamma: 0.5 }),
    ];
    const scheduler = new SequentialLR(optimizer, { schedulers: parts(), milestones: [2, 5] });
    const seen = Array.from({ length: 7 }, () => {
      const { momentum } = optimizer.paramGroups[0];
      scheduler.step();
      return momentum;
    });
    expect(seen).toEqual([0.9, 0.9, 0.75, 0.625, 0.5, 0.5, 0.5]);
  });

  test("an optimizer without momentum is refused, and can be left alone", () => {
    const optimizer: AnyOptimizer = new Adagrad([parameter()]);
    const cycle = { baseLr: 0.1, maxLr: 1 };
    expect(() => new CyclicLR(optimizer, cycle)).toThrow("CyclicLR: Adagrad has neither momentum nor betas to cycle; pass { cycleMomentum: false }");
    expect(() => new OneCycleLR(optimizer, { maxLr: 1, totalSteps: 9 })).toThrow("{ cycleMomentum: false }");
    expect(optimizer.paramGroups[0].lr).toBe(0.01);
    stepped(new CyclicLR(optimizer, { ...cycle, cycleMomentum: false }), 1);
  });
});

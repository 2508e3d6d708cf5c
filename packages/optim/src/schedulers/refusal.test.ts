import { Parameter, zeros } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import { SGD } from "../rules/sgd.ts";
import {
  type AnyOptimizer,
  ConstantLR,
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  CyclicLR,
  ExponentialLR,
  HyperScheduler,
  LambdaLR,
  LinearLR,
  linear,
  MultiplicativeLR,
  OneCycleLR,
  PolynomialLR,
  ReduceLROnPlateau,
  StepLR,
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

describe("bad input", () => {
  const optimizer = sgd(1);
  const refused: readonly (readonly [string, () => unknown])[] = [
    ['StepLR: unknown option "stepsize"; did you mean "stepSize"? It knows stepSize, gamma', () => new StepLR(optimizer, { stepsize: 3 } as never)],
    ["StepLR: stepSize is required: an integer of at least 1", () => new StepLR(optimizer, {} as never)],
    ["StepLR: options are an object { stepSize, gamma }, got 30", () => new StepLR(optimizer, 30 as never)],
    ["StepLR: stepSize must be an integer of at least 1, got 2.5", () => new StepLR(optimizer, { stepSize: 2.5 })],
    ["ExponentialLR: gamma must be a finite number of at least 0, got NaN", () => new ExponentialLR(optimizer, { gamma: Number.NaN })],
    ["ConstantLR: factor must be between 0 and 1, got 2", () => new ConstantLR(optimizer, { factor: 2 })],
    ["LinearLR: startFactor must be above 0 and at most 1, got 0", () => new LinearLR(optimizer, { startFactor: 0 })],
    ["PolynomialLR: totalIters must be an integer of at least 1, got 0", () => new PolynomialLR(optimizer, { totalIters: 0 })],
    ['CosineAnnealingLR: unknown option "Tmax"; did you mean "tMax"?', () => new CosineAnnealingLR(optimizer, { Tmax: 3 } as never)],
    ["CosineAnnealingWarmRestarts: t0 must be", () => new CosineAnnealingWarmRestarts(optimizer, { t0: 0 })],
    ['CyclicLR: mode must be "triangular" or', () => new CyclicLR(optimizer, { baseLr: 0, maxLr: 1, mode: "square" as never })],
    ["CyclicLR: maxLr has 2 values for 1 parameter groups", () => new CyclicLR(optimizer, { baseLr: 0, maxLr: [1, 2] })],
    ["OneCycleLR: pass totalSteps, or epochs and stepsPerEpoch", () => new OneCycleLR(optimizer, { maxLr: 1, epochs: 3 })],
    [
      'OneCycleLR: annealStrategy must be "cos" or "linear", got "cosine"',
      () => new OneCycleLR(optimizer, { maxLr: 1, totalSteps: 3, annealStrategy: "cosine" as never }),
    ],
    ["LambdaLR: lrLambda must be a function", () => new LambdaLR(optimizer, { lrLambda: 0.5 as never })],
    ["LambdaLR: lrLambda has 2 values for 1 parameter groups", () => new LambdaLR(optimizer, { lrLambda: [() => 1, () => 1] })],
    ["LambdaLR: the rate of group 0 at step 0 would be NaN", () => new LambdaLR(optimizer, { lrLambda: () => Number.NaN })],
    ["MultiplicativeLR: lrLambda is required", () => new MultiplicativeLR(optimizer, {} as never)],
    ["SWALR: annealEpochs must be an integer of at least 0, got -1", () => new SWALR(optimizer, { swaLr: 1, annealEpochs: -1 })],
    ["warmupCosine: totalSteps (5) must be above warmupSteps (5)", () => warmupCosine(optimizer, { warmupSteps: 5, totalSteps: 5 })],
    ["ReduceLROnPlateau: factor must be at least 0 and below 1, got 1", () => new ReduceLROnPlateau(optimizer, { factor: 1 })],
    ["ReduceLROnPlateau: minLr has 2 values for 1 parameter groups", () => new ReduceLROnPlateau(optimizer, { minLr: [1, 2] })],
    ["ExponentialLR: the first argument is the optimizer", () => new ExponentialLR([parameter()] as never, { gamma: 1 })],
    ["ReduceLROnPlateau: the first argument is the optimizer", () => new ReduceLROnPlateau(undefined as never)],
    [
      'HyperScheduler: SGD has no hyper-parameter "weigthDecay"; did you mean "weightDecay"?',
      () => new HyperScheduler(optimizer, { weigthDecay: linear() }),
    ],
    ['HyperScheduler: SGD has no hyper-parameter "nesterov"', () => new HyperScheduler(optimizer, { nesterov: linear() })],
    ["ExponentialLR: a step is at least 0, got -1", () => new ExponentialLR(sgd(1), { gamma: 1 }).lrAt(-1)],
  ];

  test.each(refused)("%s", (message, act) => {
    expect(act).toThrow(message);
    expect(optimizer.paramGroups[0]).toMatchObject({ lr: 1, momentum: 0.9 });
  });

  test("OneCycleLR past its end: nothing moves", () => {
    const own = sgd(1);
    const scheduler = new OneCycleLR(own, { maxLr: 1, totalSteps: 3 });
    stepped(scheduler, 3);
    const before = [scheduler.lastStep, rates(own), own.paramGroups[0].momentum];
    expect(() => scheduler.step()).toThrow("OneCycleLR: step 4 of a cycle of 3 steps; make totalSteps as large as the number of step() calls");
    expect([scheduler.lastStep, rates(own), own.paramGroups[0].momentum]).toEqual(before);
  });

  test("a failing group changes no group", () => {
    const own = sgd(1, 1);
    const scheduler = new LambdaLR(own, { lrLambda: [(step) => 1 / (1 + step), (step) => (step === 2 ? Number.NaN : 1)] });
    scheduler.step();
    expect(() => scheduler.step()).toThrow("group 1 at step 2 would be NaN");
    expect(rates(own)).toEqual([0.5, 1]);
    expect(scheduler.lastStep).toBe(1);
  });
});

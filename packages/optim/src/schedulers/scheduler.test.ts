import { Parameter, tensor, zeros } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import { Adagrad } from "../rules/adagrad.ts";
import { Adam } from "../rules/adam.ts";
import { SGD } from "../rules/sgd.ts";
import {
  type AnyOptimizer,
  ChainedScheduler,
  ConstantLR,
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  CyclicLR,
  cosine,
  ExponentialLR,
  exponential,
  HyperScheduler,
  LambdaLR,
  LinearLR,
  LRScheduler,
  linear,
  MultiplicativeLR,
  MultiStepLR,
  OneCycleLR,
  PolynomialLR,
  ReduceLROnPlateau,
  SequentialLR,
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

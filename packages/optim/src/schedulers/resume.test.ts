import { Parameter, zeros } from "@gradtape/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
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
  type LRScheduler,
  linear,
  MultiplicativeLR,
  MultiStepLR,
  OneCycleLR,
  PolynomialLR,
  ReduceLROnPlateau,
  SequentialLR,
  StepLR,
  SWALR,
} from "./index.ts";

const parameter = (): Parameter => new Parameter(zeros([1]));
const makers: Readonly<Record<string, () => AnyOptimizer>> = {
  SGD: () =>
    new SGD(
      [
        { params: [parameter()], lr: 0.3 },
        { params: [parameter()], lr: 0.007, momentum: 0.5 },
      ],
      { lr: 0.1, momentum: 0.9 },
    ),
  Adam: () => new Adam([parameter()], { lr: 1e-3 }),
};

/** A scheduler that can be built again and again. */
interface Recipe {
  readonly text: string;
  readonly build: (optimizer: AnyOptimizer) => LRScheduler;
}

const recipe = (text: string, build: (optimizer: AnyOptimizer) => LRScheduler): Recipe => ({ text, build });
const fraction = fc.double({ min: 0.05, max: 1, noNaN: true });
const short = fc.integer({ min: 1, max: 12 });

const leaf: fc.Arbitrary<Recipe> = fc.oneof(
  fc.tuple(fraction, short).map(([factor, totalIters]) => recipe("Constant", (o) => new ConstantLR(o, { factor, totalIters }))),
  fc.tuple(fraction, short).map(([startFactor, totalIters]) => recipe("Linear", (o) => new LinearLR(o, { startFactor, totalIters }))),
  fraction.map((gamma) => recipe("Exponential", (o) => new ExponentialLR(o, { gamma }))),
  fc.tuple(short, fraction).map(([totalIters, power]) => recipe("Polynomial", (o) => new PolynomialLR(o, { totalIters, power }))),
  fc.tuple(short, fraction).map(([stepSize, gamma]) => recipe("Step", (o) => new StepLR(o, { stepSize, gamma }))),
  fc.tuple(short, fraction).map(([at, gamma]) => recipe("MultiStep", (o) => new MultiStepLR(o, { milestones: [at, at, at + 3], gamma }))),
  short.map((tMax) => recipe("Cosine", (o) => new CosineAnnealingLR(o, { tMax }))),
  fc.tuple(short, short).map(([t0, tMult]) => recipe("Restarts", (o) => new CosineAnnealingWarmRestarts(o, { t0, tMult }))),
  fc.tuple(short, fraction).map(([annealEpochs, swaLr]) => recipe("SWA", (o) => new SWALR(o, { annealEpochs, swaLr }))),
  short.map((stepSizeUp) => recipe("Cyclic", (o) => new CyclicLR(o, { baseLr: 0.01, maxLr: 0.5, stepSizeUp, mode: "triangular2" }))),
  fraction.map((maxLr) => recipe("OneCycle", (o) => new OneCycleLR(o, { maxLr, totalSteps: 200 }))),
  fraction.map((decay) => recipe("Lambda", (o) => new LambdaLR(o, { lrLambda: (step) => 1 / (1 + decay * step) }))),
  fraction.map((decay) => recipe("Multiplicative", (o) => new MultiplicativeLR(o, { lrLambda: (step) => 1 - decay / (step + 2) }))),
);

const { tree } = fc.letrec<{ tree: Recipe; list: readonly Recipe[] }>((tie) => ({
  list: fc.array(tie("tree"), { minLength: 1, maxLength: 3 }),
  tree: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    leaf,
    tie("list").map((parts) =>
      recipe(
        `Chained(${parts.map(({ text }) => text).join(", ")})`,
        (o) => new ChainedScheduler(o, { schedulers: parts.map(({ build }) => build(o)) }),
      ),
    ),
    fc.tuple(tie("list"), fc.array(short, { minLength: 3, maxLength: 3 })).map(([parts, gaps]) =>
      recipe(
        `Sequential(${parts.map(({ text }) => text).join(", ")})`,
        (o) =>
          new SequentialLR(o, {
            schedulers: parts.map(({ build }) => build(o)),
            milestones: gaps.slice(0, parts.length - 1).map((_, k) => gaps.slice(0, k + 1).reduce((sum, gap) => sum + gap, 0)),
          }),
      ),
    ),
  ),
}));

const drawn = fc.tuple(
  tree.map((made) => Object.assign(made, { toString: () => made.text })),
  fc.constantFrom(...Object.keys(makers)),
);

const seen = (optimizer: AnyOptimizer): unknown[] => optimizer.paramGroups.map(({ lr, momentum, betas }) => [lr, momentum, betas]);
const total = 40;

describe("random trees of schedulers", () => {
  test("stepping is the closed form, bit for bit, and the closed form does not depend on the order of asking", () => {
    fc.assert(
      fc.property(drawn, fc.array(fc.nat(total), { maxLength: 12 }), ([{ build }, make], order) => {
        const optimizer = makers[make]();
        const scheduler = build(optimizer);
        const fresh = build(makers[make]());
        for (const step of order) fresh.lrAt(step);
        for (let step = 0; step <= total; step++) {
          if (step > 0) scheduler.step();
          optimizer.paramGroups.forEach(({ lr }, k) => {
            expect(lr).toBe(scheduler.lrAt(step, undefined, k));
            expect(lr).toBe(fresh.lrAt(step, undefined, k));
            expect(scheduler.momentumAt(step, k)).toBe(fresh.momentumAt(step, k));
          });
          expect(scheduler.getLastLr()).toEqual(optimizer.paramGroups.map(({ lr }) => lr));
        }
      }),
      { numRuns: 150 },
    );
  });

  test("saved at any step, rebuilt and loaded, it goes on as if nothing had happened", () => {
    fc.assert(
      fc.property(drawn, fc.nat(total), ([{ build }, make], at) => {
        const straight = makers[make]();
        const scheduler = build(straight);
        for (let step = 0; step < at; step++) scheduler.step();
        const saved = JSON.parse(JSON.stringify({ optimizer: straight.stateDict(), scheduler: scheduler.stateDict() }));
        const resumed = makers[make]();
        const again = build(resumed);
        resumed.loadStateDict(saved.optimizer);
        again.loadStateDict(saved.scheduler);
        for (let step = at; step <= total; step++) {
          expect(seen(resumed)).toEqual(seen(straight));
          scheduler.step();
          again.step();
        }
      }),
      { numRuns: 150 },
    );
  });

  test("made after the optimizer's state was loaded, it resumes as well", () => {
    fc.assert(
      fc.property(drawn, fc.nat(total), ([{ build }, make], at) => {
        const straight = makers[make]();
        const scheduler = build(straight);
        for (let step = 0; step < at; step++) scheduler.step();
        const saved = { optimizer: straight.stateDict(), scheduler: scheduler.stateDict() };
        const resumed = makers[make]();
        resumed.loadStateDict(saved.optimizer);
        const again = build(resumed);
        again.loadStateDict(saved.scheduler);
        for (let step = at; step <= total; step++) {
          expect(resumed.paramGroups.map(({ lr }) => lr)).toEqual(straight.paramGroups.map(({ lr }) => lr));
          scheduler.step();
          again.step();
        }
      }),
      { numRuns: 80 },
    );
  });
});

test("rates set by hand and schedulers side by side resume exactly too", () => {
  const make = (): { optimizer: AnyOptimizer; schedulers: LRScheduler[] } => {
    const optimizer = makers.SGD();
    return { optimizer, schedulers: [new ExponentialLR(optimizer, { gamma: 0.9 }), new MultiStepLR(optimizer, { milestones: [5, 12], gamma: 0.3 })] };
  };
  for (let at = 0; at < 20; at++) {
    const straight = make();
    let resumed = make();
    for (let step = 0; step < 20; step++) {
      for (const run of [straight, resumed]) {
        if (step === 3) run.optimizer.paramGroups[0].lr = 0.123;
        for (const scheduler of run.schedulers) scheduler.step();
      }
      if (step === at) {
        const saved = { optimizer: resumed.optimizer.stateDict(), schedulers: resumed.schedulers.map((scheduler) => scheduler.stateDict()) };
        resumed = make();
        resumed.optimizer.loadStateDict(saved.optimizer);
        for (const k of [1, 0]) resumed.schedulers[k].loadStateDict(saved.schedulers[k]);
      }
      expect(seen(resumed.optimizer)).toEqual(seen(straight.optimizer));
    }
  }
});

test("a plateau resumes at any step", () => {
  const metric = fc.oneof(fc.double({ min: 0, max: 2, noNaN: true }), fc.constantFrom(1, Number.NaN, Infinity));
  fc.assert(
    fc.property(
      fc.array(metric, { minLength: 5, maxLength: 40 }),
      fc.nat(40),
      fc.constantFrom("min" as const, "max" as const),
      (metrics, at, mode) => {
        const make = (optimizer: AnyOptimizer): ReduceLROnPlateau =>
          new ReduceLROnPlateau(optimizer, { mode, patience: 1, cooldown: 1, factor: 0.5 });
        const straight = makers.SGD();
        const scheduler = make(straight);
        let resumed = makers.SGD();
        let again = make(resumed);
        metrics.forEach((value, k) => {
          scheduler.step(value);
          again.step(value);
          if (k === at) {
            const saved = again.stateDict();
            resumed = makers.SGD();
            again = make(resumed);
            again.loadStateDict(saved);
          }
          expect(again.getLastLr()).toEqual(scheduler.getLastLr());
        });
        expect(again.stateDict()).toEqual(scheduler.stateDict());
      },
    ),
  );
});

test("other hyper-parameters resume at any step", () => {
  const make = (optimizer: AnyOptimizer): HyperScheduler =>
    new HyperScheduler(optimizer, { weightDecay: cosine({ tMax: 9 }), beta2: linear({ startFactor: 0.9 }), eps: exponential({ gamma: 0.9 }) });
  const at = (optimizer: AnyOptimizer): unknown => optimizer.paramGroups.map(({ weightDecay, betas, eps }) => [weightDecay, betas, eps]);
  fc.assert(
    fc.property(fc.nat(20), (k) => {
      const [straight, resumed] = [new Adam([parameter()], { weightDecay: 0.1 }), new Adam([parameter()], { weightDecay: 0.1 })];
      const scheduler = make(straight);
      for (let step = 0; step < k; step++) scheduler.step();
      const again = make(resumed);
      again.loadStateDict(JSON.parse(JSON.stringify(scheduler.stateDict())));
      for (let step = 0; step < 5; step++) {
        expect(at(resumed)).toEqual(at(straight));
        scheduler.step();
        again.step();
      }
    }),
  );
});

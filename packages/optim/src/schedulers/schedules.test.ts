import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  anneal,
  chain,
  constant,
  cosine,
  cyclic,
  exponential,
  lambda,
  linear,
  multiplicative,
  multiStep,
  oneCycle,
  polynomial,
  type Schedule,
  samples,
  sequence,
  stepDecay,
  warmRestarts,
  warmupCosineSchedule,
} from "./index.ts";

/** A schedule, and PyTorch's recursion for it (`get_lr` of torch.optim.lr_scheduler) written out independently. */
interface Row {
  readonly schedule: Schedule;
  readonly recursion: (rate: number, step: number, base: number) => number;
}

const rows: Readonly<Record<string, Row>> = {
  constant: {
    schedule: constant({ factor: 0.3, totalIters: 7 }),
    recursion: (rate, step) => (step === 0 ? rate * 0.3 : step === 7 ? rate / 0.3 : rate),
  },
  linear: {
    schedule: linear({ startFactor: 0.2, endFactor: 0.9, totalIters: 11 }),
    recursion: (rate, step) => {
      if (step === 0) return rate * 0.2;
      return step > 11 ? rate : rate * (1 + (0.9 - 0.2) / (11 * 0.2 + (step - 1) * (0.9 - 0.2)));
    },
  },
  exponential: { schedule: exponential({ gamma: 0.93 }), recursion: (rate, step) => (step === 0 ? rate : rate * 0.93) },
  polynomial: {
    schedule: polynomial({ totalIters: 30, power: 1.7 }),
    recursion: (rate, step) => (step === 0 || step > 30 ? rate : rate * ((1 - step / 30) / (1 - (step - 1) / 30)) ** 1.7),
  },
  stepDecay: {
    schedule: stepDecay({ stepSize: 4, gamma: 0.6 }),
    recursion: (rate, step) => (step > 0 && step % 4 === 0 ? rate * 0.6 : rate),
  },
  multiStep: {
    schedule: multiStep({ milestones: [3, 9, 9, 20], gamma: 0.5 }),
    recursion: (rate, step) => rate * 0.5 ** [3, 9, 9, 20].filter((at) => at === step).length,
  },
  multiplicative: {
    schedule: multiplicative((step) => 1 - 1 / (step + 3)),
    recursion: (rate, step) => (step === 0 ? rate : rate * (1 - 1 / (step + 3))),
  },
  lambda: { schedule: lambda((step) => 1 / (1 + step)), recursion: (_, step, base) => base / (1 + step) },
  cosine: {
    schedule: cosine({ tMax: 13, etaMin: 0.001 }),
    recursion: (rate, step, base) => {
      const [tMax, etaMin] = [13, 0.001];
      if (step === 0) return rate;
      if ((step - 1 - tMax) % (2 * tMax) === 0) return rate + ((base - etaMin) * (1 - Math.cos(Math.PI / tMax))) / 2;
      return ((1 + Math.cos((Math.PI * step) / tMax)) / (1 + Math.cos((Math.PI * (step - 1)) / tMax))) * (rate - etaMin) + etaMin;
    },
  },
  anneal: {
    schedule: anneal({ to: 0.05, steps: 9, strategy: "linear" }),
    recursion: (rate, step) => {
      if (step === 0) return rate;
      const [before, now] = [Math.min(1, (step - 1) / 9), Math.min(1, step / 9)];
      const start = before === 1 ? 0.05 : (rate - before * 0.05) / (1 - before);
      return 0.05 * now + start * (1 - now);
    },
  },
};

describe.each(Object.entries(rows))("%s", (_, { schedule, recursion }) => {
  test("the closed form is what PyTorch's recursion gives", () => {
    for (const base of [0.1, 3]) {
      let rate = base;
      for (let step = 0; step <= 100; step++) {
        rate = recursion(rate, step, base);
        expect(Math.abs(schedule(step, base) - rate)).toBeLessThanOrEqual(1e-12 * base + 1e-10 * rate);
      }
    }
  });

  test("a change leads from one value of the closed form to the next", () => {
    let rate = 0.7;
    for (let step = 0; step <= 60; step++) {
      const { factor, shift } = schedule.change?.(step, 0.7) ?? { factor: 0, shift: schedule(step, 0.7) };
      rate = factor * rate + shift;
      expect(rate).toBeCloseTo(schedule(step, 0.7), 12);
    }
  });
});

describe("closed forms by hand", () => {
  test("the lesson's warm-up and cosine", () => {
    const schedule = warmupCosineSchedule({ warmupSteps: 1000, totalSteps: 11000, etaMin: 1e-6 });
    expect(schedule(0, 3e-4)).toBeCloseTo(3e-6, 15);
    expect(schedule(500, 3e-4)).toBeCloseTo(3e-4 * 0.505, 15);
    expect(schedule(1000, 3e-4)).toBe(3e-4);
    expect(schedule(6000, 3e-4)).toBeCloseTo((3e-4 + 1e-6) / 2, 15);
    expect(schedule(11000, 3e-4)).toBe(1e-6);
    expect(schedule(50000, 3e-4)).toBe(1e-6);
    expect(warmupCosineSchedule({ warmupSteps: 0, totalSteps: 10 })(5, 1)).toBeCloseTo(0.5, 12);
  });

  test("warm restarts, at whole and fractional steps, far out", () => {
    const schedule = warmRestarts({ t0: 10, tMult: 2 });
    expect([0, 10, 30, 70, 10 * (2 ** 30 - 1)].map((step) => schedule(step, 1))).toEqual([1, 1, 1, 1, 1]);
    expect(schedule(5, 1)).toBeCloseTo(0.5, 12);
    expect(schedule(15, 1)).toBeCloseTo((1 + Math.cos(Math.PI / 4)) / 2, 12);
    expect(schedule(2.5, 1)).toBeCloseTo((1 + Math.cos(Math.PI / 4)) / 2, 12);
    expect(schedule(9.999, 1)).toBeLessThan(1e-6);
  });

  test("cyclic: three modes, other slopes, an own scale", () => {
    const course = { from: 1, to: 3, stepSizeUp: 4, stepSizeDown: 2 };
    const at = (steps: readonly number[], schedule: Schedule): number[] => steps.map((step) => schedule(step, 99));
    expect(at([0, 2, 4, 5, 6, 10], cyclic(course))).toEqual([1, 2, 3, 2, 1, 3]);
    expect(at([4, 10, 16], cyclic({ ...course, mode: "triangular2" }))).toEqual([3, 2, 1.5]);
    expect(at([4, 10], cyclic({ ...course, mode: "expRange", gamma: 0.5 }))).toEqual([1 + 2 / 16, 1 + 2 / 1024]);
    expect(at([4, 10], cyclic({ ...course, mode: "exp_range", gamma: 0.5 }))).toEqual([1 + 2 / 16, 1 + 2 / 1024]);
    expect(at([4, 10, 16], cyclic({ ...course, scaleFn: (cycle) => 1 / cycle }))).toEqual([3, 2, 1 + 2 / 3]);
    expect(at([4, 10], cyclic({ ...course, scaleFn: (step) => 1 / step, scaleMode: "iterations" }))).toEqual([1.5, 1.2]);
  });

  test("one cycle: corners, the step after the last one, and no further", () => {
    const course = { from: 0.1, peak: 1, end: 0.01, totalSteps: 21, pctStart: 11 / 21, annealStrategy: "linear" } as const;
    const schedule = oneCycle(course);
    expect(schedule(0, 9)).toBe(0.1);
    expect(schedule(5, 9)).toBeCloseTo(0.55, 12);
    expect(schedule(10, 9)).toBeCloseTo(1, 12);
    expect(schedule(20, 9)).toBeCloseTo(0.01, 12);
    expect(schedule(21, 9)).toBeCloseTo(0.01, 12);
    expect(() => schedule(22, 9)).toThrow("step 22 of a cycle of 21 steps");
    const three = oneCycle({ ...course, pctStart: 6 / 21, threePhase: true });
    expect([0, 5, 10, 20].map((step) => three(step, 9))).toEqual([0.1, 1, 0.1, 0.01].map((x) => expect.closeTo(x, 12)));
  });

  test("samples need no optimizer", () => {
    expect(samples(exponential({ gamma: 0.5 }), 4)).toEqual([1, 0.5, 0.25, 0.125]);
    expect(samples((step, base) => base - step, 3, { base: 10 })).toEqual([10, 9, 8]);
    expect(() => samples(linear(), -1)).toThrow("steps");
  });
});

describe("chains and sequences of plain schedules", () => {
  test("scales multiply, exactly, in any order of asking", () => {
    const [a, b] = [linear({ totalIters: 20 }), exponential({ gamma: 0.9 })];
    const both = chain([a, b]);
    fc.assert(fc.property(fc.nat(500), (step) => both(step, 2) === 2 * (a(step, 1) * b(step, 1))));
    expect(chain([])(3, 0.5)).toBe(0.5);
  });

  test("a warm-up from zero is not lost in a chain", () => {
    const both = chain([constant({ factor: 0, totalIters: 3 }), exponential({ gamma: 0.5 })]);
    expect(samples(both, 5)).toEqual([0, 0, 0, 0.125, 0.0625]);
  });

  test("an affine chain gives the same bits whatever was asked before", () => {
    const make = (): Schedule => chain([linear({ totalIters: 9 }), cosine({ tMax: 40, etaMin: 1e-3 }), exponential({ gamma: 0.99 })]);
    const upward = samples(make(), 1000, { base: 0.1 });
    fc.assert(
      fc.property(fc.array(fc.nat(999), { maxLength: 30 }), (steps) => {
        const schedule = make();
        for (const step of steps) if (schedule(step, 0.1) !== upward[step]) return false;
        return true;
      }),
    );
  });

  test("what carries goes on from what it finds; the others start anew", () => {
    const decay = multiplicative(() => 0.5);
    expect(samples(sequence([constant({ factor: 0.5, totalIters: 9 }), decay], [2]), 5)).toEqual([0.5, 0.5, 0.5, 0.25, 0.125]);
    expect(samples(sequence([constant({ factor: 0.5, totalIters: 9 }), exponential({ gamma: 0.5 })], [2]), 5)).toEqual([0.5, 0.5, 1, 0.5, 0.25]);
    const nested = sequence([decay, linear({ startFactor: 0.25, totalIters: 3 })], [2]);
    expect(samples(sequence([warmRestarts({ t0: 4 }), nested], [3]), 7, { base: 8 }).slice(2)).toEqual(
      [4, 4, 2, 2, 4].map((x) => expect.closeTo(x, 12)),
    );
  });

  test("a sequence inside a chain keeps its siblings' factors across its milestones", () => {
    const half = constant({ factor: 0.5, totalIters: 100 });
    const inner = sequence([linear({ startFactor: 0.1, totalIters: 5 }), cosine({ tMax: 20, etaMin: 0.01 })], [5]);
    const both = chain([half, inner]);
    for (let step = 0; step < 6; step++) expect(both(step, 1)).toBeCloseTo(0.5 * inner(step, 1), 12);
  });
});

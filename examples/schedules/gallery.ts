import { optim, Parameter } from "gradtape";

/** One schedule of the gallery, over any number of steps. */
export interface Exhibit {
  readonly name: string;
  /** How it is made, as one would write it. */
  readonly code: string;
  /** The closed form, as formula text over `step`, `base` and `values`; none where the schedule listens to a metric. */
  readonly formula?: string;
  readonly values?: Readonly<Record<string, number>>;
  /** Rates at steps 0 … `steps` - 1, from a base rate of 1. */
  readonly rates: (steps: number) => number[];
  /** When one takes it. */
  readonly use: string;
}

/** An optimizer with a rate of 1 and a momentum, on which a schedule can be put. */
const bench = (): optim.SGD => new optim.SGD([new Parameter([0])], { lr: 1, momentum: 0.9 });

type Make = (optimizer: optim.AnyOptimizer) => optim.LRScheduler;

function exhibit(name: string, make: Make, about: Omit<Exhibit, "name" | "rates">): Exhibit {
  return {
    name,
    ...about,
    rates: (steps) => {
      const scheduler = make(bench());
      return Array.from({ length: steps }, (_, step) => scheduler.lrAt(step));
    },
  };
}

/** The gallery for a training of `total` steps: every schedule of the library with options that show what it does. */
export function gallery(total: number): readonly Exhibit[] {
  const part = (share: number): number => Math.max(1, Math.round(share * total));
  const [third, tenth, fifth] = [part(0.3), part(0.1), part(0.2)];
  const cyclic = "cycle = floor(1 + step / (2 * up))\nheight = 1 - abs(step / up - 2 * cycle + 1)\nlr = low + (high - low) * height";
  const cycles = { up: part(0.125), low: 0.1, high: 1 };
  const cycle = { baseLr: 0.1, maxLr: 1, stepSizeUp: cycles.up };
  const fading = 1 / (2 * cycles.up);
  const climb = third - 1;
  const decay = 10 ** (-2 / total);
  return [
    exhibit("LambdaLR", (o) => new optim.LambdaLR(o, { lrLambda: (step) => Math.min((step + 1) / tenth, Math.sqrt(tenth / (step + 1))) }), {
      code: `new LambdaLR(optimizer, { lrLambda: (step) => Math.min((step + 1) / ${tenth}, Math.sqrt(${tenth} / (step + 1))) })`,
      formula: "lr = base * min((step + 1) / warmup, sqrt(warmup / (step + 1)))",
      values: { warmup: tenth },
      use: "Any function of the step; here the one of the first transformer.",
    }),
    exhibit("MultiplicativeLR", (o) => new optim.MultiplicativeLR(o, { lrLambda: (step) => (step % fifth === 0 ? 0.5 : 1) }), {
      code: `new MultiplicativeLR(optimizer, { lrLambda: (step) => (step % ${fifth} === 0 ? 0.5 : 1) })`,
      formula: "lr = base * 0.5 ** floor(step / stepSize)",
      values: { stepSize: fifth },
      use: "A factor of every step. Here it is a half, now and then.",
    }),
    exhibit("StepLR", (o) => new optim.StepLR(o, { stepSize: third, gamma: 0.1 }), {
      code: `new StepLR(optimizer, { stepSize: ${third}, gamma: 0.1 })`,
      formula: "lr = base * gamma ** floor(step / stepSize)",
      values: { gamma: 0.1, stepSize: third },
      use: "The classic of image classification, with SGD and momentum.",
    }),
    exhibit("MultiStepLR", (o) => new optim.MultiStepLR(o, { milestones: [part(0.5), part(0.75)], gamma: 0.3 }), {
      code: `new MultiStepLR(optimizer, { milestones: [${part(0.5)}, ${part(0.75)}], gamma: 0.3 })`,
      formula: "lr = base * gamma ** ((step >= milestone1) + (step >= milestone2))",
      values: { gamma: 0.3, milestone1: part(0.5), milestone2: part(0.75) },
      use: "Decays where a paper says so.",
    }),
    exhibit("ConstantLR", (o) => new optim.ConstantLR(o, { factor: 1 / 3, totalIters: fifth }), {
      code: `new ConstantLR(optimizer, { factor: 1 / 3, totalIters: ${fifth} })`,
      formula: "lr = step < totalIters ? base * factor : base",
      values: { factor: 1 / 3, totalIters: fifth },
      use: "A first phase with a smaller rate: the simplest warm-up.",
    }),
    exhibit("LinearLR", (o) => new optim.LinearLR(o, { startFactor: 0.01, totalIters: fifth }), {
      code: `new LinearLR(optimizer, { startFactor: 0.01, totalIters: ${fifth} })`,
      formula: "lr = base * (startFactor + (endFactor - startFactor) * min(step, totalIters) / totalIters)",
      values: { startFactor: 0.01, endFactor: 1, totalIters: fifth },
      use: "A warm-up, or with endFactor 0 a straight decay.",
    }),
    exhibit("ExponentialLR", (o) => new optim.ExponentialLR(o, { gamma: decay }), {
      code: `new ExponentialLR(optimizer, { gamma: ${Number(decay.toPrecision(6))} })`,
      formula: "lr = base * gamma ** step",
      values: { gamma: decay },
      use: "The same share less in every step.",
    }),
    exhibit("PolynomialLR", (o) => new optim.PolynomialLR(o, { totalIters: total, power: 2 }), {
      code: `new PolynomialLR(optimizer, { totalIters: ${total}, power: 2 })`,
      formula: "lr = base * (1 - min(step, totalIters) / totalIters) ** power",
      values: { totalIters: total, power: 2 },
      use: "Down to 0 at a known end; power 1 is a straight line.",
    }),
    exhibit("CosineAnnealingLR", (o) => new optim.CosineAnnealingLR(o, { tMax: total, etaMin: 0.05 }), {
      code: `new CosineAnnealingLR(optimizer, { tMax: ${total}, etaMin: 0.05 })`,
      formula: "lr = etaMin + (base - etaMin) * (1 + cos(pi * step / tMax)) / 2",
      values: { tMax: total, etaMin: 0.05 },
      use: "The usual choice today, mostly behind a warm-up.",
    }),
    exhibit("CosineAnnealingWarmRestarts", (o) => new optim.CosineAnnealingWarmRestarts(o, { t0: part(1 / 7), tMult: 2 }), {
      code: `new CosineAnnealingWarmRestarts(optimizer, { t0: ${part(1 / 7)}, tMult: 2 })`,
      formula:
        "n = floor(log2(step / t0 + 1))\nstart = t0 * (2 ** n - 1)\nlr = etaMin + (base - etaMin) * (1 + cos(pi * (step - start) / (t0 * 2 ** n))) / 2",
      values: { t0: part(1 / 7), etaMin: 0 },
      use: "Several good models from one run: save one at the end of each cycle. (Formula for tMult 2.)",
    }),
    exhibit("CyclicLR", (o) => new optim.CyclicLR(o, { ...cycle }), {
      code: `new CyclicLR(optimizer, { baseLr: 0.1, maxLr: 1, stepSizeUp: ${cycles.up} })`,
      formula: cyclic,
      values: cycles,
      use: "When no single rate is known to be good; the momentum moves against it.",
    }),
    exhibit("CyclicLR, triangular2", (o) => new optim.CyclicLR(o, { ...cycle, mode: "triangular2" }), {
      code: `new CyclicLR(optimizer, { baseLr: 0.1, maxLr: 1, stepSizeUp: ${cycles.up}, mode: "triangular2" })`,
      formula: `${cyclic} / 2 ** (cycle - 1)`,
      values: cycles,
      use: "Cycles that are half as high each time.",
    }),
    exhibit("CyclicLR, expRange", (o) => new optim.CyclicLR(o, { ...cycle, mode: "expRange", gamma: 1 - fading }), {
      code: `new CyclicLR(optimizer, { baseLr: 0.1, maxLr: 1, stepSizeUp: ${cycles.up}, mode: "expRange", gamma: ${Number((1 - fading).toPrecision(6))} })`,
      formula: `${cyclic} * gamma ** step`,
      values: { ...cycles, gamma: 1 - fading },
      use: "Cycles whose height fades with every step.",
    }),
    exhibit("OneCycleLR", (o) => new optim.OneCycleLR(o, { maxLr: 1, totalSteps: total }), {
      code: `new OneCycleLR(optimizer, { maxLr: 1, totalSteps: ${total} })`,
      formula:
        "u = step <= climb ? 1 - step / climb : (step - climb) / (totalSteps - 1 - climb)\nfoot = maxLr / (step <= climb ? 25 : 250000)\nlr = foot + (maxLr - foot) * (1 + cos(pi * u)) / 2",
      values: { maxLr: 1, totalSteps: total, climb },
      use: "Fast training with a high rate in the middle; the momentum moves against it.",
    }),
    exhibit("OneCycleLR, three phases", (o) => new optim.OneCycleLR(o, { maxLr: 1, totalSteps: total, threePhase: true, annealStrategy: "linear" }), {
      code: `new OneCycleLR(optimizer, { maxLr: 1, totalSteps: ${total}, threePhase: true, annealStrategy: "linear" })`,
      formula:
        "first = maxLr / 25\nlast = first / 10000\ntip = maxLr - (maxLr - first) * abs(step - climb) / climb\nlr = step <= 2 * climb ? tip : first + (last - first) * (step - 2 * climb) / (totalSteps - 1 - 2 * climb)",
      values: { maxLr: 1, totalSteps: total, climb },
      use: "The cycle of the paper: up, down, and a long way out.",
    }),
    {
      name: "ReduceLROnPlateau",
      code: "new ReduceLROnPlateau(optimizer, { factor: 0.5, patience: 10 })  // scheduler.step(validationLoss)",
      rates: plateau,
      use: "The only one that listens: it halves the rate when a loss has stopped falling.",
    },
    exhibit("SWALR", (o) => new optim.SWALR(o, { swaLr: 0.2, annealEpochs: third }), {
      code: `new SWALR(optimizer, { swaLr: 0.2, annealEpochs: ${third} })`,
      formula: "u = min(1, step / annealEpochs)\nlr = swaLr + (base - swaLr) * (1 + cos(pi * u)) / 2",
      values: { swaLr: 0.2, annealEpochs: third },
      use: "To the rate at which weights are averaged.",
    }),
    exhibit(
      "SequentialLR",
      (o) =>
        new optim.SequentialLR(o, {
          schedulers: [new optim.LinearLR(o, { startFactor: 0.01, totalIters: tenth }), new optim.StepLR(o, { stepSize: third, gamma: 0.3 })],
          milestones: [tenth],
        }),
      {
        code: `new SequentialLR(optimizer, { schedulers: [linear, step], milestones: [${tenth}] })`,
        formula: "lr = base * (step < tenth ? 0.01 + 0.99 * step / tenth : 0.3 ** floor((step - tenth) / stepSize))",
        values: { tenth, stepSize: third },
        use: "One after the other, each from its own step 0.",
      },
    ),
    exhibit(
      "ChainedScheduler",
      (o) =>
        new optim.ChainedScheduler(o, {
          schedulers: [new optim.ConstantLR(o, { factor: 0.3, totalIters: fifth }), new optim.ExponentialLR(o, { gamma: decay })],
        }),
      {
        code: "new ChainedScheduler(optimizer, { schedulers: [constant, exponential] })",
        formula: "lr = base * (step < totalIters ? 0.3 : 1) * gamma ** step",
        values: { totalIters: fifth, gamma: decay },
        use: "Several at once: their factors multiply.",
      },
    ),
    exhibit("warmupCosine", (o) => optim.warmupCosine(o, { warmupSteps: tenth, totalSteps: total }), {
      code: `warmupCosine(optimizer, { warmupSteps: ${tenth}, totalSteps: ${total} })`,
      formula: "lr = base * (step < warmup ? 0.01 + 0.99 * step / warmup : (1 + cos(pi * (step - warmup) / (total - warmup))) / 2)",
      values: { warmup: tenth, total },
      use: "What most transformers are trained with, in one call.",
    }),
  ];
}

/** A loss that falls towards a floor as high as the rate, watched a hundred times: each time it stalls, the rate is halved. */
function plateau(steps: number): number[] {
  const optimizer = bench();
  const scheduler = new optim.ReduceLROnPlateau(optimizer, { factor: 0.5, patience: 10, threshold: 1e-2 });
  const watched = Math.max(1, Math.floor(steps / 100));
  const rates: number[] = [];
  let loss = 2;
  for (let step = 0; step < steps; step++) {
    const [rate] = scheduler.getLastLr();
    rates.push(rate);
    if (step % watched !== 0) continue;
    loss += 0.25 * (rate - loss);
    scheduler.step(loss);
  }
  return rates;
}

import { data, Generator, nn, optim, randn, type Tensor } from "gradtape";
import { describe, expect, test } from "vitest";

type Wrapped = optim.AnyOptimizer;

const optimizers: Record<string, (model: nn.Module) => Wrapped> = {
  SGD: (m) => new optim.SGD(m.parameters(), { lr: 0.05, momentum: 0.9, nesterov: true }),
  Adam: (m) => new optim.Adam(m.parameters(), { lr: 0.01, amsgrad: true }),
  AdamW: (m) => new optim.AdamW(m.parameters(), { lr: 0.01 }),
  Adagrad: (m) => new optim.Adagrad(m.parameters(), { lrDecay: 0.01 }),
  Adadelta: (m) => new optim.Adadelta(m.parameters()),
  Adamax: (m) => new optim.Adamax(m.parameters()),
  NAdam: (m) => new optim.NAdam(m.parameters()),
  RAdam: (m) => new optim.RAdam(m.parameters()),
  RMSprop: (m) => new optim.RMSprop(m.parameters(), { momentum: 0.5, centered: true }),
  Rprop: (m) => new optim.Rprop(m.parameters()),
  ASGD: (m) => new optim.ASGD(m.parameters(), { t0: 3 }),
  Lion: (m) => new optim.Lion(m.parameters()),
  LAMB: (m) => new optim.LAMB(m.parameters()),
  LARS: (m) => new optim.LARS(m.parameters(), { momentum: 0.9 }),
  Adafactor: (m) => new optim.Adafactor(m.parameters()),
  SparseAdam: (m) => new optim.SparseAdam(m.parameters()),
  Muon: (m) => new optim.Muon(m.parameters().filter((p) => p.ndim === 2)),
  LBFGS: (m) => new optim.LBFGS(m.parameters(), { lr: 0.5, maxIter: 3 }),
};

interface Scheduler {
  step(metric: number): void;
  stateDict(): unknown;
  loadStateDict(state: never): void;
}

const schedulers: Record<string, (o: Wrapped) => Scheduler> = {
  StepLR: (o) => new optim.StepLR(o, { stepSize: 3, gamma: 0.5 }),
  MultiStepLR: (o) => new optim.MultiStepLR(o, { milestones: [2, 5] }),
  LambdaLR: (o) => new optim.LambdaLR(o, { lrLambda: (step) => 1 / (1 + step) }),
  MultiplicativeLR: (o) => new optim.MultiplicativeLR(o, { lrLambda: () => 0.9 }),
  ConstantLR: (o) => new optim.ConstantLR(o, { totalIters: 4 }),
  LinearLR: (o) => new optim.LinearLR(o, { totalIters: 6 }),
  ExponentialLR: (o) => new optim.ExponentialLR(o, { gamma: 0.9 }),
  PolynomialLR: (o) => new optim.PolynomialLR(o, { totalIters: 8, power: 2 }),
  CosineAnnealingLR: (o) => new optim.CosineAnnealingLR(o, { tMax: 7 }),
  WarmRestarts: (o) => new optim.CosineAnnealingWarmRestarts(o, { t0: 3, tMult: 2 }),
  OneCycleLR: (o) => new optim.OneCycleLR(o, { maxLr: 0.02, totalSteps: 20, cycleMomentum: false }),
  CyclicLR: (o) => new optim.CyclicLR(o, { baseLr: 0.001, maxLr: 0.01, stepSizeUp: 3, cycleMomentum: false }),
  Plateau: (o) => new optim.ReduceLROnPlateau(o, { patience: 1 }),
  SequentialLR: (o) =>
    new optim.SequentialLR(o, {
      schedulers: [new optim.LinearLR(o, { startFactor: 0.1, totalIters: 3 }), new optim.CosineAnnealingLR(o, { tMax: 6 })],
      milestones: [3],
    }),
  ChainedScheduler: (o) =>
    new optim.ChainedScheduler(o, { schedulers: [new optim.ConstantLR(o, { totalIters: 4 }), new optim.ExponentialLR(o, { gamma: 0.8 })] }),
};

/** A small regression, trained from a seed; `run` goes on where it stands. */
class Run {
  readonly model: nn.Module;
  readonly optimizer: Wrapped;
  readonly scheduler: Scheduler;
  readonly #x: Tensor;
  readonly #y: Tensor;

  constructor(optimizer: (model: nn.Module) => Wrapped, scheduler: (o: Wrapped) => Scheduler) {
    const generator = new Generator(3);
    this.#x = randn([6, 3], { generator });
    this.#y = randn([6, 2], { generator });
    this.model = new nn.Sequential(new nn.Linear(3, 4, { generator }), new nn.ReLU(), new nn.Linear(4, 2, { generator }));
    this.optimizer = optimizer(this.model);
    this.scheduler = scheduler(this.optimizer);
  }

  run(steps: number): number[] {
    return Array.from({ length: steps }, () => {
      let value = 0;
      const closure = (): Tensor => {
        this.optimizer.zeroGrad();
        const loss = (this.model.forward(this.#x) as Tensor).sub(this.#y).square().mean();
        loss.backward();
        value = loss.item();
        return loss;
      };
      if (this.optimizer instanceof optim.LBFGS) this.optimizer.step(closure);
      else {
        closure();
        this.optimizer.step();
      }
      this.scheduler.step(value);
      return value;
    });
  }
}

describe.each(Object.keys(optimizers))("%s", (name) => {
  test.each(Object.keys(schedulers))("with %s goes on from a checkpoint as if nothing had happened", (schedule) => {
    const make = (): Run => new Run(optimizers[name], schedulers[schedule]);
    const whole = make();
    const losses = whole.run(9);
    const first = make();
    expect(first.run(4)).toEqual(losses.slice(0, 4));
    const bytes = data.encodeCheckpoint({
      model: first.model.stateDict(),
      optimizer: first.optimizer.stateDict(),
      scheduler: first.scheduler.stateDict(),
    } as never);
    const saved = data.decodeCheckpoint<{ model: nn.StateDict; optimizer: never; scheduler: never }>(bytes);
    const second = make();
    second.model.loadStateDict(saved.model);
    second.optimizer.loadStateDict(saved.optimizer);
    second.scheduler.loadStateDict(saved.scheduler);
    expect(second.run(5)).toEqual(losses.slice(4));
    expect(second.model.parameters().map((p) => p.toArray())).toEqual(whole.model.parameters().map((p) => p.toArray()));
    expect(losses.every(Number.isFinite)).toBe(true);
  });
});

test("a checkpoint of another optimizer is refused and changes nothing", () => {
  const adam = new Run(optimizers.Adam, schedulers.StepLR);
  adam.run(2);
  const sgd = new Run(optimizers.SGD, schedulers.StepLR);
  const before = JSON.stringify(sgd.optimizer.stateDict());
  expect(() => sgd.optimizer.loadStateDict(adam.optimizer.stateDict() as never)).toThrow(/SGD.*Adam/);
  expect(JSON.stringify(sgd.optimizer.stateDict())).toBe(before);
});

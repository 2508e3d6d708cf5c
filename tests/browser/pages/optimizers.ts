import { cpu, type Device, Generator, Parameter, randn } from "@gradtape/core";
import { backendReport, type GpuDevice, gpu } from "@gradtape/gpu";
import * as optim from "@gradtape/optim";

type Options = Readonly<Record<string, unknown>>;
type Make = new (parameters: Parameter[], options: Options) => { step(): unknown; zeroGrad(): void };

const makers = optim as unknown as Readonly<Record<string, Make>>;

/** Every optimizer, with options that reach every part of its formulas. */
const options: Readonly<Record<string, readonly Options[]>> = {
  SGD: [{ lr: 0.1 }, { lr: 0.1, momentum: 0.9, dampening: 0.1, weightDecay: 0.01 }, { lr: 0.1, momentum: 0.9, nesterov: true, maximize: true }],
  Adam: [{}, { lr: 0.01, weightDecay: 0.1, amsgrad: true }],
  AdamW: [{}, { lr: 0.01, amsgrad: true, maximize: true }],
  Adagrad: [{ lr: 0.1, lrDecay: 0.1, weightDecay: 0.01, initialAccumulatorValue: 0.1 }],
  RMSprop: [{}, { lr: 0.01, centered: true, momentum: 0.9, weightDecay: 0.01 }],
  Adadelta: [{ lr: 1, weightDecay: 0.01 }],
  Adamax: [{ lr: 0.01, weightDecay: 0.01 }],
  NAdam: [{ lr: 0.01 }, { lr: 0.01, weightDecay: 0.01, decoupledWeightDecay: true }],
  RAdam: [{ lr: 0.01 }, { lr: 0.01, weightDecay: 0.01, decoupledWeightDecay: true }],
  ASGD: [{ lr: 0.1, t0: 2, weightDecay: 0.01 }],
  Rprop: [{ lr: 0.01 }],
  Lion: [{ lr: 0.01, weightDecay: 0.1 }],
  SparseAdam: [{ lr: 0.01 }],
  LAMB: [{ lr: 0.01, weightDecay: 0.01 }],
  LARS: [{ lr: 0.1, momentum: 0.9, weightDecay: 0.01 }],
  Adafactor: [{ lr: 0.01 }],
  Muon: [{ lr: 0.02, weightDecay: 0.01 }],
};

/** How far the parameters on the GPU are from those on the CPU, and what left the GPU on the way. */
export interface Outcome {
  readonly name: string;
  readonly options: Options;
  /** Largest distance of two numbers, relative to 1 or to the number. */
  readonly worst: number;
  /** How far the parameters moved, so that standing still is no success. */
  readonly moved: number;
  readonly reads: number;
}

const STEPS = 12;

function run(device: Device, name: string, given: Options): { readonly values: Float32Array[]; readonly moved: number } {
  const generator = new Generator(9);
  const shapes = name === "Muon" ? [[7, 9]] : [[7, 9], [13]];
  const start = shapes.map((shape) => randn(shape, { generator }));
  const parameters = start.map((value) => new Parameter(value.to(device)));
  const optimizer = new makers[name](parameters, given);
  for (let step = 0; step < STEPS; step++) {
    for (const parameter of parameters) parameter.grad = randn(parameter.shape, { generator }).add(0.3).to(device);
    optimizer.step();
    optimizer.zeroGrad();
  }
  const values = parameters.map((parameter) => Float32Array.from(parameter.data()));
  const moved = Math.max(...values.flatMap((list, k) => Array.from(list, (x, i) => Math.abs(x - start[k].data()[i]))));
  return { values, moved };
}

/** Optimizers of the package that no row here tries; those that call a closure several times a step cannot be tried so. */
const untried = (): string[] =>
  Object.keys(makers).filter(
    (name) => (makers[name] as { readonly prototype?: object }).prototype instanceof optim.Optimizer && name !== "LBFGS" && !(name in options),
  );

let opened: Promise<GpuDevice> | undefined;

/** Takes the same steps on both devices. */
async function outcomes(): Promise<Outcome[]> {
  const device = await (opened ??= gpu());
  return Object.entries(options).flatMap(([name, list]) =>
    list.map((given) => {
      const before = backendReport(device).reads;
      const [ours, theirs] = [run(device, name, given), run(cpu, name, given)];
      const reads = backendReport(device).reads - before - ours.values.length;
      const apart = ours.values.flatMap((values, k) => Array.from(values, (x, i) => Math.abs(x - theirs.values[k][i]) / Math.max(1, Math.abs(x))));
      return { name, options: given, worst: Math.max(...apart), moved: theirs.moved, reads };
    }),
  );
}

Object.assign(globalThis, { suite: { outcomes, untried } });

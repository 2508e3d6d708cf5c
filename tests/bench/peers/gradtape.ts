// Gradtape as a peer of the benchmark, through its public interface: gradtape.js [--backend=reference] [--turbo] [--threads=2]
import { conv2d, cpu, elementwise, nn, optim, Parameter, reference, scope, setThreads, type Tensor, tensor, turbo } from "gradtape";
import { batches, chain, convolution, lesson, matrices, operands, scalars, update } from "../inputs.ts";
import type { EngineRoof } from "../protocol.ts";
import { type Job, type Jobs, serve } from "../serve.ts";

/** Applies what the command line asks for; tells what came of it. */
async function settings(args: readonly string[]): Promise<string> {
  if (args.includes("--backend=reference")) cpu.setBackend(reference);
  const done = [`${cpu.backend.name} backend`];
  if (args.includes("--turbo")) {
    const { enabled, width, reason } = turbo();
    done.push(`turbo() ${enabled ? `on, ${width} bits` : "without effect"} (${reason})`);
  }
  const threads = args.find((arg) => arg.startsWith("--threads="));
  if (threads !== undefined) done.push(`${await setThreads(Number(threads.slice("--threads=".length)))} threads`);
  return done.join(", ");
}

function step(batch: number): Job {
  const fc1 = new nn.Linear(784, 256);
  const fc2 = new nn.Linear(256, 128);
  const fc3 = new nn.Linear(128, 10);
  const model = new nn.Sequential(fc1, new nn.ReLU(), fc2, new nn.ReLU(), fc3);
  const criterion = new nn.CrossEntropyLoss();
  const data = batches(batch).map(({ images, labels }) => ({ images: tensor(images, { shape: [batch, 784] }), labels: tensor(labels) }));
  let optimizer: optim.AdamW;
  let at = 0;
  const run = (): Tensor => {
    const { images, labels } = data[at++ % data.length];
    optimizer.zeroGrad();
    const loss = criterion.forward(model.forward(images), labels);
    loss.backward();
    optimizer.step();
    return loss;
  };
  const reset = (): void => {
    for (const [k, layer] of [fc1, fc2, fc3].entries()) {
      const { weight, bias } = lesson.layer(k);
      layer.weight.assign(tensor(weight, { shape: layer.weight.shape }));
      layer.bias?.assign(tensor(bias));
    }
    optimizer = new optim.AdamW(model.parameters(), { lr: lesson.lr, weightDecay: lesson.weightDecay });
    at = 0;
  };
  return { run, reset, most: 200, steps: lesson.steps, outputs: () => [Array.from({ length: lesson.steps }, () => run().item())] };
}

/** A workload whose run is a function of inputs that stay. Like its peers it gives results back, so that the next run finds their memory in the cache. */
const pure = (f: () => Tensor): Job => ({ run: () => scope(() => void f()), outputs: () => [f().data()] });

function matmul(n: number): Job {
  const [a, b] = matrices(n).map((values) => tensor(values, { shape: [n, n] }));
  return pure(() => a.matmul(b));
}

function map(f: (a: Tensor, b: Tensor) => Tensor): Job {
  const [a, b] = operands(1_000_000).map((values) => tensor(values));
  return pure(() => f(a, b));
}

const formula = elementwise("formula", "max(exp((a + b) * b), 0)", { operands: ["a", "b"] });

function adamw(count: number): Job {
  const [values, gradient] = update.of(count).map((numbers) => tensor(numbers));
  const p = new Parameter(values);
  p.grad = gradient;
  let optimizer: optim.AdamW;
  const run = (): unknown => optimizer.step();
  const reset = (): void => {
    p.assign(values);
    optimizer = new optim.AdamW([p], { lr: lesson.lr, weightDecay: lesson.weightDecay });
  };
  const outputs = (): [ArrayLike<number>] => {
    for (let t = 0; t < update.steps; t++) run();
    return [p.data()];
  };
  return { run, reset, steps: update.steps, outputs };
}

function conv(): Job {
  const { batch, channels, side } = convolution;
  const [input, kernel, gradient] = convolution.of();
  const x = tensor(input, { shape: [batch, channels, side, side], requiresGrad: true });
  const w = tensor(kernel, { shape: [channels, channels, 3, 3], requiresGrad: true });
  const g = tensor(gradient, { shape: x.shape });
  const run = (): void => {
    x.grad = w.grad = null;
    scope(() => conv2d(x, w, null, { padding: 1 }).backward({ gradient: g }));
  };
  const outputs = (): ArrayLike<number>[] => {
    run();
    return [x, w].map(({ grad }) => grad?.data() ?? []);
  };
  return { run, outputs };
}

function links(count: number): Job {
  const [start, factor] = chain.of(count);
  const a = tensor(start, { requiresGrad: true });
  const b = tensor(factor);
  const run = (): Tensor => {
    a.grad = null;
    let t: Tensor = a;
    for (let link = 0; link < chain.links; link++) t = t.mul(b).add(b);
    t.sum().backward();
    return t;
  };
  return { run, outputs: () => [run().data(), a.grad?.data() ?? []] };
}

function network(): Job {
  const parameters = Array.from(scalars.parameters(), (value) => tensor(value, { requiresGrad: true }));
  const neuron = (at: number, x: readonly (Tensor | number)[]): Tensor =>
    x.reduce<Tensor>((sum, value, k) => sum.add(parameters[at + k].mul(value)), parameters[at + x.length]).tanh();
  const predict = (sample: readonly number[]): Tensor => {
    let at = 0;
    let x: readonly (Tensor | number)[] = sample;
    for (const size of scalars.sizes.slice(1)) {
      const start = at;
      const before = x;
      x = Array.from({ length: size }, (_, k) => neuron(start + k * (before.length + 1), before));
      at += size * (before.length + 1);
    }
    return x[0] as Tensor;
  };
  const run = (): Tensor => {
    for (const parameter of parameters) parameter.grad = null;
    const errors = scalars.samples.map((sample, k) => predict(sample).sub(scalars.targets[k]).pow(2));
    const loss = errors.reduce((sum, error) => sum.add(error));
    loss.backward();
    return loss;
  };
  return { run, outputs: () => [[run().item()], parameters.map(({ grad }) => grad?.item() ?? Number.NaN)] };
}

/** The shortest of many times, in milliseconds. */
function shortest(run: () => Tensor): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 60; i++) {
    const start = performance.now();
    scope(() => void run());
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

/** A product of 512 x 512 matrices, and numbers in the second cache that are divided by roots. */
function roof(): EngineRoof {
  const [n, count] = [512, 2 ** 16];
  const [a, b] = matrices(n).map((values) => tensor(values, { shape: [n, n] }));
  const [c, d] = operands(count).map((values) => tensor(values).abs().add(1));
  const ratio = elementwise("ratio", "a / sqrt(b)", { operands: ["a", "b"] });
  return { flops: (2000 * n ** 3) / shortest(() => a.matmul(b)), divisions: (1000 * count) / shortest(() => ratio(c, d)) };
}

const jobs: Jobs = {
  ...Object.fromEntries([1, 32, 256].map((batch) => [`lesson-${batch}`, () => step(batch)])),
  ...Object.fromEntries([64, 256, 512, 1024].map((n) => [`matmul-${n}`, () => matmul(n)])),
  add: () => map((a, b) => a.add(b)),
  relu: () => map((a) => a.relu()),
  exp: () => map((a) => a.exp()),
  fused: () => map((a, b) => formula(a, b)),
  unfused: () => map((a, b) => a.add(b).mul(b).exp().relu()),
  "adamw-1M": () => adamw(1_000_000),
  "adamw-10M": () => adamw(10_000_000),
  conv,
  "chain-16": () => links(16),
  "chain-1": () => links(1),
  scalars: network,
};

const args = process.argv.slice(2);
const alone = !args.some((arg) => arg.startsWith("--threads="));
await serve(jobs, { ready: `Node ${process.versions.node}, ${await settings(args)}`, ...(alone && { roof }) });

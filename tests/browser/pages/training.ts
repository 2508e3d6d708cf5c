import { type BackendReport, backendReport, type GpuDevice, gpu } from "@gradtape/gpu";
import {
  assertNoLeaks,
  cpu,
  crossEntropy,
  type Device,
  Generator,
  keep,
  memoryReport,
  nn,
  noGrad,
  optim,
  randint,
  randn,
  scope,
  Tensor,
  zeros,
} from "gradtape";

let opened: Promise<GpuDevice> | undefined;
const open = (): Promise<GpuDevice> => (opened ??= gpu());

/** The lesson's network. */
class MLP extends nn.Module {
  readonly fc1: nn.Linear;
  readonly fc2: nn.Linear;
  readonly fc3: nn.Linear;

  constructor(generator: Generator) {
    super();
    this.fc1 = new nn.Linear(784, 256, { generator });
    this.fc2 = new nn.Linear(256, 128, { generator });
    this.fc3 = new nn.Linear(128, 10, { generator });
  }

  forward(x: Tensor): Tensor {
    const flat = x.reshape([-1, 784]);
    const hidden1 = this.fc1.forward(flat).relu();
    const hidden2 = this.fc2.forward(hidden1).relu();
    return this.fc3.forward(hidden2);
  }
}

interface Batch {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** Images in which the class can be learnt: noise around one pattern for each. */
function makeBatch(generator: Generator, patterns: Tensor, size: number): Batch {
  const y = randint(0, 10, [size], { generator });
  return { x: patterns.indexSelect(0, y).add(randn([size, 784], { generator })), y };
}

/** The lesson's loop; calls `see` after every step. */
function train(device: Device, steps: number, see: (loss: Tensor, step: number) => void, options: { readonly clip?: boolean } = {}): void {
  const generator = new Generator(11);
  const model = new MLP(generator).to(device);
  const optimizer = new optim.AdamW(model.parameters(), { lr: 3e-4, weightDecay: 0.01 });
  const warmup = new optim.LinearLR(optimizer, { startFactor: 0.01, totalIters: 20 });
  const patterns = randn([10, 784], { generator });
  for (let step = 0; step < steps; step++) {
    const batch = makeBatch(generator, patterns, 32);
    const [x, y] = [batch.x.to(device), batch.y.to(device)];
    const loss = crossEntropy(model.forward(x), y);
    optimizer.zeroGrad();
    loss.backward();
    if (options.clip === true) optim.clipGradNorm(model.parameters(), 1);
    optimizer.step();
    warmup.step();
    see(loss, step);
  }
}

/** Losses of the lesson's network on the GPU and on the CPU. */
async function losses(steps: number): Promise<{ gpu: number[]; cpu: number[] }> {
  const device = await open();
  const run = (on: Device): number[] => {
    const seen: number[] = [];
    train(on, steps, (loss) => void seen.push(loss.item()), { clip: true });
    return seen;
  };
  return { gpu: run(device), cpu: run(cpu) };
}

/** Transfers during 20 steps, in which somebody asks for every loss or nobody does. */
async function transfers(asked: boolean): Promise<{ uploads: number; reads: number; steps: number; launches: number }> {
  const device = await open();
  const { counts } = device.adapter;
  let start = { ...counts };
  train(device, 21, (loss, step) => {
    if (asked) loss.item();
    if (step === 0) start = { ...counts };
  });
  return { uploads: counts.uploads - start.uploads, reads: counts.reads - start.reads, launches: counts.launches - start.launches, steps: 20 };
}

/** Textures after every hundredth step of a loop that looks at its losses. */
async function textures(steps: number): Promise<{ made: number[]; used: number[]; blocks: number[] }> {
  const device = await open();
  const result = { made: [] as number[], used: [] as number[], blocks: [] as number[] };
  const generator = new Generator(2);
  const model = new nn.Sequential(new nn.Linear(16, 32, { generator }), new nn.ReLU(), new nn.Linear(32, 4, { generator })).to(device);
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  const criterion = new nn.CrossEntropyLoss();
  for (let step = 1; step <= steps; step++) {
    const x = randn([8, 16], { generator }).to(device);
    const y = randint(0, 4, [8], { generator }).to(device);
    optimizer.zeroGrad();
    const loss = criterion.forward(model.forward(x), y);
    loss.backward();
    optimizer.step();
    loss.item();
    if (step % 100 === 0) {
      const { pool } = device.adapter;
      result.made.push(pool.made);
      result.used.push(pool.used);
      result.blocks.push(memoryReport(device).blocks);
    }
  }
  return result;
}

const messageOf = (fn: () => unknown): string => {
  try {
    fn();
    return "no error";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

/** What users are told. */
async function messages(): Promise<Record<string, string>> {
  const device = await open();
  const x = randn([4, 4]).to(device);
  const w = new nn.Linear(4, 4).to(device);
  const middle = w.forward(x);
  const kept = keep(middle.exp());
  kept.sum().backward();
  return {
    freed: messageOf(() => middle.data()),
    kept: messageOf(() => kept.data()),
    mixed: messageOf(() => x.add(randn([4, 4]))),
    float64: messageOf(() => x.to("float64")),
    integer: messageOf(
      () =>
        new Tensor(x).add(0).to("int32").mul(1) &&
        randint(0, 2, [1])
          .add(2 ** 25)
          .to(device),
    ),
    leak: messageOf(() => assertNoLeaks(device, () => void x.mul(2))),
    noLeak: messageOf(() => assertNoLeaks(device, () => scope(() => void x.mul(2).add(1)))),
    returned: messageOf(() => noGrad(() => x.mul(2)).data()),
    vast: messageOf(() => scope(() => zeros([4100, 4104]).to(device).cumsum(0))),
    large: messageOf(() => device.backend.allocate("float32", 2 ** 31, "value")),
  };
}

/** Values by the three ways to read them. */
async function reads(): Promise<{ sync: number[]; later: number[]; item: number }> {
  const device = await open();
  const x = randn([3, 5], { generator: new Generator(1) }).to(device);
  const y = x.transpose(0, 1).mul(2);
  const z = x.mul(2).transpose(0, 1);
  return { sync: [...y.data()], later: [...(await z.read())], item: x.sum().item() };
}

/** A few losses of the lesson's network on a device that can only promise values, as all of gpu.js will; and what those say who do not wait. */
async function promised(): Promise<{ losses: number[]; waited: number[]; item: string }> {
  const [device, other] = [await gpu(), await open()];
  Object.defineProperty(device.backend, "read", { value: undefined });
  const [losses, waited]: [Tensor[], number[]] = [[], []];
  train(device, 5, (loss) => void losses.push(loss));
  train(other, 5, (loss) => void waited.push(loss.item()));
  const values = await Promise.all(losses.map((loss) => loss.read()));
  return { losses: values.map(([value]) => value), waited, item: messageOf(() => losses[0].add(1).item()) };
}

/** What a device says of itself after a few steps. */
async function report(): Promise<BackendReport> {
  const device = await gpu({ trace: true });
  train(device, 2, (loss) => void loss.item());
  return backendReport(device);
}

Object.assign(globalThis, { suite: { report, promised, losses, transfers, textures, messages, reads } });

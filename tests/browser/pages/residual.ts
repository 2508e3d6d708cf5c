import { backendReport, type GpuDevice, gpu } from "@gradtape/gpu";
import { cpu, crossEntropy, type Device, Generator, memoryReport, nn, optim, randint, randn, type Tensor } from "gradtape";

let opened: Promise<GpuDevice> | undefined;
const open = (): Promise<GpuDevice> => (opened ??= gpu());

/** A small relative of CIFAR's residual network, with both kinds of blocks and both kinds of pooling. */
class Residual extends nn.Module {
  readonly conv1: nn.Conv2d;
  readonly bn1: nn.BatchNorm2d;
  readonly block1: nn.models.BasicBlock;
  readonly block2: nn.models.BasicBlock;
  readonly fc: nn.Linear;

  constructor(generator: Generator) {
    super();
    this.conv1 = new nn.Conv2d(3, 8, 3, { padding: 1, bias: false, generator });
    this.bn1 = new nn.BatchNorm2d(8);
    this.block1 = new nn.models.BasicBlock(8, 8, { generator });
    this.block2 = new nn.models.BasicBlock(8, 16, { stride: 2, generator });
    this.fc = new nn.Linear(16, 10, { generator });
  }

  forward(x: Tensor): Tensor {
    const stem = this.bn1.forward(this.conv1.forward(x)).relu().maxPool2d({ kernelSize: 2 });
    const stages = this.block2.forward(this.block1.forward(stem));
    return this.fc.forward(stages.avgPool2d({ kernelSize: 4 }).reshape([-1, 16]));
  }
}

const optimizers: Readonly<Record<string, (model: nn.Module) => { zeroGrad(): void; step(): void }>> = {
  "SGD with momentum": (model) => new optim.SGD(model.parameters(), { lr: 0.05, momentum: 0.9, weightDecay: 5e-4 }),
  Adam: (model) => new optim.Adam(model.parameters(), { lr: 4e-3 }),
};

/** Trains on images in which the class can be learnt; calls `see` after every step. */
function train(device: Device, name: string, steps: number, see: (loss: Tensor, step: number) => void): void {
  const generator = new Generator(5);
  const model = new Residual(generator).to(device);
  const optimizer = optimizers[name](model);
  const patterns = randn([10, 3, 16, 16], { generator });
  for (let step = 0; step < steps; step++) {
    const labels = randint(0, 10, [8], { generator });
    const images = patterns.indexSelect(0, labels).add(randn([8, 3, 16, 16], { generator }).mul(0.5));
    const [x, y] = [images.to(device), labels.to(device)];
    optimizer.zeroGrad();
    const loss = crossEntropy(model.forward(x), y);
    loss.backward();
    optimizer.step();
    see(loss, step);
  }
}

/** Losses on the GPU and on the CPU. */
async function losses(name: string, steps: number): Promise<{ gpu: number[]; cpu: number[] }> {
  const device = await open();
  const run = (on: Device): number[] => {
    const seen: number[] = [];
    train(on, name, steps, (loss) => void seen.push(loss.item()));
    return seen;
  };
  return { gpu: run(device), cpu: run(cpu) };
}

/** Transfers during 20 steps in which nobody asks for a loss. */
async function transfers(name: string): Promise<{ uploads: number; reads: number; steps: number; launches: number }> {
  const device = await open();
  let start = backendReport(device);
  train(device, name, 21, (_, step) => {
    if (step === 0) start = backendReport(device);
  });
  const end = backendReport(device);
  return { uploads: end.uploads - start.uploads, reads: end.reads - start.reads, launches: end.launches - start.launches, steps: 20 };
}

/** Textures after every tenth step. */
async function textures(name: string, steps: number): Promise<{ made: number[]; used: number[]; blocks: number[]; lost: number }> {
  const device = await open();
  const result = { made: [] as number[], used: [] as number[], blocks: [] as number[] };
  train(device, name, steps, (loss, step) => {
    loss.item();
    if (step % 10 !== 9) return;
    result.made.push(device.adapter.pool.made);
    result.used.push(device.adapter.pool.used);
    result.blocks.push(memoryReport(device).blocks);
  });
  return { ...result, lost: memoryReport(device).lost };
}

Object.assign(globalThis, { suite: { names: () => Object.keys(optimizers), losses, transfers, textures } });

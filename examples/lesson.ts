// The lesson's PyTorch code, line by line: each line of Python stands above its port. Run it with
//   node --conditions=@gradtape/source --import=./scripts/typescript.mjs examples/lesson.ts [steps]
import { crossEntropy, data, manualSeed, nn, optim, type Tensor } from "gradtape";

const steps = Number(process.argv[2] ?? 11_000);
if (!Number.isInteger(steps) || steps < 1) {
  console.error(`lesson: the number of steps is a whole number of at least 1, got ${process.argv[2]}`);
  process.exit(2);
}

// torch.manual_seed(0)
manualSeed(0);

// transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((mean,), (std,))])
// train = datasets.MNIST("data", train=True, transform=transform)
const train = data.digits().normalize(data.digitsNormalization);
// loader = DataLoader(train, batch_size=32, shuffle=True, drop_last=True)
const loader = new data.DataLoader(train, { batchSize: 32, shuffle: true, dropLast: true });

// class MLP(nn.Module):
class MLP extends nn.Module {
  //     def __init__(self):
  //         super().__init__()
  //         self.fc1 = nn.Linear(784, 256)
  readonly fc1 = new nn.Linear(784, 256);
  //         self.fc2 = nn.Linear(256, 128)
  readonly fc2 = new nn.Linear(256, 128);
  //         self.fc3 = nn.Linear(128, 10)
  readonly fc3 = new nn.Linear(128, 10);

  //     def forward(self, x):
  forward(x: Tensor): Tensor {
    //         x = x.flatten(1)
    const flat = x.reshape([-1, 784]);
    //         x = self.fc1(x).relu()
    const hidden1 = this.fc1.forward(flat).relu();
    //         x = self.fc2(x).relu()
    const hidden2 = this.fc2.forward(hidden1).relu();
    //         return self.fc3(x)
    return this.fc3.forward(hidden2);
  }
}

/** One epoch after the other, until `count` batches were given. */
function* batches(count: number): Generator<[step: number, x: Tensor, y: Tensor]> {
  for (let step = 1; ; )
    for (const [x, y] of loader) {
      yield [step, x, y];
      if (step++ === count) return;
    }
}

// model = MLP()
const model = new MLP();
// optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=0.01)
const optimizer = new optim.AdamW(model.parameters(), { lr: 3e-4, weightDecay: 0.01 });
// warmup = LinearLR(optimizer, start_factor=0.01, total_iters=1000)
const warmup = new optim.LinearLR(optimizer, { startFactor: 0.01, totalIters: 1_000 });
// cosine = CosineAnnealingLR(optimizer, T_max=10_000)
const cosine = new optim.CosineAnnealingLR(optimizer, { tMax: 10_000 });
// scheduler = SequentialLR(optimizer, [warmup, cosine], milestones=[1000])
const scheduler = new optim.SequentialLR(optimizer, { schedulers: [warmup, cosine], milestones: [1_000] });

console.log("part 1: AdamW, warm-up and cosine");
// for step, (x, y) in enumerate(loader, start=1):
for (const [step, x, y] of batches(steps)) {
  //     logits = model(x)
  const logits = model.forward(x);
  //     loss = F.cross_entropy(logits, y)
  const loss = crossEntropy(logits, y);
  //     optimizer.zero_grad()
  optimizer.zeroGrad();
  //     loss.backward()
  loss.backward();
  //     torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
  const norm = optim.clipGradNorm(model.parameters(), 1.0);
  //     optimizer.step()
  optimizer.step();
  //     scheduler.step()
  scheduler.step();
  show(step, loss.item(), scheduler.getLastLr()[0], norm);
}

// model = MLP()
const model2 = new MLP();
// optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
const optimizer2 = new optim.SGD(model2.parameters(), { lr: 0.1, momentum: 0.9, weightDecay: 5e-4 });
// scheduler = StepLR(optimizer, step_size=30, gamma=0.1)
const scheduler2 = new optim.StepLR(optimizer2, { stepSize: 30, gamma: 0.1 });

console.log("part 2: SGD with momentum, the rate falls to a tenth every 30 steps");
// for step, (x, y) in zip(range(1, 91), loader):
for (const [step, x, y] of batches(Math.min(steps, 90))) {
  //     loss = F.cross_entropy(model(x), y)
  const loss = crossEntropy(model2.forward(x), y);
  //     optimizer.zero_grad(); loss.backward(); optimizer.step(); scheduler.step()
  optimizer2.zeroGrad();
  loss.backward();
  optimizer2.step();
  scheduler2.step();
  show(step, loss.item(), scheduler2.getLastLr()[0]);
}

/** Prints every hundredth step, and every tenth of the first hundred. */
function show(step: number, loss: number, rate: number, norm?: number): void {
  if (step % (step <= 100 ? 10 : 100) !== 0 && step !== 1) return;
  const clipped = norm === undefined ? "" : `  gradient norm ${norm.toFixed(3)}`;
  // print(f"step {step}  loss {loss.item():.4f}  rate {scheduler.get_last_lr()[0]:.3g}")
  console.log(`step ${String(step).padStart(5)}  loss ${loss.toFixed(4)}  rate ${Number(rate.toPrecision(3))}${clipped}`);
}

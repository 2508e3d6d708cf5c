// Trains a small network for 10,000 steps without ever giving the event loop a turn, and measures all memory early and late.
import { nn, optim, randint, randn } from "gradtape";

const steps = 10_000;
const model = new nn.Sequential(new nn.Linear(20, 32), new nn.ReLU(), new nn.Linear(32, 5));
const optimizer = new optim.AdamW(model.parameters());
const loss = new nn.CrossEntropyLoss();
const x = randn([16, 20]);
const labels = randint(0, 5, [16]);

const mebibytes = (): number => {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return (heapUsed + external + arrayBuffers) / 2 ** 20;
};

let firstMiB = 0;
for (let step = 1; step <= steps; step++) {
  optimizer.zeroGrad();
  loss.forward(model.forward(x), labels).backward();
  optimizer.step();
  if (step === 500) firstMiB = mebibytes();
}
console.log(JSON.stringify({ firstMiB, lastMiB: mebibytes(), steps }));

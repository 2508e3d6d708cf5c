// The program that a stranger would run first: trains a small network and prints what came of it as JSON. `?worker` behind its name says that it runs in one.
import { backendReport, cpu, manualSeed, nn, noGrad, optim, randn, setThreads, tensor } from "gradtape";

manualSeed(0);
const model = new nn.Sequential(new nn.Linear(20, 32), new nn.GELU(), new nn.LayerNorm(32), new nn.Linear(32, 4));
const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01 });
const x = randn([16, 20]);
const labels = tensor(Int32Array.from({ length: 16 }, (_, k) => k % 4));
const loss = () => new nn.CrossEntropyLoss().forward(model.forward(x), labels);
const losses = [];
for (let step = 0; step < 20; step++) {
  optimizer.zeroGrad();
  const value = loss();
  value.backward();
  optim.clipGradNorm(model.parameters(), 1);
  optimizer.step();
  losses.push(value.item());
}
const after = noGrad(loss).item();
if (!(after < losses[0])) throw new Error(`the loss went from ${losses[0]} to ${after}`);

// A product large enough for two threads, where there are any: the same bits.
const large = randn([300, 300]);
const alone = large.matmul(large).data();
const threads = await setThreads(2);
const together = large.matmul(large).data();
if (alone.some((value, k) => value !== together[k])) throw new Error("two threads compute something else than one");

const { map } = backendReport();
console.log(JSON.stringify({ backend: cpu.backend.name, threads, kernels: map?.wasm ?? 0, losses }));
if (import.meta.url.endsWith("?worker")) globalThis.close?.();

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createWasmBackend } from "@gradtape/wasm";
import { Generator, nn, optim, randint, randn, tensor } from "gradtape";
import { expect, test } from "vitest";
import { onBackend } from "./poison.ts";

test("memory stays flat over 10,000 synchronous steps, which give the collector's finalizers no chance to run", () => {
  const wasm = createWasmBackend({ smallBytes: 1024, budgetBytes: 4 * 2 ** 20 });
  onBackend(wasm, () => {
    const generator = new Generator(5);
    const model = new nn.Sequential(new nn.Linear(20, 32, { generator }), new nn.ReLU(), new nn.Linear(32, 4, { generator }));
    const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01 });
    const x = randn([64, 20], { generator });
    const labels = randint(0, 4, [64], { generator });
    const loss = new nn.CrossEntropyLoss();
    const step = (): number => {
      optimizer.zeroGrad();
      const value = loss.forward(model.forward(x), labels);
      value.backward();
      optimizer.step();
      return value.item();
    };
    const first = step();
    for (let i = 1; i < 1000; i++) step();
    const early = wasm.memoryReport();
    const resident = process.memoryUsage().rss;
    for (let i = 1000; i < 10_000; i++) step();
    const late = wasm.memoryReport();
    expect(late.size).toBe(early.size);
    expect(late.variables).toEqual(early.variables);
    expect(late.values.bytes).toBeLessThanOrEqual(4 * 2 ** 20);
    expect(late.spilled.count).toBeGreaterThan(1000);
    expect(process.memoryUsage().rss - resident).toBeLessThan(128 * 2 ** 20);
    expect(step()).toBeLessThan(first / 4);
  });
});

test("what nobody holds comes back to the memory when finalizers run", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const wasm = createWasmBackend();
  await onBackend(wasm, async () => {
    let sum = 0;
    for (let i = 0; i < 8; i++) sum += tensor(new Float32Array(500_000).fill(i)).sum().item();
    expect(sum).toBe(500_000 * 28);
    expect(wasm.memoryReport().values.count).toBe(8);
    for (let i = 0; i < 5; i++) {
      collect();
      await new Promise((done) => setTimeout(done, 10));
    }
    expect(wasm.memoryReport().values.count).toBe(0);
  });
});

import { manualSeed, nn, optim, randn, type Tensor, tensor } from "gradtape";

/** Losses of a small network with layers of several kinds, the same wherever it trains. */
export function train(steps: number): number[] {
  manualSeed(0);
  const model = new nn.Sequential(new nn.Linear(20, 16), new nn.GELU(), new nn.LayerNorm(16), new nn.Linear(16, 4));
  const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01 });
  const criterion = new nn.CrossEntropyLoss();
  const x = randn([16, 20]);
  const labels = tensor(Int32Array.from({ length: 16 }, (_, k) => k % 4));
  const step = (): Tensor => {
    optimizer.zeroGrad();
    const loss = criterion.forward(model.forward(x), labels);
    loss.backward();
    optim.clipGradNorm(model.parameters(), 1);
    optimizer.step();
    return loss;
  };
  return Array.from({ length: steps }, () => step().item());
}

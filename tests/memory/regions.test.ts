import { customGrad, Generator, grad, nn, optim, randint, randn, reference, type Tensor, tensor } from "gradtape";
import { expect, test } from "vitest";
import { onBackend, poisonBackend } from "./poison.ts";

/** Losses of a small classifier with everything that a step of the lesson has. */
function train(steps: number, watch: (model: nn.Sequential, logits: Tensor) => void = () => {}): number[] {
  const generator = new Generator(5);
  const model = new nn.Sequential(new nn.Linear(7, 16, { generator }), new nn.ReLU(), new nn.Linear(16, 4, { generator }));
  const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01, amsgrad: true });
  const x = randn([12, 7], { generator });
  const labels = randint(0, 4, [12], { generator });
  const loss = new nn.CrossEntropyLoss({ labelSmoothing: 0.1 });
  return Array.from({ length: steps }, () => {
    optimizer.zeroGrad();
    const logits = model.forward(x);
    const value = loss.forward(logits, labels);
    value.backward();
    watch(model, logits);
    optim.clipGradNorm(model.parameters(), 1);
    optimizer.step();
    return value.item();
  });
}

test("a training loop frees its temporaries and never what somebody can still see", () => {
  const { backend, freed } = poisonBackend();
  const seen: Tensor[] = [];
  const keep = (model: nn.Sequential, logits: Tensor): void => {
    seen.push(logits, ...model.parameters().map((parameter) => parameter.grad as Tensor));
  };
  const plain = onBackend(reference, () => train(12));
  expect(onBackend(backend, () => train(12))).toEqual(plain);
  expect(freed()).toBeGreaterThan(12 * 10);
  expect(onBackend(backend, () => train(12, keep))).toEqual(plain);
  for (const tensor of seen) expect(tensor.data().every(Number.isFinite)).toBe(true);
});

test("higher derivatives, hooks, retained graphs and shared gradients keep what they need", () => {
  const run = (): number[] => {
    const x = tensor([0.3, -0.7, 1.1], { dtype: "float64", requiresGrad: true });
    const y = tensor([1, 2, 3], { dtype: "float64", requiresGrad: true });
    const hooked: Tensor[] = [];
    const h = x.mul(y).retainGrad();
    h.registerHook((g) => {
      hooked.push(g);
      return g.mul(2);
    });
    const z = h.tanh().add(x).softmax(0).logSumExp().add(x.add(y).sum());
    z.backward({ retainGraph: true });
    z.backward();
    const first = grad(x.exp().mul(y).sum(), [x, y], { createGraph: true });
    const [second] = grad(first[0].mul(first[1]).sum(), [x], { createGraph: true });
    const third = grad(second.sum(), x);
    return [x.grad, y.grad, h.grad, ...hooked, ...first, second, third].flatMap((t) => [...(t as Tensor).data()]);
  };
  expect(onBackend(poisonBackend().backend, run)).toEqual(onBackend(reference, run));
});

test("gradients that grow in place are those of a backend that never takes memory back", () => {
  const run = (): number[] => {
    const generator = new Generator(8);
    const lstm = new nn.LSTM(3, 4, { generator, numLayers: 2, bidirectional: true });
    const kept: Tensor[] = [];
    lstm.parameters()[1].registerHook((g) => void kept.push(g));
    for (let batch = 0; batch < 3; batch++) {
      const [output, state] = lstm.forward(randn([5, 2, 3], { generator }));
      output.square().sum().add(state[0].sum()).backward();
      if (batch === 1) kept.push(lstm.parameters()[0].grad as Tensor);
    }
    return [...kept, ...lstm.parameters().map((parameter) => parameter.grad as Tensor)].flatMap((g) => [...g.data()]);
  };
  const { backend, freed } = poisonBackend();
  expect(onBackend(backend, run)).toEqual(onBackend(reference, run));
  expect(freed()).toBeGreaterThan(100);
});

test("formulas over rows, normalizations and products that are made together read nothing that was freed", () => {
  const run = (): number[] => {
    const generator = new Generator(8);
    const model = new nn.Sequential(
      new nn.Conv2d(2, 4, 3, { generator }),
      new nn.BatchNorm2d(4),
      new nn.GELU(),
      new nn.Flatten(),
      new nn.Linear(64, 8, { generator }),
      new nn.LayerNorm([8]),
      new nn.Linear(8, 3, { generator }),
    );
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.05 });
    const [x, labels] = [randn([6, 2, 6, 6], { generator }), randint(0, 3, [6], { generator })];
    const losses = Array.from({ length: 5 }, () => {
      optimizer.zeroGrad();
      const loss = new nn.CrossEntropyLoss().forward(model.forward(x), labels);
      loss.backward();
      optim.clipGradNorm(model.parameters(), 0.5);
      optimizer.step();
      return loss.item();
    });
    const [a, b] = [2, 5].map((value) => tensor([value, value + 1], { dtype: "float64", requiresGrad: true }));
    const y = customGrad((p, q) => ({ value: p.mul(q), vjp: (g) => [g.mul(q), g.mul(p)] }))(a, b);
    const gradient = tensor([1, 10], { dtype: "float64" });
    y.backward({ gradient, retainGraph: true });
    y.backward({ gradient });
    return [...losses, ...(a.grad as Tensor).data(), ...(b.grad as Tensor).data()];
  };
  const { backend, freed } = poisonBackend();
  const plain = onBackend(reference, run);
  expect(plain.slice(5)).toEqual([10, 120, 4, 60]);
  expect(onBackend(backend, run)).toEqual(plain);
  expect(freed()).toBeGreaterThan(100);
});

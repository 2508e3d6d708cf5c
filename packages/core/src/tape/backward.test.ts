import { describe, expect, test } from "vitest";
import { arange, enableGrad, grad, isGradEnabled, listen, noGrad, Parameter, randn, Tape, type Tensor, tensor, Variable, zeros } from "../index.ts";

const scalar = (value: number) => tensor(value, { dtype: "float64", requiresGrad: true });

describe("backward", () => {
  test("un-broadcasts and accumulates", () => {
    const a = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { requiresGrad: true },
    );
    const b = tensor([10, 20], { requiresGrad: true });
    a.mul(b).sum().backward();
    expect(a.grad?.toArray()).toEqual([
      [10, 20],
      [10, 20],
    ]);
    expect(b.grad?.toArray()).toEqual([4, 6]);
    a.mul(b).sum().backward();
    expect(b.grad?.toArray()).toEqual([8, 12]);
    a.grad = null;
    expect(a.grad).toBe(null);
  });

  test("a tensor used many times gets the sum", () => {
    const x = scalar(3);
    const y = x.mul(x).add(x.mul(2)).add(x);
    y.backward();
    expect(x.grad?.item()).toBe(9);
  });

  test("needs a gradient for more than one element, of the same shape", () => {
    const x = tensor([1, 2], { requiresGrad: true });
    expect(() => x.mul(2).backward()).toThrow("backward: a tensor of shape [2] needs a gradient of that shape");
    expect(() => x.mul(2).backward({ gradient: zeros([3]) })).toThrow("the gradient has shape [3], the tensor [2]");
    x.mul(2).backward({ gradient: tensor([1, 10]) });
    expect(x.grad?.toArray()).toEqual([2, 20]);
    expect(() => tensor([1]).backward()).toThrow("does not depend on anything that requires a gradient");
  });

  test("a second pass needs retainGraph; the refused one changes nothing", () => {
    const x = scalar(2);
    const y = x.square();
    y.backward();
    expect(() => y.backward()).toThrow("were freed by an earlier backward(); pass { retainGraph: true }");
    expect(x.grad?.item()).toBe(4);
    const z = x.square();
    z.backward({ retainGraph: true });
    z.backward();
    expect(x.grad?.item()).toBe(12);
  });

  test("a saved value changed in place is refused, and nothing is half-applied", () => {
    const w = new Parameter([1, 2]);
    const x = tensor([3, 4], { requiresGrad: true });
    const y = w.mul(x).sum();
    w.assign([5, 6]);
    expect(() => y.backward()).toThrow("mul saved input 0 of shape [2] at version 0, but it was changed in place since (version 1)");
    expect(x.grad).toBe(null);
    const sum = w.add(x).sum();
    w.assign([7, 8]);
    sum.backward();
    expect(w.grad?.toArray()).toEqual([1, 1]);
  });

  test("a view of a parameter is stale too when the parameter changes", () => {
    const w = new Parameter([
      [1, 2],
      [3, 4],
    ]);
    const y = w.transpose(0, 1).exp().square().sum();
    w.assign([
      [0, 0],
      [0, 0],
    ]);
    y.backward();
    const z = tensor([[1, 1]])
      .matmul(w.transpose(0, 1))
      .sum();
    w.assign([
      [1, 1],
      [1, 1],
    ]);
    expect(z.requiresGrad).toBe(true);
    const product = tensor([[1, 1]], { requiresGrad: true })
      .matmul(w.transpose(0, 1))
      .sum();
    w.assign([
      [1, 1],
      [1, 1],
    ]);
    expect(() => product.backward()).toThrow("matmul saved input 1");
  });

  test("createGraph gives derivatives of derivatives", () => {
    const x = scalar(0.7);
    let y: Tensor = x.tanh();
    const t = Math.tanh(0.7);
    const expected = [1 - t * t, -2 * t * (1 - t * t), (1 - t * t) * (6 * t * t - 2), (1 - t * t) * t * (16 - 24 * t * t)];
    for (const value of expected) {
      y = grad(y, x, { createGraph: true });
      expect(y.item()).toBeCloseTo(value, 12);
    }
  });

  test("grad leaves no trace in grad, tells unused inputs, and follows interior tensors", () => {
    const x = scalar(2);
    const unused = scalar(1);
    const h = x.square();
    const y = h.exp();
    expect(() => grad(y, [x, unused], { retainGraph: true })).toThrow("do not depend on input 1 of shape []; pass { allowUnused: true }");
    const [gx, gu, gh] = grad(y, [x, unused, h], { allowUnused: true });
    expect([gx?.item(), gu, gh?.item()]).toEqual([4 * Math.exp(4), null, Math.exp(4)]);
    expect(x.grad).toBe(null);
    expect(() => grad(y, tensor(1))).toThrow("input 0 of shape [] does not require a gradient");
  });

  test("noGrad, enableGrad and detach", () => {
    const x = scalar(2);
    expect(noGrad(() => x.square()).requiresGrad).toBe(false);
    expect(noGrad(() => enableGrad(() => x.square())).requiresGrad).toBe(true);
    expect(() => noGrad(() => Promise.resolve(1))).toThrow("returned a promise");
    expect(() => noGrad(() => x.matmul(x))).toThrow();
    expect(isGradEnabled()).toBe(true);
    expect(x.detach().requiresGrad).toBe(false);
    expect(x.detach().storage).toBe(x.storage);
  });

  test("hooks change gradients and can be removed; retainGrad keeps interior ones", () => {
    const x = scalar(3);
    const h = x.mul(2).retainGrad();
    const remove = h.registerHook((g) => g.mul(10));
    h.square().backward({ retainGraph: true });
    expect(h.grad?.item()).toBe(120);
    expect(x.grad?.item()).toBe(240);
    remove();
    x.grad = null;
    const y = x.mul(2);
    y.registerHook(() => zeros([2], { dtype: "float64" }));
    expect(() => y.square().backward()).toThrow("hook: returned a gradient of shape [2] for a tensor of shape []");
    expect(() => tensor(1).registerHook(() => undefined)).toThrow("does not require a gradient");
  });

  test("mixed dtypes: each leaf gets a gradient of its own dtype", () => {
    const a = tensor([1, 2], { requiresGrad: true });
    const b = tensor([3, 4], { dtype: "float64", requiresGrad: true });
    a.mul(b).sum().backward();
    expect([a.grad?.dtype, b.grad?.dtype]).toEqual(["float32", "float64"]);
  });

  test("20,000 nodes deep, and 5,000 parameters wide", () => {
    const x = scalar(1);
    let y: Tensor = x;
    for (let i = 0; i < 20_000; i++) y = y.add(1e-4);
    y.backward();
    expect(x.grad?.item()).toBe(1);
    const parameters = Array.from({ length: 5000 }, (_, i) => new Parameter(tensor([i])));
    parameters
      .reduce((sum: Tensor, p) => sum.add(p), zeros([1]))
      .sum()
      .backward();
    expect(parameters.every((p) => p.grad?.item() === 1)).toBe(true);
  });
});

describe("variables", () => {
  test("change in place through assign alone, and count versions", () => {
    const v = new Variable([1, 2]);
    const before = v.clone();
    v.assign([3, 4]);
    expect([v.version, v.toArray(), before.toArray()]).toEqual([1, [3, 4], [1, 2]]);
    expect(() => v.assign([1, 2, 3])).toThrow("assign: values of shape [3] do not fit a variable of shape [2]");
    expect(v.requiresGrad).toBe(false);
    expect(new Parameter([1]).requiresGrad).toBe(true);
    expect(() => new Parameter(tensor([1], { dtype: "int32" }))).toThrow("only float32 and float64");
  });
});

describe("tape", () => {
  test("lists what ran, in order, with formulas, inputs, and what is saved", () => {
    const x = randn([2, 3]).requireGrad();
    const w = new Parameter(randn([3, 4]));
    const y = x.matmul(w).tanh().sum(1);
    const tape = Tape.of(y);
    expect([...tape].map((entry) => entry.op)).toEqual(["leaf", "leaf", "matmul", "tanh", "sum"]);
    expect(tape.entries[2].inputs).toEqual([0, 1]);
    expect(tape.entries[2].saved).toEqual(["input 0", "input 1"]);
    expect(tape.entries[3].formula).toBe("tanh(x)");
    expect(tape.entries[3].saved).toEqual(["output"]);
    expect(tape.entries[4].attrs).toEqual({ dims: [1], keepDim: false });
    expect(tape.toString().split("\n")[4].trim()).toMatch(/^%3 +tanh +%2 +float32 \[2,4\] +output$/);
    expect(() => Tape.of(arange(3))).toThrow("nothing was recorded");
  });

  test("listeners see every operation, recorded or not", () => {
    const seen: string[] = [];
    const stop = listen(({ op }) => seen.push(op.name));
    noGrad(() => tensor([1, 2]).exp().sum());
    stop();
    tensor([1]).exp();
    expect(seen).toEqual(["exp", "sum"]);
  });
});

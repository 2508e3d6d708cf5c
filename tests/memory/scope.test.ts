import { createWasmBackend } from "@gradtape/wasm";
import { grad, keep, nn, optim, Parameter, randn, scope, type Tensor, tensor } from "gradtape";
import { describe, expect, test } from "vitest";
import { onBackend, poisonBackend } from "./poison.ts";

const large = 100_000;

describe("a scope on the CPU", () => {
  test("frees what was made in it, except what it returns and what is kept", () => {
    const { backend } = poisonBackend();
    onBackend(backend, () => {
      const x = randn([8]);
      let held: Tensor | undefined;
      let kept: Tensor | undefined;
      const y = scope(() => {
        held = x.mul(2);
        kept = keep(held.add(1));
        return { sum: kept.exp().sum() };
      });
      expect(y.sum.item()).toBeCloseTo(x.mul(2).add(1).exp().sum().item(), 4);
      expect(kept?.data().length).toBe(8);
      expect(() => held?.data()).toThrow("use after free");
      expect(x.data().length).toBe(8);
    });
  });

  test("a recorded result can be differentiated outside, twice", () => {
    onBackend(poisonBackend().backend, () => {
      const w = tensor([1, 2, 3], { requiresGrad: true });
      const loss = scope(() => w.mul(2).exp().mul(w).square().sum());
      const first = grad(loss, w, { createGraph: true });
      expect(grad(first.sum(), w).data().every(Number.isFinite)).toBe(true);
    });
  });

  test("a scope inside a scope hands its result to it", () => {
    onBackend(poisonBackend().backend, () => {
      const x = randn([4]);
      let inner: Tensor | undefined;
      const outer = scope(() => {
        inner = scope(() => x.mul(3));
        return inner.add(1);
      });
      expect(outer.sub(x.mul(3)).toArray()).toEqual([1, 1, 1, 1].map((one) => expect.closeTo(one, 5)));
      expect(() => inner?.data()).toThrow("use after free");
    });
  });

  test("training steps in scopes move parameters as they do without; gradients and state stay", () => {
    const losses = (step: (fn: () => number) => number, { backend } = poisonBackend()): number[] =>
      onBackend(backend, () => {
        const x = tensor(
          Float32Array.from({ length: 60 }, (_, i) => Math.sin(i)),
          { shape: [20, 3] },
        );
        const labels = tensor(Int32Array.from({ length: 20 }, (_, i) => i % 2));
        const model = new nn.Sequential(new nn.Linear(3, 5), new nn.Tanh(), new nn.Linear(5, 2));
        for (const [k, p] of model.parameters().entries()) p.assign(p.newZeros().add(0.1 * (k + 1)));
        const optimizer = new optim.AdamW(model.parameters(), { lr: 0.05 });
        return Array.from({ length: 20 }, () =>
          step(() => {
            optimizer.zeroGrad();
            const loss = new nn.CrossEntropyLoss().forward(model.forward(x), labels);
            loss.backward();
            optim.clipGradNorm(model.parameters(), 1);
            optimizer.step();
            return loss.item();
          }),
        );
      });
    expect(losses((fn) => scope(fn))).toEqual(losses((fn) => fn()));
  });

  type Maker = new (params: readonly Parameter[], options: { lr: number }) => optim.Optimizer;
  const makers = Object.entries<unknown>({ ...optim }).filter(
    (entry): entry is [string, Maker] => typeof entry[1] === "function" && entry[1].prototype instanceof optim.Optimizer,
  );

  test.each(makers)("%s keeps what it needs when its steps are in scopes", (name, Rule) => {
    const losses = (step: (fn: () => number) => number): number[] =>
      onBackend(poisonBackend().backend, () => {
        const w = new Parameter(
          tensor(
            [
              [0.5, -1.5],
              [2, 0.25],
            ],
            { dtype: "float64" },
          ),
        );
        const optimizer = new Rule([w], { lr: 0.01 });
        const loss = (): Tensor => w.square().sum().add(w.sin().sum());
        const again = (): Tensor => {
          optimizer.zeroGrad();
          const value = loss();
          value.backward();
          return value;
        };
        return Array.from({ length: 6 }, () =>
          step(() => {
            const before = again().item();
            optimizer.step(name === "LBFGS" ? again : undefined);
            return before;
          }),
        );
      });
    expect(losses((fn) => scope(fn))).toEqual(losses((fn) => fn()));
  });

  test("memory is used again by the next turn of a synchronous loop, by scope() and by dispose()", () => {
    const wasm = createWasmBackend();
    onBackend(wasm, () => {
      const x = randn([large]);
      const before = wasm.memoryReport().values;
      for (let i = 0; i < 100; i++) scope(() => x.add(1).exp().sum().item());
      for (let i = 0; i < 100; i++) x.exp().dispose();
      expect(wasm.memoryReport().values).toEqual(before);
      expect(wasm.memoryReport().size).toBe(16 * 2 ** 20);
    });
  });

  test("disposing twice does nothing; reading afterwards is an error that names the way out", () => {
    onBackend(createWasmBackend(), () => {
      for (const n of [4, large]) {
        const x = randn([n]);
        const view = x.reshape([2, n / 2]);
        x.dispose();
        x.dispose();
        expect(() => x.data()).toThrow("return it from the scope, or keep(tensor)");
        expect(() => view.add(1)).toThrow("was given back");
      }
    });
  });

  test("an asynchronous function is refused", () => {
    expect(() => scope(async () => 1)).toThrow("returned a promise");
  });
});

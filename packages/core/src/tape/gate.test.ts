import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type Backend,
  cpu,
  enableGrad,
  Generator,
  jvp,
  linear,
  linearRelu,
  listen,
  listenBackward,
  noGrad,
  randn,
  relu,
  Tape,
  type Tensor,
} from "../index.ts";

const generator = new Generator(5);
const leaf = (...shape: number[]): Tensor => randn(shape, { dtype: "float64", generator, requiresGrad: true });
const values = (...tensors: (Tensor | null)[]): number[][] => tensors.map((x) => [...(x?.data() ?? [])]);

const [x, w1, b1, w2, b2] = [leaf(6, 5), leaf(7, 5), leaf(7), leaf(4, 7), leaf(4)];
const leaves = [x, w1, b1, w2, b2];

/** Sums in another order: the same but for their last bits. */
function expectClose(actual: readonly number[][], wanted: readonly number[][]): void {
  expect(actual.map(({ length }) => length)).toEqual(wanted.map(({ length }) => length));
  const most = (numbers: readonly number[]): number => Math.max(1, ...numbers.map(Math.abs));
  for (const [k, numbers] of actual.entries())
    for (const [i, value] of numbers.entries()) expect(Math.abs(value - wanted[k][i])).toBeLessThan(1e-14 * most(wanted[k]));
}

/** The gradients of all leaves. */
function gradientsOf(loss: () => Tensor): number[][] {
  for (const each of leaves) each.grad = null;
  loss().backward();
  return values(...leaves.map(({ grad }) => grad));
}

/** What it must be: a listener sees every step, so that nothing is done together. */
function expected(loss: () => Tensor): number[][] {
  const stop = listenBackward(() => {});
  try {
    return gradientsOf(loss);
  } finally {
    stop();
  }
}

let gates: number;
let spy: { mockRestore(): void };
beforeEach(() => {
  gates = 0;
  const matmul: Backend["matmul"] = cpu.backend.matmul.bind(cpu.backend);
  spy = vi.spyOn(cpu.backend, "matmul").mockImplementation((a, b, output, start, gate) => {
    if (gate !== undefined && gate !== output) gates++;
    matmul(a, b, output, start, gate);
  });
});
afterEach(() => spy.mockRestore());

const square = (y: Tensor): Tensor => y.square().sum();

describe("a product before a ReLU, in a backward pass", () => {
  test("masks its gradient by itself", () => {
    const loss = (): Tensor => square(linear(relu(linear(x, w1, b1)), w2, b2));
    const wanted = expected(loss);
    expect(gates).toBe(0);
    expect(gradientsOf(loss)).toEqual(wanted);
    expect(gates).toBe(1);
  });

  test("does so where the ReLU goes to several products, or to both sides of one", () => {
    const losses: readonly (() => Tensor)[] = [
      () => {
        const h = relu(linear(x, w1, b1));
        return square(linear(h, w2, b2)).add(square(linear(h, w2)));
      },
      () => {
        const h = relu(linear(x, w1, b1));
        return square(h.matmul(h.transpose(0, 1)).matmul(h));
      },
      () => {
        const h = relu(linear(x, w1.narrow(0, 0, 6), b1.narrow(0, 0, 6)));
        return square(h.matmul(h)).add(square(w2)).add(square(b2));
      },
    ];
    for (const loss of losses) {
      const wanted = expected(loss);
      gates = 0;
      const actual = gradientsOf(loss);
      expect(gates).toBeGreaterThan(0);
      expectClose(actual, wanted);
    }
  });

  test("and other operations, before or after it on the way, share the ReLU", () => {
    const losses: readonly ((h: Tensor) => Tensor)[] = [
      (h) => square(linear(h, w2, b2)).add(square(h.sin())),
      (h) => square(h.sin()).add(square(linear(h, w2, b2))),
      (h) =>
        square(linear(h, w2, b2))
          .add(h.prod(0).sum())
          .add(square(linear(h.cos(), w2))),
    ];
    for (const tail of losses) {
      const loss = (): Tensor => tail(relu(linear(x, w1, b1)));
      const wanted = expected(loss);
      expectClose(gradientsOf(loss), wanted);
    }
  });

  test("does not where somebody wants the gradient of the ReLU's result", () => {
    const h = (): Tensor => relu(linear(x, w1, b1));
    const wanted = expected(() => square(linear(h(), w2, b2)));
    let seen: Tensor | null = null;
    const kept = gradientsOf(() => {
      const hidden = h().retainGrad();
      seen = hidden;
      return square(linear(hidden, w2, b2));
    });
    const hooked: Tensor[] = [];
    const withHook = gradientsOf(() => {
      const hidden = h();
      hidden.registerHook((g) => void hooked.push(g));
      return square(linear(hidden, w2, b2));
    });
    const stop = listen(() => {});
    const followed = gradientsOf(() => square(linear(h(), w2, b2)));
    stop();
    expect(gates).toBe(0);
    expect([kept, withHook, followed]).toEqual([wanted, wanted, wanted]);
    const whole = (seen as Tensor | null)?.grad?.toArray();
    expect(hooked.map((g) => g.toArray())).toEqual([whole]);
    expect((whole as number[][]).flat().every((value) => value !== 0)).toBe(true);
    const recorded = ((): number[][] => {
      for (const each of leaves) each.grad = null;
      square(linear(h(), w2, b2)).backward({ createGraph: true });
      return values(...leaves.map(({ grad }) => grad));
    })();
    expect(gates).toBe(0);
    expect(recorded).toEqual(wanted);
  });

  test("frees what the ReLU saved, and a second pass is refused or goes through", () => {
    const loss = square(linear(relu(linear(x, w1, b1)), w2, b2));
    loss.backward({ retainGraph: true });
    for (const each of leaves) each.grad = null;
    loss.backward();
    expect(gates).toBe(2);
    expect(() => loss.backward()).toThrow("were freed by an earlier backward()");
  });
});

describe("linearRelu", () => {
  const fused = (): Tensor => linearRelu(x, w1, b1);
  const plain = (): Tensor => relu(linear(x, w1, b1));
  const linesOf = (y: Tensor): string[] => Tape.of(y).entries.map(({ op, shape }) => `${op} ${shape}`);

  test("has the values, the gradients and the lines of both operations", () => {
    expect(fused().toArray()).toEqual(plain().toArray());
    expect(linearRelu(x, w1).toArray()).toEqual(relu(linear(x, w1)).toArray());
    expect(linearRelu(x.select(0, 2), w1, b1).toArray()).toEqual(relu(linear(x.select(0, 2), w1, b1)).toArray());
    expect(linearRelu(x.reshape([2, 3, 5]), w1, b1).toArray()).toEqual(relu(linear(x.reshape([2, 3, 5]), w1, b1)).toArray());
    for (const y of [fused, plain]) expect(gradientsOf(() => square(linear(y(), w2, b2)))).toEqual(expected(() => square(linear(plain(), w2, b2))));
    expect(linesOf(fused())).toEqual(linesOf(plain()));
    expect(linesOf(fused()).slice(-2)).toEqual(["linear 6,7", "relu 6,7"]);
  });

  test("is two operations for those who follow, and for several dtypes", () => {
    const seen: string[] = [];
    const stop = listen(({ op }) => void seen.push(op.name));
    fused();
    stop();
    expect(seen).toEqual(["linear", "relu"]);
    const mixed = linearRelu(x.to("float32"), w1, b1);
    expect(mixed.dtype).toBe("float64");
    const along = (f: typeof fused): unknown =>
      jvp((v) => (f === fused ? linearRelu(v, w1, b1) : relu(linear(v, w1, b1))), [x], [x.cos()]).tangent.toArray();
    expect(along(fused)).toEqual(along(plain));
    expect(() => linearRelu(x, w2, b2)).toThrow("linear: the last size of the input [6,5] must be the second size of the weight [4,7]");
  });

  test("records nothing inside noGrad, and a leaf that stands still gets nothing", () => {
    expect(noGrad(fused).requiresGrad).toBe(false);
    expect(noGrad(() => enableGrad(fused)).requiresGrad).toBe(true);
    expect(linearRelu(x.detach(), w1.detach(), b1.detach()).requiresGrad).toBe(false);
    const y = linearRelu(x.detach(), w1, b1.detach());
    for (const each of leaves) each.grad = null;
    square(y).backward();
    expect([x.grad, b1.grad]).toEqual([null, null]);
    expect(w1.grad?.shape).toEqual([7, 5]);
  });
});

import { describe, expect, test } from "vitest";
import {
  type BackwardStep,
  embedding,
  Generator,
  linear,
  listen,
  listenBackward,
  randn,
  type Storage,
  type Tensor,
  tensor,
  zeros,
} from "../index.ts";

const generator = new Generator(3);
const leaf = (...shape: number[]): Tensor => randn(shape, { dtype: "float64", generator, requiresGrad: true });

/** Where the gradient of a leaf lies, without a look that somebody could keep. */
const placeOf = (x: Tensor): Storage | undefined => x.node?.peekGrad()?.storage;

/** A recurrence whose weights get a product in every step, slices of its input one by one. */
function recurrence(x: Tensor, weight: Tensor, bias: Tensor, steps: number): Tensor {
  let h = x.select(0, 0);
  for (let step = 1; step < steps; step++) h = linear(h, weight, bias).tanh().add(x.select(0, step)).matmul(weight);
  return h.square().sum();
}

const values = (...tensors: (Tensor | null)[]): number[][] => tensors.map((x) => [...(x as Tensor).data()]);

function expectClose(actual: readonly number[][], expected: readonly number[][]): void {
  for (const [k, numbers] of actual.entries()) for (const [i, value] of numbers.entries()) expect(value).toBeCloseTo(expected[k][i], 10);
}

describe("gradients that arrive in several parts", () => {
  test("are the same whoever looks on", () => {
    const [x, weight, bias] = [leaf(5, 3, 4), leaf(4, 4), leaf(4)];
    const gradients = (backward: (loss: Tensor) => void): number[][] => {
      for (const each of [x, weight, bias]) each.grad = null;
      backward(recurrence(x, weight, bias, 5));
      return values(x.grad, weight.grad, bias.grad);
    };
    const recorded = gradients((loss) => loss.backward({ createGraph: true }));
    expectClose(
      gradients((loss) => loss.backward()),
      recorded,
    );
    const watched = (watch: () => () => void) => (loss: Tensor) => {
      const stop = watch();
      loss.backward();
      stop();
    };
    expectClose(gradients(watched(() => listen(() => {}))), recorded);
    expectClose(gradients(watched(() => listenBackward(() => {}))), recorded);
    expectClose(
      gradients((loss) => {
        loss.backward({ retainGraph: true });
        for (const each of [x, weight, bias]) each.grad = null;
        loss.backward();
      }),
      recorded,
    );
  });

  test("are sent one by one where a listener sees the steps", () => {
    const [x, weight] = [leaf(2, 3), leaf(3, 3)];
    const sent: number[][] = [];
    const note = ({ node, outgoing }: BackwardStep): void => {
      if (node.name === "linear") sent.push([...(outgoing[1] as Tensor).data()]);
    };
    const stop = listenBackward(note);
    const middle = linear(x, weight);
    linear(middle, weight).sum().backward();
    stop();
    const ones = zeros([2, 3], { dtype: "float64" }).add(1);
    const second = ones.transpose(0, 1).matmul(middle.detach());
    const first = ones.matmul(weight.detach()).transpose(0, 1).matmul(x.detach());
    expectClose(sent, values(second, first));
    expectClose(values(weight.grad), values(second.add(first)));
  });

  test("are added by operations that those who follow the operations see", () => {
    const x = leaf(2, 2);
    const seen: string[] = [];
    const loss = x.matmul(x).add(x).sum();
    const stop = listen(({ op }) => seen.push(op.name));
    loss.backward();
    stop();
    expect(seen.filter((name) => name === "matmul").length).toBe(2);
    expect(seen.filter((name) => name === "add").length).toBe(2);
  });

  test("a hook sees their sum, once, and may keep it", () => {
    const [x, weight] = [leaf(2, 3), leaf(3, 3)];
    const kept: Tensor[] = [];
    weight.registerHook((g) => void kept.push(g));
    const loss = (): Tensor => linear(linear(x, weight), weight).sum();
    loss().backward();
    const first = values(weight.grad);
    loss().backward();
    expect(kept.length).toBe(2);
    expect(values(...kept)).toEqual([first[0], first[0]]);
    expect(values(weight.grad)[0]).toEqual(first[0].map((value) => 2 * value));
  });

  test("one of them may be shared, broadcast or the caller's own", () => {
    const x = tensor([1, 2, 3, 4], { dtype: "float64", requiresGrad: true });
    const given = tensor([1, 10, 100, 1000], { dtype: "float64" });
    x.add(x)
      .add(x.reshape([2, 2]).reshape([4]))
      .add(x.mul(x))
      .backward({ gradient: given });
    expect(x.grad?.toArray()).toEqual([5, 70, 900, 11000]);
    expect(given.toArray()).toEqual([1, 10, 100, 1000]);
    x.grad = null;
    x.backward({ gradient: given });
    x.backward({ gradient: given });
    expect(x.grad).not.toBe(null);
    expect(given.toArray()).toEqual([1, 10, 100, 1000]);
    x.grad = null;
    const y = x.mul(1);
    y.square().sum().add(y.sum()).add(y.mean().mul(4)).add(y.sum()).backward();
    expect((x.grad as Tensor | null)?.toArray()).toEqual([5, 7, 9, 11]);
  });

  test("of slices are added to their place", () => {
    const x = leaf(4, 6);
    const [whole, a, b] = [leaf(4, 6), leaf(2, 6), leaf(4, 3)];
    const loss = x
      .mul(whole)
      .sum()
      .add(x.narrow(0, 1, 2).mul(a).sum())
      .add(x.slice(null, [null, null, -2]).mul(b).sum())
      .add(x.flip(1).narrow(1, 0, 3).mul(b).sum());
    loss.backward({ retainGraph: true, createGraph: true });
    const recorded = x.grad;
    x.grad = null;
    loss.backward();
    expectClose(values(x.grad), values(recorded));
  });
});

test("gradients of picked elements and rows are added to their place", () => {
  const [x, row] = [leaf(4, 3), leaf(3)];
  const rows = tensor([2, 0, 2], { dtype: "int32" });
  const loss = embedding(rows, x, { paddingIdx: 0 })
    .mul(row)
    .sum()
    .add(
      x
        .gather(1, tensor([[1], [0], [1], [1]], { dtype: "int32" }))
        .square()
        .sum(),
    )
    .add(embedding(rows, x).square().sum())
    .add(x.indexSelect(0, rows).mul(row).sum());
  loss.backward({ createGraph: true });
  const recorded = x.grad;
  x.grad = null;
  loss.backward();
  expectClose(values(x.grad), values(recorded));
});

describe("a gradient of several passes", () => {
  test("grows in its own memory, until somebody looks at it", () => {
    const [x, weight] = [leaf(2, 3), leaf(3, 3)];
    const pass = (): void => linear(x, weight).sum().backward();
    pass();
    const place = placeOf(weight);
    pass();
    expect(placeOf(weight)).toBe(place);
    const held = weight.grad as Tensor;
    const before = values(held);
    pass();
    expect(placeOf(weight)).not.toBe(place);
    expect(values(held)).toEqual(before);
    expect(values(weight.grad)[0]).toEqual(before[0].map((value) => 1.5 * value));
  });

  test("that the caller set is not changed under his hands", () => {
    const x = leaf(3);
    const own = tensor([1, 2, 3], { dtype: "float64" });
    x.grad = own;
    x.sum().backward();
    expect(own.toArray()).toEqual([1, 2, 3]);
    expect(x.grad?.toArray()).toEqual([2, 3, 4]);
  });

  test("of a tensor on the way stays what it was when it was read", () => {
    const x = leaf(3);
    const h = x.mul(2).retainGrad();
    const loss = h.mul(3).sum().add(h.sum());
    loss.backward({ retainGraph: true });
    const held = h.grad as Tensor;
    loss.backward();
    expect(held.toArray()).toEqual([4, 4, 4]);
    expect(h.grad?.toArray()).toEqual([8, 8, 8]);
  });
});

import { describe, expect, test } from "vitest";
import { apply, backward, grad, type Op, requireGrad, type Tensor, tensor } from "../index.ts";
import { operation } from "./op.ts";

const asked: boolean[][] = [];

/** `a b`, whose products are made together. */
const product: Op<null> = operation({
  name: "product",
  forward: ([a, b]) => (a as Tensor).mul(b as Tensor),
  jointVjp: (g, { inputs: [a, b] }, flows) => {
    asked.push(flows.map((flow) => flow !== null));
    return [g.mul(b as Tensor), g.mul(a as Tensor)];
  },
});

const leaf = (...values: number[]): Tensor => requireGrad(tensor(values, { dtype: "float64" }));

describe("products that are made together", () => {
  test("are asked for once a step, and told what is wanted", () => {
    const [a, b] = [leaf(2, 3), leaf(5, 7)];
    asked.length = 0;
    backward(apply(product, [a, b], null).sum());
    expect(asked).toEqual([[true, true]]);
    expect(a.grad?.toArray()).toEqual([5, 7]);
    expect(b.grad?.toArray()).toEqual([2, 3]);
    const y = apply(product, [a, b.detach()], null);
    expect(grad(y.sum(), a).toArray()).toEqual([5, 7]);
    expect(asked.at(-1)).toEqual([true, false]);
  });

  test("can be differentiated again", () => {
    const [a, b] = [leaf(2, 3), leaf(5, 7)];
    const first = grad(apply(product, [a, b], null).square().sum(), a, { createGraph: true });
    expect(first.toArray()).toEqual([100, 294]);
    expect(grad(first.sum(), a).toArray()).toEqual([50, 98]);
  });
});

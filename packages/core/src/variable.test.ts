import { describe, expect, test } from "vitest";
import { grad, Parameter, type Tensor, tensor } from "./index.ts";

const parameter = (values: number[]): Parameter => new Parameter(tensor(values, { dtype: "float64" }));

describe("a variable that takes over other memory", () => {
  test("leaves what was recorded with the old values as it was", () => {
    const p = parameter([2, 3]);
    const leaf = p.node;
    const loss = p.square().sum();
    p.become(tensor([10, 20], { dtype: "float64" }));
    loss.backward();
    expect(leaf?.grad?.toArray()).toEqual([4, 6]);
    expect(p.grad).toBeNull();
  });

  test("follow: gradients flow through it, and stop in it too", () => {
    const p = parameter([2, 3]);
    const start = p.detach().requireGrad();
    const loss = p.square().sum();
    p.follow(start.mul(5));
    p.square().sum().backward();
    expect(p.toArray()).toEqual([10, 15]);
    expect(p.grad?.toArray()).toEqual([20, 30]);
    expect(start.grad?.toArray()).toEqual([100, 150]);
    expect([p.isLeaf, loss.item()]).toEqual([false, 13]);
    p.become(p.detach());
    expect([p.isLeaf, p.toArray()]).toEqual([true, [10, 15]]);
  });

  test("follow: second derivatives through an update by hand", () => {
    const p = parameter([2]);
    const rate = tensor([0.1], { dtype: "float64", requiresGrad: true });
    const slope = grad(p.pow(3).sum(), p, { createGraph: true });
    p.follow(p.sub(slope.mul(rate)));
    (p.square().sum() as Tensor).backward();
    // d/drate (2 - 12 rate)² = -24 (2 - 12 rate)
    expect(rate.grad?.item()).toBeCloseTo(-24 * 0.8, 12);
  });

  test("follow refuses another shape or dtype", () => {
    expect(() => parameter([1, 2]).follow(tensor([1], { dtype: "float64" }))).toThrow(
      "follow: a tensor of shape [1] and float64 does not fit a variable of shape [2] and float64",
    );
    expect(() => parameter([1, 2]).follow(tensor([1, 2]))).toThrow("float32");
  });
});

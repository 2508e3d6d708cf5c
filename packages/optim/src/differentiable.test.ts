import { grad, Parameter, type Tensor, tensor } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import { loops } from "../test/loops.ts";
import type { Plain } from "../test/options.ts";
import type { Optimizer } from "./optimizer.ts";
import * as rules from "./rules/index.ts";
import { LAMB, SGD } from "./rules/index.ts";

const makers = rules as unknown as Readonly<Record<string, new (params: Parameter[], options: object) => Optimizer<Plain>>>;
const f64 = (values: number | number[] | number[][], requiresGrad = false): Tensor => tensor(values, { dtype: "float64", requiresGrad });
const START = [
  [0.8, -1.1, 0.4],
  [1.3, 0.6, -0.7],
];

/** A loss with curvature of its own in every element, and gradients that no rule finds zero. */
const loss = (p: Tensor): Tensor =>
  p
    .square()
    .mul(
      f64([
        [1, 2, 3],
        [0.5, 1.5, 2.5],
      ]),
    )
    .add(p.sin())
    .sum();

/** The loss after three steps, as a function of what the optimizer is given. */
function after(name: string, options: object, start: Tensor): Tensor {
  const p = new Parameter(start.detach());
  if (start.requiresGrad) p.follow(start.mul(1));
  const optimizer = new makers[name]([p], { ...options, differentiable: true });
  for (let k = 0; k < 3; k++) {
    p.grad = grad(loss(p), p, { createGraph: true });
    optimizer.step();
  }
  return loss(p);
}

const slope = (f: (x: number) => number, x: number): number => {
  const h = 1e-5 * Math.max(Math.abs(x), 0.1);
  return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h);
};
const near = (got: number, want: number): void => expect(Math.abs(got - want)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(want)));

const rates: Readonly<Record<string, number>> = { LARS: 0.3, Adadelta: 0.7 };

describe.each(Object.keys(loops))("%s", (name) => {
  test("the gradient of a learning rate is that of finite differences", () => {
    const at = rates[name] ?? 0.03;
    const lr = f64(at, true);
    after(name, { lr }, f64(START)).backward();
    near(
      lr.grad?.item() ?? Number.NaN,
      slope((x) => after(name, { lr: x }, f64(START)).item(), at),
    );
  });

  test("so is that of the start", () => {
    const start = f64(START, true);
    after(name, { lr: rates[name] ?? 0.03 }, start).backward();
    const moved = (x: number): Tensor => f64([[START[0][0], x, START[0][2]], START[1]]);
    near(
      start.grad?.data()[1] ?? Number.NaN,
      slope((x) => after(name, { lr: rates[name] ?? 0.03 }, moved(x)).item(), START[0][1]),
    );
  });
});

test("momentum, decay and betas can be learnt too", () => {
  const momentum = f64(0.8, true);
  const weightDecay = f64(0.1, true);
  after("SGD", { lr: 0.05, momentum, weightDecay }, f64(START)).backward();
  near(
    momentum.grad?.item() ?? Number.NaN,
    slope((x) => after("SGD", { lr: 0.05, momentum: x, weightDecay: 0.1 }, f64(START)).item(), 0.8),
  );
  near(
    weightDecay.grad?.item() ?? Number.NaN,
    slope((x) => after("SGD", { lr: 0.05, momentum: 0.8, weightDecay: x }, f64(START)).item(), 0.1),
  );
  const beta = f64(0.9, true);
  after("Adam", { lr: 0.05, betas: [beta, 0.99] }, f64(START)).backward();
  near(
    beta.grad?.item() ?? Number.NaN,
    slope((x) => after("Adam", { lr: 0.05, betas: [x, 0.99] }, f64(START)).item(), 0.9),
  );
});

test("a learning rate is learnt by hypergradient", () => {
  const lr = new Parameter(f64(0.01));
  const meta = new SGD([lr], { lr: 2e-4 });
  const losses = Array.from({ length: 15 }, () => {
    const value = after("SGD", { lr }, f64(START));
    meta.zeroGrad();
    value.backward();
    meta.step();
    return value.item();
  });
  for (const [k, value] of losses.slice(1).entries()) expect(value).toBeLessThan(losses[k]);
});

test("a zero tensor does not turn gradients into NaN", () => {
  const lr = f64(0.1, true);
  const p = new Parameter(f64([0, 0]));
  const optimizer = new LAMB([p], { lr, differentiable: true });
  p.grad = f64([1, -1]);
  optimizer.step();
  p.sum().backward();
  expect(lr.grad?.item()).toBeCloseTo(0, 12);
});

test("become makes a leaf again", () => {
  const p = new Parameter(f64([1, 2]));
  p.grad = f64([1, 1]);
  new SGD([p], { lr: f64(0.1, true), differentiable: true }).step();
  expect(p.isLeaf).toBe(false);
  p.become(f64([3, 4]));
  expect([p.isLeaf, p.toArray()]).toEqual([true, [3, 4]]);
});

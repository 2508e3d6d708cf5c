import { Parameter, tensor } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import { norm } from "./measure.ts";
import { Optimizer } from "./optimizer.ts";
import { rule } from "./rule.ts";
import { Adam } from "./rules/index.ts";

const parameter = (values: number[] = [1, 2, 3]): Parameter => new Parameter(tensor(values, { dtype: "float64" }));
const withGradient = (p: Parameter, gradient: number[] = [1, 1, 1]): Parameter => {
  p.grad = tensor(gradient, { dtype: "float64", shape: p.shape });
  return p;
};

describe("rules of one's own", () => {
  const lr = { lr: 0.1 };
  test.each<[string, () => unknown, string]>([
    [
      "a name that nothing gives",
      () => rule("Mine", { options: lr }, "p = p - rate * g"),
      "rule Mine: rate is neither p, g, t, a state, a measure nor an option",
    ],
    ["a name given twice", () => rule("Mine", { options: lr, state: { lr: 0 } }, "p = p - lr * g"), "rule Mine: the name lr is given twice"],
    ["a start that is no option", () => rule("Mine", { options: lr, state: { m: "rate" } }, "p = p - m"), "state starts from rate"],
    ["a result that is no state", () => rule("Mine", { options: lr, results: ["ax"] }, "p = p - lr * g"), "ax is listed in results"],
    ["no line for p", () => rule("Mine", { options: lr, state: { m: 0 } }, "m = g"), "no line assigns p"],
    ["text that is no formula", () => rule("Mine", { options: lr }, "p = p - lr * "), "expected"],
    ["a measure of nothing", () => rule("Mine", { options: lr, measures: { n: norm("q") } }, "p = p - lr * g / n"), "a measure reads q"],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(message);
  });

  test("a number that follows from tensors is refused before anything moves", () => {
    const p = withGradient(parameter());
    const optimizer = new Optimizer(rule("Mine", { options: lr, scalars: { n: 0 } }, "n = n + g; p = p - lr * n * g"), [p]);
    expect(() => optimizer.step()).toThrow("n is kept as a number but follows from tensors");
    expect(p.toArray()).toEqual([1, 2, 3]);
  });

  test("norms of one's own: a gradient of length 1", () => {
    const p = withGradient(parameter([1, 2]), [3, 4]);
    const unit = rule("Unit", { options: lr, measures: { size: norm("g") } }, "p = p - lr * g / size");
    new Optimizer(unit, [p]).step();
    expect(p.toArray()).toEqual([expect.closeTo(0.94, 12), expect.closeTo(1.92, 12)]);
  });
});

test("a custom rule: Adam with clipping", () => {
  const clipped = rule(
    "ClippedAdam",
    { options: { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, clip: 1 }, state: { m: 0, v: 0 } },
    `g    = clamp(g, -clip, clip)
     m    = beta1 * m + (1 - beta1) * g
     v    = beta2 * v + (1 - beta2) * g ** 2
     mHat = m / (1 - beta1 ** t)
     vHat = v / (1 - beta2 ** t)
     p    = p - lr * mHat / (sqrt(vHat) + eps)`,
  );
  const [p, q] = [parameter([1, 1, 1]), parameter([1, 1, 1])];
  const optimizer = new Optimizer(clipped, [p], { lr: 0.1 });
  const adam = new Adam([q], { lr: 0.1 });
  for (const gradient of [
    [5, 0.5, -3],
    [0.2, -0.1, 9],
  ]) {
    withGradient(p, gradient);
    withGradient(
      q,
      gradient.map((x) => Math.min(1, Math.max(-1, x))),
    );
    const { terms } = optimizer.explain(p, 2);
    expect(terms.map((term) => term.name).sort()).toEqual(["gradient", "momentum"]);
    optimizer.step();
    adam.step();
  }
  expect(p.data()).toEqual(q.data());
  expect(() => new Optimizer(clipped, [parameter()], { clp: 1 } as object)).toThrow('did you mean "clip"?');
});

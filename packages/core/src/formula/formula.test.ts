import { describe, expect, it } from "vitest";
import { name, number } from "./expression.ts";
import { Formula, formula } from "./formula.ts";
import { hoist } from "./hoist.ts";
import { toLatex } from "./latex.ts";
import { parseExpression } from "./parse.ts";
import { toText } from "./print.ts";

const adam = formula(`
  m = beta1 * m + (1 - beta1) * g
  v = beta2 * v + (1 - beta2) * g ** 2
  mHat = m / (1 - beta1 ** t)
  vHat = v / (1 - beta2 ** t)
  p = p - lr * mHat / (sqrt(vHat) + eps)
`);

describe("Formula", () => {
  it("knows what it reads and what it assigns", () => {
    expect(adam.inputs).toEqual(["beta1", "m", "g", "beta2", "v", "t", "p", "lr", "eps"]);
    expect(adam.assigned).toEqual(["m", "v", "mHat", "vHat", "p"]);
    expect(formula(adam.source)).toBe(adam);
  });

  it("resolves in sequence: a line reads the old value of its own name, later lines the new one", () => {
    const final = formula("m = beta * m + g; p = p - m; m = 2 * m").resolve();
    expect(final.get("p")).toBe(parseExpression("p - (beta * m + g)"));
    expect(final.get("m")).toBe(parseExpression("2 * (beta * m + g)"));
  });

  it("does not grow exponentially while it resolves", () => {
    const doubling = new Formula(Array.from({ length: 60 }, () => ({ name: "x", expression: parseExpression("x * x + x") })));
    expect(doubling.resolve().get("x")).toBeDefined();
  });

  it("binds constants and folds what they decide", () => {
    const sgd = formula(`
      g = g + weightDecay * p
      b = momentum * b + g
      p = p - lr * (nesterov ? g + momentum * b : b)
    `);
    expect(toText(sgd.bind({ nesterov: 0, weightDecay: 0 }))).toBe("b = momentum * b + g\np = p - lr * b");
    expect(sgd.bind({ nesterov: 1, momentum: 0, weightDecay: 0 }).inputs).toEqual(["g", "p", "lr"]);
    expect(toText(formula("k = 2; x = k * k * x; k = a; x = k * x").bind({ a: 3 }))).toBe("k = 2\nx = 4 * x\nk = 3\nx = 3 * x");
    expect(sgd.bind({ constructor: 1 } as never).inputs).toEqual(sgd.inputs);
  });

  it("traces line by line", () => {
    const lines = adam.trace({ m: 0, v: 0, p: 1, g: 0.5, t: 1, beta1: 0.9, beta2: 0.999, lr: 0.1, eps: 0 });
    expect(lines.map((line) => line.name)).toEqual(adam.assigned);
    expect(lines.at(-1)!.value).toBeCloseTo(0.9, 12);
    expect(() => adam.trace({ m: 0 })).toThrow("`beta1` has no value; given: m");
  });

  it("prints as a paper", () => {
    expect(toLatex(adam, { p: "\\theta" })).toBe(String.raw`\begin{aligned}
m &\leftarrow \beta_1 m + \left(1 - \beta_1\right) g \\
v &\leftarrow \beta_2 v + \left(1 - \beta_2\right) g^{2} \\
\hat{m} &= \frac{m}{1 - \beta_1^{t}} \\
\hat{v} &= \frac{v}{1 - \beta_2^{t}} \\
\theta &\leftarrow \theta - \frac{\eta \hat{m}}{\sqrt{\hat{v}} + \epsilon}
\end{aligned}`);
  });
});

describe("hoist", () => {
  it("takes the scalar parts out of Adam, and keeps its divisions", () => {
    const { expressions, hoisted } = hoist(Object.fromEntries(adam.resolve()), new Set(["beta1", "beta2", "t", "lr", "eps"]));
    expect(hoisted.map((line) => `${line.name} = ${toText(line.expression)}`)).toEqual([
      "u0 = 1 - beta1",
      "u1 = 1 - beta2",
      "u2 = 1 - beta1 ** t",
      "u3 = 1 - beta2 ** t",
    ]);
    expect(toText(expressions.mHat!)).toBe("(beta1 * m + u0 * g) / u2");
    expect(toText(expressions.p!)).toContain("- lr * ((beta1 * m + u0 * g) / u2) / (sqrt(");
  });

  it("takes the largest parts, avoids taken names and folds what has no names", () => {
    const { expressions, hoisted } = hoist({ u1: parseExpression("u0 * (a * b + a) + a * b + a / sqrt(4) + sqrt(9) * u0") }, new Set(["a", "b"]));
    expect(hoisted.map((line) => [line.name, toText(line.expression)])).toEqual([
      ["u2", "a * b + a"],
      ["u3", "a * b"],
      ["u4", "a / sqrt(4)"],
    ]);
    expect(toText(expressions.u1!)).toBe("u0 * u2 + u3 + u4 + 3 * u0");
    expect(hoist({ x: name("a"), y: number(2) }, new Set(["a"])).hoisted).toEqual([]);
  });
});

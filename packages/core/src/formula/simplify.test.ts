import { describe, expect, it } from "vitest";
import { differentiate } from "./differentiate.ts";
import { evaluate } from "./evaluate.ts";
import type { Expression } from "./expression.ts";
import { parseExpression } from "./parse.ts";
import { toText } from "./print.ts";
import { simplify } from "./simplify.ts";

describe("simplify", () => {
  it.each([
    ["x + 0", "x"],
    ["1 * x / 1", "x"],
    ["x * 0 + 0 / x", "0"],
    ["x ** 1 + x ** 0", "x + 1"],
    ["--x", "x"],
    ["x - -y", "x + y"],
    ["-x + y", "y - x"],
    ["x + -3", "x - 3"],
    ["x * 2 * 3", "6 * x"],
    ["2 * (3 / x)", "6 / x"],
    ["-(2 * x)", "-2 * x"],
    ["x * (1 / y)", "x / y"],
    ["x + x", "2 * x"],
    ["1 ? x : y", "x"],
    ["2 > 3 ? x : y", "y"],
    ["c ? x : x", "x"],
    ["!c ? x : y", "c ? y : x"],
    ["a < b && 1", "a < b"],
    ["a && 1", "a != 0"],
    ["a || 1", "1"],
    ["(c ? 0 : x) * inf", "c ? 0 : inf * x"],
    ["x * (1e-300 * y)", "x * (1e-300 * y)"],
    ["1e-300 * (1e-300 * y)", "1e-300 * (1e-300 * y)"],
    ["sqrt(4) * x", "2 * x"],
  ])("%s becomes %s", (text, expected) => expect(toText(simplify(parseExpression(text)))).toBe(expected));
});

describe("differentiate", () => {
  const nth = (text: string, order: number): Expression => {
    let expression = parseExpression(text);
    for (let k = 0; k < order; k++) expression = differentiate(expression, "x");
    return expression;
  };

  it.each([
    ["x ** 3", "3 * x ** 2"],
    ["tanh(x)", "1 - tanh(x) ** 2"],
    ["sigmoid(x)", "sigmoid(x) * (1 - sigmoid(x))"],
    ["c ? x : sin(x)", "c ? 1 : cos(x)"],
    ["a * b", "0"],
    ["x * a", "a"],
    ["log(x)", "1 / x"],
  ])("of %s is %s", (text, expected) => expect(toText(nth(text, 1))).toBe(expected));

  // Reference values: mpmath 1.3 `diff` at x = 0.7, 40 digits.
  it.each<[string, readonly number[]]>([
    ["tanh(x)", [0.6347395899824586, -0.7672323100919165, 0.12159227738323637, 2.7749834227807857, -7.503529089750026]],
    ["sigmoid(x)", [0.22171287329310904, -0.07457878844034181, -0.07322671581020833, 0.12384214122158327, 0.054853002736231234]],
    ["0.5 * x * (1 + erf(x / sqrt(2)))", [0.9766141011336599, 0.4715034393838095, -0.7672079142821324, -0.25295691142041343, 2.808745988409353]],
    ["x * tanh(softplus(x))", [0.9687948682001859, 0.35397641561712784, -0.5881605124406183, -0.03252426041588377, 2.1128977670898084]],
    ["lgamma(x)", [-1.2200235536979347, 2.834049156694611, -6.4349928741909235, 25.879149678427737, -144.70825364302465]],
    ["sqrt(1 + x ** 2)", [0.5734623443633283, 0.5498200808852621, -0.7749142079590942, 0.7132479766449955, 1.8150326027599168]],
    ["x ** x", [0.5011861886935786, 1.4353626510390711, 0.7654552712144109, 8.118103978332927, -15.758071620342857]],
  ])("of %s is right to the fifth order", (text, values) => {
    values.forEach((value, index) => {
      const got = evaluate(nth(text, index + 1), { x: 0.7 });
      expect(Math.abs(got - value)).toBeLessThan(1e-12 * Math.max(1, Math.abs(value)));
    });
  });

  it("stays small at high orders, because parts are shared", () => {
    expect(size(nth("tanh(x)", 5))).toBeLessThan(150);
    expect(size(nth("0.5 * x * (1 + erf(x / sqrt(2)))", 5))).toBeLessThan(300);
    expect(size(nth("sigmoid(sigmoid(sigmoid(x)))", 4))).toBeLessThan(2000);
  });
});

/** How many different nodes an expression has. */
function size(expression: Expression): number {
  const seen = new Set<Expression>();
  const visit = (node: Expression): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === "call") node.args.forEach(visit);
  };
  visit(expression);
  return seen.size;
}

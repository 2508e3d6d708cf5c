import { describe, expect, it } from "vitest";
import { FormulaError } from "./error.ts";
import { name, names, number, substitute } from "./expression.ts";
import { toLatex } from "./latex.ts";
import { parse, parseExpression } from "./parse.ts";
import { toText } from "./print.ts";

function messageOf(text: string): string {
  try {
    parse(text);
  } catch (error) {
    expect(error).toBeInstanceOf(FormulaError);
    return (error as FormulaError).message;
  }
  throw new Error(`no error: ${text}`);
}

describe("parse", () => {
  it.each([
    ["a + b * c ** d", "add(a, mul(b, pow(c, d)))"],
    ["a - b - c", "sub(sub(a, b), c)"],
    ["a / b * c", "mul(div(a, b), c)"],
    ["a ** b ** c", "pow(a, pow(b, c))"],
    ["-a ** 2", "neg(pow(a, 2))"],
    ["-2 ** 2", "neg(pow(2, 2))"],
    ["2 ** -a ** 2", "pow(2, neg(pow(a, 2)))"],
    ["a * -b", "mul(a, neg(b))"],
    ["!a == b", "eq(not(a), b)"],
    ["a < b && b < c || !d", "or(and(lt(a, b), lt(b, c)), not(d))"],
    ["a ? b : c ? d : f", "where(a, b, where(c, d, f))"],
    ["a ? b ? c : d : f", "where(a, where(b, c, d), f)"],
    ["(a +\n b) # a remark", "add(a, b)"],
  ])("%s means %s", (text, meaning) => {
    expect(parseExpression(text)).toBe(parseExpression(meaning));
  });

  it("reads numbers and constants", () => {
    expect(["1e-8", ".5", "2.", "1E3", "-3", "pi", "inf", "-inf", "nan", "-0"].map(parseExpression)).toEqual(
      [1e-8, 0.5, 2, 1000, -3, Math.PI, Infinity, -Infinity, NaN, -0].map(number),
    );
  });

  it("reads lines", () => {
    expect(parse("a = 1; b = a # c = 3\n\n c_2 = b\n").map((line) => line.name)).toEqual(["a", "b", "c_2"]);
    expect(parse("\n x + 1 \n")).toEqual([{ name: "y", expression: parseExpression("x + 1") }]);
  });

  it.each([
    ["a = 1\ny = tahn(x)", "unknown function `tahn`, did you mean `tanh`?\n  2 | y = tahn(x)\n          ^"],
    ["max(x)", "`max` takes 2 arguments, got 1\n  1 | max(x)\n      ^"],
    ["a = b + * c", "expected a number, a name or `(`, found `*`\n  1 | a = b + * c\n              ^"],
    ["a = (b\n c", "expected `)`, found `c`\n  2 |  c\n       ^"],
    ["x $ y", 'unexpected character "$"\n  1 | x $ y\n        ^'],
    ["1 < x < 2", "comparisons do not chain: write `a < b && b < c`\n  1 | 1 < x < 2\n            ^"],
    ["a = 1; pi = 3", "`pi` is a constant and cannot be assigned\n  1 | a = 1; pi = 3\n             ^"],
    ["a b", "expected an operator or the end of the line, found `b`\n  1 | a b\n        ^"],
    ["x =", "expected a number, a name or `(`, found the end of the formula\n  1 | x =\n         ^"],
    ["x = 1\ny + 1", "expected `name = …`\n  2 | y + 1\n      ^"],
    ["a\nb = 2", "only a formula of one line may leave out `name =`\n  1 | a\n      ^"],
    ["2 = x", "only a name can be assigned\n  1 | 2 = x\n      ^"],
    ["f(", "unknown function `f`\n  1 | f(\n      ^"],
    [" ", "empty formula\n  1 |  \n       ^"],
  ])("refuses %j with a caret under the place", (text, message) => {
    expect(messageOf(text)).toBe(message);
  });
});

describe("expressions", () => {
  it("are shared when they are equal", () => {
    expect(parseExpression("a + b * 2")).toBe(parseExpression("(a)+b*2.0"));
    expect(number(0)).not.toBe(number(-0));
    expect(number(NaN)).toBe(number(NaN));
  });

  it("list their names in order and substitute all at once", () => {
    expect(names(parseExpression("b + a * b + sin(c)"))).toEqual(["b", "a", "c"]);
    const swapped = substitute(
      parseExpression("a - b"),
      new Map([
        ["a", name("b")],
        ["b", name("a")],
      ]),
    );
    expect(swapped).toBe(parseExpression("b - a"));
  });
});

describe("print", () => {
  it.each([
    "a + b * c",
    "(a + b) * c",
    "a - (b - c)",
    "-(a + b)",
    "-a ** 2",
    "(-a) ** 2",
    "a * -b",
    "(a ? b : c) + d",
    "-(3)",
    "2 ** -x",
    "a / (b / c)",
  ])("%s needs no other parentheses", (text) => expect(toText(parseExpression(text))).toBe(text));

  it.each([
    ["a * (b - c) / 2", String.raw`\frac{a \left(b - c\right)}{2}`],
    ["tanh(x) ** 2", String.raw`\tanh\left(x\right)^{2}`],
    ["(a / b) ** 2", String.raw`\left(\frac{a}{b}\right)^{2}`],
    ["a - -3 * x", String.raw`a - \left(-3 x\right)`],
    ["2 * 3 * x", String.raw`2 \cdot 3 x`],
    [
      "x > 0 ? x : alpha * expm1(x)",
      String.raw`\begin{cases} x & \text{if } x > 0 \\ \alpha \, \operatorname{expm1}\left(x\right) & \text{otherwise} \end{cases}`,
    ],
    ["abs(x + 1) + 1e-8", String.raw`\left\lvert x + 1 \right\rvert + 10^{-8}`],
    ["vMax + mu_10 + weightDecay * thetaBar", String.raw`v_{\mathrm{max}} + \mu_{10} + \lambda \bar{\theta}`],
    ["square(a + b)", String.raw`\left(a + b\right)^{2}`],
    ["polygamma(n + 1, x + 1)", String.raw`\psi^{(n + 1)}\left(x + 1\right)`],
  ])("%s prints as %s", (text, latex) => expect(toLatex(parseExpression(text))).toBe(latex));
});

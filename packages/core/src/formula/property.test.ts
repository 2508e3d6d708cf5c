import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate } from "./evaluate.ts";
import { call, type Expression, name, number } from "./expression.ts";
import { type FunctionName, functions } from "./functions.ts";
import { toLatex } from "./latex.ts";
import { parseExpression } from "./parse.ts";
import { toText } from "./print.ts";
import { simplify } from "./simplify.ts";

const leaves: readonly Expression[] = [
  ...["x", "y", "z"].map(name),
  ...[0, 1, -1, 2, 0.5, -3, 1e-8, 1e21, Math.PI, -Math.PI, -0, Infinity, NaN].map(number),
];

/** Any expression over x, y and z that `allowed` functions make; the letters of a word decide, so that shrinking stays cheap. */
function anyOf(allowed: readonly FunctionName[]): fc.Arbitrary<Expression> {
  return fc.array(fc.nat(1e6), { minLength: 1, maxLength: 40 }).map((word) => {
    let read = 0;
    const grow = (depth: number): Expression => {
      const letter = word[read++] ?? 0;
      if (depth === 0 || letter % 4 === 0) return leaves[(letter >> 2) % leaves.length]!;
      const fn = allowed[(letter >> 2) % allowed.length]!;
      return call(
        fn,
        functions[fn].domain.map(() => grow(depth - 1)),
      );
    };
    return grow(4);
  });
}

const anything = anyOf(Object.keys(functions) as FunctionName[]);
const algebra = anyOf(["add", "sub", "mul", "div", "neg", "pow", "where", "max", "min", "abs", "lt", "ge", "eq", "and", "or", "not"]);

/** What must hold for any expression, and for those rich in the operators that have rules. */
function always(holds: (expression: Expression) => void): void {
  for (const expressions of [anything, algebra]) {
    fc.assert(
      fc.property(expressions, (expression) => void holds(expression)),
      { numRuns: 1000 },
    );
  }
}

describe("any expression", () => {
  it("prints as text that reads back as the same expression", () => {
    always((expression) => expect(parseExpression(toText(expression))).toBe(expression));
  });

  it("prints as LaTeX with balanced braces", () => {
    always((expression) => {
      const latex = toLatex(expression);
      expect(latex.split("{").length).toBe(latex.split("}").length);
      expect(latex.split("\\left").length).toBe(latex.split("\\right").length);
      expect(latex).not.toContain("#");
    });
  });

  it("is simplified once for all", () => {
    always((expression) => expect(simplify(simplify(expression))).toBe(simplify(expression)));
    // Also when the memo does not know that it is simplified already: a fresh node, the same rules.
    always((expression) => {
      const sum = simplify(call("sin", [expression]));
      expect(simplify(call("cos", [sum]))).toBe(simplify(call("cos", [call("sin", [expression])])));
    });
  });

  it("never becomes longer when it is simplified", () => {
    always((expression) => expect(length(simplify(expression))).toBeLessThanOrEqual(length(expression)));
  });

  it("keeps its value when it is simplified", () => {
    const at = { x: 0.7, y: 1.3, z: -0.4 };
    always((expression) => {
      const value = evaluate(expression, at);
      fc.pre(isTame(expression, at));
      expect(Math.abs(evaluate(simplify(expression), at) - value)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(value)));
    });
  });
});

/** Whether every part is finite and stays close when the inputs move a little: else rounding alone may change the value. */
function isTame(expression: Expression, at: Readonly<Record<string, number>>): boolean {
  const value = evaluate(expression, at);
  const steady = [1e-12, -1e-12].every((step) => {
    const moved = Object.fromEntries(Object.entries(at).map(([key, each]) => [key, each * (1 + step)]));
    return Math.abs(evaluate(expression, moved) - value) <= 1e-10 * Math.max(1, Math.abs(value));
  });
  if (!Number.isFinite(value) || Math.abs(value) > 1e6 || !steady) return false;
  if (expression.kind !== "call") return true;
  // Steps and poles sit exactly where simplification may round to the other side.
  const edge = functions[expression.fn].kink;
  const env = Object.fromEntries(expression.args.map((arg, index) => ["abc"[index]!, evaluate(arg, at)]));
  if (edge !== undefined && Math.abs(evaluate(parseExpression(edge), env)) < 1e-6) return false;
  return expression.args.every((arg) => isTame(arg, at));
}

/** How long an expression is when it is written down: nodes, shared ones each time. */
function length(expression: Expression): number {
  return expression.kind === "call" ? expression.args.reduce((sum, arg) => sum + length(arg), 1) : 1;
}

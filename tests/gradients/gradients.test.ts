import { Generator, gradcheck, gradgradcheck, isFloat, jvp, randn, Tensor } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import * as einsum from "../../packages/core/src/ops/einsum.ts";
import * as ops from "../../packages/core/src/ops/index.ts";
import * as join from "../../packages/core/src/ops/join.ts";
import { catalogue, notDifferentiable } from "./catalogue.ts";
import type { Row } from "./row.ts";

const named = catalogue.map((row, k) => [`${row.op}${row.form === "" ? "" : ` (${row.form})`}`, row, k] as const);

/** The function of a row and its inputs, drawn anew from the row's own seed. */
function drawn({ inputs, call }: Row, seed: number): { fn: (...inputs: Tensor[]) => Tensor | readonly Tensor[]; inputs: Tensor[] } {
  const generator = new Generator(seed);
  const fn = (...given: Tensor[]) => {
    const result = call(...given);
    return result instanceof Tensor || Array.isArray(result) ? (result as Tensor | readonly Tensor[]) : (result as { values: Tensor }).values;
  };
  return { fn, inputs: inputs.map((draw) => draw(generator)) };
}

describe("gradients", () => {
  test.each(named)("of %s are the difference quotients", (name, row, k) => {
    const { fn, inputs } = drawn(row, k);
    gradcheck(fn, inputs, { name });
  });
});

describe("second derivatives", () => {
  test.each(named)("of %s are the difference quotients of the gradient", (name, row, k) => {
    const { fn, inputs } = drawn(row, k);
    gradgradcheck(fn, inputs, { name });
  });
});

describe("forward mode", () => {
  test.each(named)("of %s is the difference quotient along a direction", (_, row, k) => {
    const { fn, inputs } = drawn(row, k);
    const floats = inputs.filter((input) => isFloat(input.dtype));
    const first = (...at: Tensor[]): Tensor => {
      const rest = [...at];
      const result = fn(...inputs.map((input) => (isFloat(input.dtype) ? (rest.shift() as Tensor) : input)));
      return result instanceof Tensor ? result : result[0];
    };
    const generator = new Generator(k);
    const along = floats.map(({ shape }) => randn(shape, { dtype: "float64", generator }));
    const moved = (by: number): Tensor => first(...floats.map((input, j) => input.add(along[j], { alpha: by })));
    const quotient = moved(1e-6).sub(moved(-1e-6)).div(2e-6).data();
    const { tangent } = jvp(first, floats, along);
    tangent.data().forEach((value, i) => void expect(Math.abs(value - quotient[i])).toBeLessThan(1e-5 * (1 + Math.abs(quotient[i]))));
  });
});

test("every op has a row, or a reason to have none", () => {
  const known = new Set([...catalogue.map(({ op }) => op), ...Object.values(notDifferentiable).flat()]);
  const all = Object.entries({ ...ops, ...join, ...einsum }).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));
  expect(all.filter((name) => !known.has(name))).toEqual([]);
  expect([...known].filter((name) => !all.includes(name))).toEqual([]);
});

import { tensor } from "@gradtape/core";
import { expect, test } from "vitest";
import { Comparison, relativeError } from "./comparison.ts";
import { camelCase } from "./naming.ts";

const tolerance = { rtol: 1e-3, atol: 1e-6 };

test.each([
  [1, 1, 0],
  [0, -0, 0],
  [Number.NaN, Number.NaN, 0],
  [Infinity, Infinity, 0],
  [-Infinity, Infinity, Infinity],
  [1, Number.NaN, Infinity],
  [Number.NaN, 1, Infinity],
  [1e300, Infinity, Infinity],
  [Infinity, 1e300, Infinity],
])("error of %d against %d is %d tolerances", (got, want, error) => {
  expect(relativeError(got, want, tolerance)).toBe(error);
});

test("the error counts in tolerances: atol + rtol * |want|", () => {
  expect(relativeError(2.001, 2, tolerance)).toBeCloseTo(0.001 / (1e-6 + 2e-3), 9);
  expect(relativeError(1e-300, 0, { rtol: 1, atol: 0 })).toBe(Infinity);
});

test("float32 is held to 1e-4 of the largest magnitude", () => {
  const want = { shape: [2], data: [1000, 1e-9] };
  const single = new Comparison("float32");
  single.tensor("y", tensor([1000.05, 1e-3], { dtype: "float32" }), want, { rtol: 1e-9, atol: 1e-12 });
  expect(single.complaints).toEqual([]);
  const double = new Comparison("float64");
  double.tensor("y", tensor([1000.05, 1e-3], { dtype: "float64" }), want, { rtol: 1e-9, atol: 1e-12 });
  expect(double.complaints).toHaveLength(1);
});

test.each([
  ["max_pool2d", "maxPool2d"],
  ["T_max", "tMax"],
  ["T_0", "t0"],
  ["clip_grad_norm_", "clipGradNorm"],
  ["keepdim", "keepDim"],
  ["in1_features", "in1Features"],
  ["weight_decay", "weightDecay"],
])("%s is called %s here", (python, ours) => {
  expect(camelCase(python)).toBe(ours);
});

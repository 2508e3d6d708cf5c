import { Generator, Parameter, randn, type Tensor, tensor, zeros } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import { clipGradAdaptive, clipGradNorm, clipGradValue, getTotalNorm } from "./clip.ts";

const f64 = { dtype: "float64" } as const;
const generator = new Generator(1);
const normal = (shape: readonly number[]): Tensor => randn(shape, { ...f64, generator });
const withGradient = (values: Tensor, gradient: Tensor | null): Parameter => {
  const parameter = new Parameter(values);
  parameter.grad = gradient;
  return parameter;
};
const grads = (parameters: readonly Parameter[]): unknown[] => parameters.map(({ grad }) => grad?.toArray() ?? null);

describe("getTotalNorm", () => {
  const parts = [normal([3, 4]), normal([5]), normal([])];
  const flat = parts.flatMap((part) => [...part.data()]);

  test.each([0.5, 1, 2, 3])("p = %d is the norm of one long vector", (p) => {
    const want = flat.reduce((sum, x) => sum + Math.abs(x) ** p, 0) ** (1 / p);
    expect(getTotalNorm(parts, { normType: p }) / want).toBeCloseTo(1, 13);
  });

  test("Infinity is the largest element; nothing has norm 0; float32 neither overflows nor vanishes", () => {
    expect(getTotalNorm(parts, { normType: Infinity })).toBe(Math.max(...flat.map(Math.abs)));
    expect(getTotalNorm([])).toBe(0);
    expect(getTotalNorm([zeros([0, 3]), zeros([2])])).toBe(0);
    expect(getTotalNorm([tensor([3e38, 3e38])]) / (Math.fround(3e38) * Math.SQRT2)).toBeCloseTo(1, 12);
    expect(getTotalNorm([tensor([3e-30, 4e-30])]) / 5e-30).toBeCloseTo(1, 6);
  });

  test("bad input", () => {
    expect(() => getTotalNorm(parts, { normType: 0 })).toThrow("getTotalNorm: normType must be a number above 0, or Infinity, got 0");
    expect(() => getTotalNorm(parts, { normtype: 1 } as never)).toThrow('did you mean "normType"?');
  });
});

describe("clipGradNorm", () => {
  test("scales all gradients together, and returns the norm before", () => {
    const parameters = [
      withGradient(zeros([2], f64), tensor([3, 0], f64)),
      withGradient(zeros([1], f64), null),
      withGradient(zeros([], f64), tensor(4, f64)),
    ];
    expect(clipGradNorm(parameters, 1)).toBe(5);
    const factor = 1 / (5 + 1e-6);
    expect(grads(parameters)).toEqual([[3 * factor, 0], null, 4 * factor]);
    expect(clipGradNorm(parameters[0], 10)).toBeCloseTo(3 / 5, 6);
    expect(grads(parameters)[0]).toEqual([3 * factor, 0]);
  });

  test("errorIfNonfinite throws before anything changes", () => {
    const parameters = [withGradient(zeros([1]), tensor([7])), withGradient(zeros([1]), tensor([Infinity]))];
    expect(() => clipGradNorm(parameters, 1, { errorIfNonfinite: true })).toThrow("clipGradNorm: the total norm is Infinity");
    expect(grads(parameters)).toEqual([[7], [Infinity]]);
    expect(clipGradNorm(parameters, 1)).toBe(Infinity);
    expect(grads(parameters)).toEqual([[0], [Number.NaN]]);
    expect(() => clipGradNorm(parameters, -1)).toThrow("maxNorm is at least 0, got -1");
  });

  test("takes any iterable, once", () => {
    const parameter = withGradient(zeros([1], f64), tensor([2], f64));
    clipGradNorm(
      (function* () {
        yield parameter;
      })(),
      1,
    );
    expect(parameter.grad?.item()).toBeCloseTo(1, 6);
  });
});

test("clipGradValue limits every element", () => {
  const parameter = withGradient(zeros([4]), tensor([-3, 0.25, 3, Number.NaN]));
  clipGradValue([parameter], 0.5);
  expect(parameter.grad?.toArray()).toEqual([-0.5, 0.25, 0.5, Number.NaN]);
  expect(() => clipGradValue([parameter], Number.NaN)).toThrow("clipValue is at least 0");
});

describe("clipGradAdaptive", () => {
  /** Brock et al. 2021, equation 3, unit by unit. */
  function reference(weights: readonly number[], gradient: readonly number[], size: number, clipping: number, eps: number): number[] {
    return gradient.map((g, k) => {
      const unit = Math.floor(k / size) * size;
      const norm = (values: readonly number[]): number => Math.hypot(...values.slice(unit, unit + size));
      const limit = clipping * Math.max(norm(weights), eps);
      return norm(gradient) > limit ? (g * limit) / norm(gradient) : g;
    });
  }

  test.each([
    { shape: [4, 3], size: 3 },
    { shape: [2, 3, 2, 2], size: 12 },
    { shape: [5], size: 5 },
    { shape: [], size: 1 },
  ])("$shape: each unit by itself", ({ shape, size }) => {
    for (const scale of [1e-3, 0.02, 10]) {
      const parameter = withGradient(normal(shape), normal(shape).mul(scale));
      const want = reference([...parameter.data()], [...(parameter.grad as Tensor).data()], size, 0.01, 1e-3);
      clipGradAdaptive([parameter]);
      const got = (parameter.grad as Tensor).data();
      want.forEach((value, k) => void expect(Math.abs(got[k] - value)).toBeLessThanOrEqual(1e-13 * Math.abs(value)));
    }
  });

  test("zero weights may move by eps, zero gradients stay zero, dtype stays", () => {
    const parameter = withGradient(
      zeros([2, 2]),
      tensor([
        [3, 4],
        [0, 0],
      ]),
    );
    clipGradAdaptive([parameter, withGradient(zeros([0, 2]), zeros([0, 2])), withGradient(zeros([2]), null)], { clipping: 0.1, eps: 0.5 });
    expect(parameter.grad?.dtype).toBe("float32");
    expect(parameter.grad?.toArray()).toEqual([
      [expect.closeTo(0.03, 7), expect.closeTo(0.04, 7)],
      [0, 0],
    ]);
    expect(() => clipGradAdaptive([parameter], { cliping: 1 } as never)).toThrow('did you mean "clipping"?');
    expect(() => clipGradAdaptive([parameter], { clipping: 0 })).toThrow("clipGradAdaptive: clipping must be a finite number above 0, got 0");
  });
});

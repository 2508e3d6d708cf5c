import { cpu, type Kernel, noGrad, Parameter, Tensor, tensor } from "@gradtape/core";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { elementwise } from "../../test/elementwise.ts";
import { loops } from "../../test/loops.ts";
import type { Plain } from "../../test/options.ts";
import type { Optimizer } from "../optimizer.ts";
import * as rules from "./index.ts";

type Make = new (params: Parameter[], options?: Plain) => Optimizer<Plain>;
const makers = rules as unknown as Readonly<Record<string, Make>>;

const SHAPE = [2, 3];
const STEPS = 6;
const value = fc.double({ min: -3, max: 3, noNaN: true }).map((x) => (Math.abs(x) < 1e-3 ? 0 : x));
const row = fc.array(value, { minLength: 6, maxLength: 6 });
/** Where it starts, and the gradients; some rows have none, as those of embeddings. */
const course = fc
  .record({ start: row, gradients: fc.array(fc.tuple(row, fc.integer({ min: 0, max: 5 })), { minLength: STEPS, maxLength: STEPS }) })
  .map(({ start, gradients }) => ({
    start,
    gradients: gradients.map(([g, gap]) => g.map((x, i) => (gap < 2 && Math.floor(i / 3) === gap ? 0 : x))),
  }));

type DType = "float32" | "float64";
const parameter = (start: readonly number[], dtype: DType = "float64"): Parameter => new Parameter(tensor([...start], { dtype, shape: SHAPE }));
const advance = (optimizer: Optimizer<Plain>, p: Parameter, gradient: readonly number[]): void => {
  p.grad = tensor([...gradient], { dtype: p.dtype, shape: SHAPE });
  optimizer.step();
};
const close = (got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void => {
  const size = Math.max(1, ...Array.from(want, Math.abs));
  Array.from(want).forEach((x, i) => {
    if (!(Math.abs(got[i] - x) <= tolerance * size)) throw new Error(`element ${i}: got ${got[i]}, want ${x}`);
  });
};

test("every rule has a straight loop to compare with", () => {
  const classes = Object.keys(makers).filter((name) => /^[A-Z]/.test(name) && name !== "LBFGS");
  expect(Object.keys(loops).sort()).toEqual(classes.sort());
});

describe.each(Object.entries(loops))("%s", (name, { options, loop }) => {
  const make = (p: Parameter, o: Plain): Optimizer<Plain> => new makers[name]([p], o);

  test("is the straight loop, in float64", () => {
    fc.assert(
      fc.property(options, course, (o, { start, gradients }) => {
        const p = parameter(start);
        const optimizer = make(p, o);
        const want = [...start];
        const state: Record<string, number[]> = {};
        gradients.forEach((gradient, k) => {
          advance(optimizer, p, gradient);
          loop(want, gradient, state, k + 1, optimizer.defaults, SHAPE[0]);
          close(p.data(), want, 1e-9);
        });
      }),
      { numRuns: 40 },
    );
  });

  test("stays near it in float32, and in float32", () => {
    const start = [0.5, -1, 2, 1.5, -0.25, 0.75];
    const gradients = Array.from({ length: STEPS }, (_, k) => start.map((x, i) => Math.fround(Math.sin(k + 3 * i) + x)));
    const p = parameter(start, "float32");
    const optimizer = make(p, {});
    const want = [...start];
    const state: Record<string, number[]> = {};
    gradients.forEach((gradient, k) => {
      advance(optimizer, p, gradient);
      loop(want, gradient, state, k + 1, { ...optimizer.defaults, ...(name === "Adafactor" ? { eps: [2 ** -23, 1e-3] } : {}) }, SHAPE[0]);
    });
    close(p.data(), want, 1e-5);
    expect(p.dtype).toBe("float32");
    for (const kept of Object.values(optimizer.stateOf(p))) if (kept instanceof Tensor) expect(kept.dtype).toBe("float32");
  });

  test("goes on exactly from a saved state", () => {
    fc.assert(
      fc.property(options, course, fc.integer({ min: 0, max: STEPS }), (o, { start, gradients }, at) => {
        const p = parameter(start);
        const optimizer = make(p, o);
        for (const gradient of gradients.slice(0, at)) advance(optimizer, p, gradient);
        const copy = parameter([...p.data()]);
        const resumed = make(copy, {});
        resumed.loadStateDict(optimizer.stateDict());
        for (const gradient of gradients.slice(at)) {
          advance(optimizer, p, gradient);
          advance(resumed, copy, gradient);
        }
        expect(copy.data()).toEqual(p.data());
        expect(resumed.stateDict()).toEqual(optimizer.stateDict());
      }),
      { numRuns: 20 },
    );
  });

  test("explains each change as a sum of causes, and changes nothing", () => {
    fc.assert(
      fc.property(options, course, fc.integer({ min: 0, max: 5 }), (o, { start, gradients }, index) => {
        const p = parameter(start);
        const optimizer = make(p, o);
        for (const gradient of gradients) {
          p.grad = tensor(gradient, { dtype: "float64", shape: SHAPE });
          const before = p.data()[index];
          const { terms, lines, ...explained } = optimizer.explain(p, index);
          expect(p.data()[index]).toBe(before);
          optimizer.step();
          const after = p.data()[index];
          const size = Math.abs(before) + Math.abs(after) + terms.reduce((sum, term) => sum + Math.abs(term.value), 0);
          const sum = terms.reduce((sum, term) => sum + term.value, 0);
          expect(Math.abs(explained.after - after)).toBeLessThanOrEqual(1e-12 * size);
          expect(Math.abs(sum - (after - before))).toBeLessThanOrEqual(1e-12 * size);
          expect(terms.filter((term) => term.name === "rest")).toEqual([]);
          expect(lines.findLast((line) => line.name === "p")?.value ?? before).toBe(explained.after);
        }
      }),
      { numRuns: 20 },
    );
  });

  test("takes the same steps when they are recorded", () => {
    fc.assert(
      fc.property(options, course, (o, { start, gradients }) => {
        const p = parameter(start);
        const recorded = parameter(start);
        const optimizer = make(p, o);
        const differentiable = make(recorded, { ...o, differentiable: true });
        for (const gradient of gradients) {
          advance(optimizer, p, gradient);
          advance(differentiable, recorded, gradient);
        }
        close(recorded.data(), p.data(), 1e-12);
        expect(recorded.isLeaf).toBe(false);
        expect(differentiable.stateDict().state[0]).toEqual(expect.objectContaining({ step: STEPS }));
      }),
      { numRuns: 10 },
    );
  });

  test("prints as LaTeX", () => {
    const p = parameter([1, 2, 3, 4, 5, 6]);
    p.grad = p.detach();
    const explained = make(p, {}).explain(p, [1, 2]);
    expect(explained.toLatex()).toMatch(/^\\begin\{aligned\}[\s\S]+\\Delta p &= .+\\end\{aligned\}$/s);
    expect(JSON.parse(JSON.stringify(explained))).toMatchObject({ step: 1, index: [1, 2], before: 6, change: explained.after - 6 });
  });
});

describe("work on the backend", () => {
  const calls = (o: Plain, name: string): number => {
    const p = parameter([1, 2, 3, 4, 5, 6]);
    const optimizer = new makers[name]([p], o);
    advance(optimizer, p, [1, 2, 3, 4, 5, 6]);
    const gradient = tensor([6, 5, 4, 3, 2, 1], { dtype: "float64", shape: SHAPE });
    p.grad = gradient;
    const map = vi.spyOn(cpu.backend, "map") as unknown as { mock: { calls: [Kernel, ...unknown[]][] } };
    noGrad(() => optimizer.step());
    const { length } = map.mock.calls;
    vi.restoreAllMocks();
    return length;
  };

  test.each(Object.keys(elementwise))("%s: one pass per parameter", (name) => {
    expect(calls({}, name)).toBe(1);
  });

  test("AMSGrad, momentum, centering and decay are in the same pass", () => {
    expect(calls({ amsgrad: true, weightDecay: 0.1, maximize: true }, "AdamW")).toBe(1);
    expect(calls({ centered: true, momentum: 0.9, weightDecay: 0.1 }, "RMSprop")).toBe(1);
  });
});

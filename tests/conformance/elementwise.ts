import { type Backend, type DType, dtypes, empty, formula, functions, Generator, Kernel, kernel, type Shape, tensor } from "@gradtape/core";
import { describe, test } from "vitest";
import { expectSame } from "./comparison.ts";
import { layouts } from "./layouts.ts";

type Interval = readonly [low: number, high: number];

const special = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2,
  -2,
  2.5,
  3,
  -3,
  8,
  1e-3,
  -1e-8,
  1e-20,
  1e-39,
  20,
  -20,
  90,
  -90,
  1e5,
  1e10,
  3e38,
  -3e38,
  NaN,
  Infinity,
  -Infinity,
];
const few = [0, -0, 1, -1, 2.5, 1e-20, 3e38, NaN, Infinity, -Infinity];

/** Results near 0 of which are differences of larger numbers. */
const scales: Readonly<Record<string, number>> = { logaddexp: 4 };

const draw =
  (generator: Generator, [low, high]: Interval) =>
  (): number =>
    low + (high - low) * generator.random();

/** Every list of as many of the values as there are arguments. */
function combinations(values: readonly number[], arity: number): number[][] {
  return arity === 0 ? [[]] : combinations(values, arity - 1).flatMap((list) => values.map((value) => [...list, value]));
}

function runs(backend: Backend, what: string, run: Kernel, domains: readonly Interval[], dtype: DType, result: DType, scale = 0): void {
  for (const { name, make, shape } of layouts) {
    const compute = (on: Backend) => {
      const generator = new Generator(7);
      const inputs = domains.map((domain, k) => make(draw(generator, domain), dtype, k));
      const output = empty(shape, { dtype: result });
      on.map(run, inputs, [], [output]);
      return output;
    };
    expectSame(`${what} ${name}`, backend, compute, { ulps: 4, scale });
  }
}

/** Every function of the formula table, in both precisions, over every layout and at every special value; conversions; fused formulas in place. */
export function elementwiseConformance(backend: Backend): void {
  describe("map", () => {
    for (const { name, domain, edges } of Object.values(functions)) {
      const letters = ["a", "b", "c"].slice(0, domain.length);
      const run = kernel(`y = ${name}(${letters.join(", ")})`);
      test.each(["float32", "float64"] as const)(`${name} in %s`, (dtype) => {
        const order = run.inputs.map((letter) => letters.indexOf(letter));
        runs(
          backend,
          `${name} ${dtype}`,
          run,
          order.map((k) => domain[k]),
          dtype,
          dtype,
          scales[name],
        );
        const points = [...edges.map(([args]) => args), ...combinations(domain.length === 1 ? special : few, domain.length)];
        const compute = (on: Backend) => {
          const output = empty([points.length], { dtype });
          on.map(
            run,
            order.map((k) =>
              tensor(
                points.map((point) => point[k]),
                { dtype },
              ),
            ),
            [],
            [output],
          );
          return output;
        };
        expectSame(`${name} ${dtype} at special values`, backend, compute, { ulps: 4, scale: scales[name] ?? 0 });
      });
    }

    test.each(dtypes.flatMap((from) => dtypes.map((to) => ({ from, to }))))("$from becomes $to", ({ from, to }) => {
      const run = kernel(to === "bool" ? "y = a != 0" : "y = a");
      runs(backend, `${from} to ${to}`, run, [[-40, 40]], from, to);
      const values = [0, 1.9, -1.9, 2 ** 31, 2 ** 31 + 2 ** 10, -(2 ** 31) - 2 ** 12, 5e9, -1e10, 2 ** 24 + 1, NaN, Infinity, -Infinity];
      const compute = (on: Backend) => {
        const output = empty([values.length], { dtype: to });
        on.map(run, [tensor(values, { dtype: "float64" }).to(from)], [], [output]);
        return output;
      };
      expectSame(`${from} to ${to} at large values`, backend, compute, { ulps: 0 });
    });

    test.each(["float32", "float64", "int32", "bool"] as const)("comparisons and choices of %s", (dtype) => {
      runs(
        backend,
        `a < b, ${dtype}`,
        kernel("y = a < b"),
        [
          [-3, 3],
          [-3, 3],
        ],
        dtype,
        "bool",
      );
      runs(
        backend,
        `choice, ${dtype}`,
        kernel("y = a > b && !(a == 1) ? b : a"),
        [
          [-3, 3],
          [-3, 3],
        ],
        dtype,
        dtype,
      );
    });

    test("several outputs in place, with numbers that are computed once", () => {
      const resolved = formula(`
        m = beta * m + (1 - beta) * g
        v = beta * v + (1 - beta) * g ** 2
        p = p - lr / (1 - beta ** t) * m / (sqrt(v) + 1e-8)`).resolve();
      const adam = new Kernel(Object.fromEntries(resolved), ["p", "g", "m", "v"], ["beta", "lr", "t"]);
      for (const shape of [[1], [5], [64], [1003], [9, 31]] as readonly Shape[])
        for (const dtype of ["float32", "float64"] as const)
          for (const which of ["p", "m", "v"]) {
            const compute = (on: Backend) => {
              const generator = new Generator(3);
              const values = draw(generator, [0.1, 2]);
              const size = shape.reduce((a, b) => a * b, 1);
              const made = Object.fromEntries(
                ["p", "g", "m", "v"].map((name) => [name, tensor(Float64Array.from({ length: size }, values), { dtype, shape }).clone()]),
              );
              const inputs = adam.inputs.map((name) => made[name]);
              for (let t = 1; t < 4; t++)
                on.map(
                  adam,
                  inputs,
                  adam.uniformValues({ beta: 0.9, lr: 0.01, t }),
                  adam.outputs.map(({ name }) => made[name]),
                );
              return made[which];
            };
            expectSame(`adam ${which} ${dtype} [${shape}]`, backend, compute, { ulps: 12, scale: 1 });
          }
    });
  });
}

import { Generator, gradcheck, gradgradcheck, type Tensor, tensor } from "@gradtape/core";
import fc from "fast-check";
import { test } from "vitest";
import { floats } from "./row.ts";

const size = fc.integer({ min: 0, max: 3 });
const shape = fc.array(size, { maxLength: 3 });

/** Two shapes that broadcast, each with its own ones and missing leading dimensions. */
const pair = shape.chain((full) => {
  const part = fc.tuple(fc.nat({ max: full.length }), fc.array(fc.boolean(), { minLength: full.length, maxLength: full.length }));
  const cut = ([lead, ones]: readonly [number, readonly boolean[]]): number[] => full.map((n, d) => (ones[d] ? 1 : n)).slice(lead);
  return fc.tuple(part, part).map(([a, b]) => [cut(a), cut(b)] as const);
});

const seed = fc.nat({ max: 1e6 });
const domain = { low: 0.3, high: 2, apart: true };

function check(fn: (...inputs: Tensor[]) => Tensor, shapes: readonly (readonly number[])[], from: number): void {
  const generator = new Generator(from);
  const inputs = shapes.map((each) => floats(each, domain)(generator));
  gradcheck(fn, inputs);
  gradgradcheck(fn, inputs);
}

test.each<[string, (a: Tensor, b: Tensor) => Tensor]>([
  ["mul", (a, b) => a.mul(b)],
  ["div", (a, b) => a.div(b)],
  ["pow", (a, b) => a.pow(b)],
  ["atan2", (a, b) => a.atan2(b)],
])("%s differentiates whatever shapes broadcast", (_, fn) => {
  fc.assert(
    fc.property(pair, seed, ([a, b], from) => check(fn, [a, b], from)),
    { numRuns: 40 },
  );
});

/** A shape, some of its dimensions, and whether they stay. */
const reduced = shape.chain((full) => fc.tuple(fc.constant(full), fc.subarray(full.map((_, d) => d)), fc.boolean()));

test.each<[string, (x: Tensor, dims: readonly number[], keepDim: boolean) => Tensor]>([
  ["sum", (x, dims, keepDim) => x.sum(dims, { keepDim })],
  ["prod", (x, dims, keepDim) => x.prod(dims, { keepDim })],
  ["norm", (x, dims, keepDim) => x.norm(dims, { keepDim, p: 3 })],
  ["logSumExp", (x, dims, keepDim) => x.logSumExp(dims, { keepDim })],
])("%s differentiates over whatever dimensions", (_, fn) => {
  fc.assert(
    fc.property(reduced, seed, ([full, dims, keepDim], from) => check((x) => fn(x, dims, keepDim), [full], from)),
    { numRuns: 40 },
  );
});

test("mean and variance differentiate over whatever dimensions hold something", () => {
  fc.assert(
    fc.property(reduced, seed, ([full, dims, keepDim], from) => {
      const over = dims.length === 0 ? full : dims.map((d) => full[d]);
      fc.pre(over.every((n) => n > 0));
      check((x) => x.variance(dims, { keepDim, correction: 0 }).add(x.mean(dims, { keepDim })), [full], from);
    }),
    { numRuns: 40 },
  );
});

test("products differentiate along whatever dimension, with zeros anywhere", () => {
  const scanned = shape.chain((full) => fc.tuple(fc.constant(full), fc.nat({ max: Math.max(0, full.length - 1) })));
  fc.assert(
    fc.property(scanned, fc.infiniteStream(fc.boolean()), seed, ([full, dim], zero, from) => {
      const drawn = floats(full, domain)(new Generator(from));
      const holed = tensor(
        drawn.data().map((x) => (zero.next().value === true ? 0 : x)),
        { shape: full },
      );
      for (const fn of [(x: Tensor) => x.cumprod(dim), (x: Tensor) => x.prod(dim)]) {
        gradcheck(fn, [holed]);
        gradgradcheck(fn, [holed]);
      }
    }),
    { numRuns: 40 },
  );
});

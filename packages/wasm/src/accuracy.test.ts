import { empty, functions, kernel, tensor } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import references from "../test/references.json" with { type: "json" };
import { createWasmBackend, hasRelaxedSimd } from "./index.ts";

type Name = keyof typeof functions;

/** Largest error of each vector form over the whole range of its argument, in units in the last place of single precision. */
const bounds: Partial<Record<Name, number>> = {
  exp: 2.5,
  exp2: 1,
  expm1: 2,
  log: 1.5,
  log2: 2,
  log10: 1,
  log1p: 2,
  tanh: 3,
  sigmoid: 3.5,
  softplus: 3,
  logsigmoid: 3,
  erf: 3,
  erfc: 5,
  erfinv: 1,
  lgamma: 1,
  digamma: 1,
  sin: 2,
  cos: 2,
  sinh: 1,
  cosh: 1,
  asinh: 1,
  acosh: 1,
  atanh: 1,
  cbrt: 1,
  rsqrt: 2,
  tan: 1,
  asin: 1,
  acos: 1,
  atan: 1,
};

/** The same for double precision, in its units. */
const doubleBounds: Partial<Record<Name, number>> = {
  exp: 2,
  exp2: 2,
  expm1: 2,
  log: 2,
  log2: 2,
  log10: 2,
  log1p: 2,
  sin: 2,
  cos: 2,
  tan: 3,
  asin: 3,
  acos: 3,
  atan: 2,
  sinh: 3,
  cosh: 3,
  tanh: 3,
  asinh: 3,
  acosh: 3,
  atanh: 3,
  sigmoid: 3,
  softplus: 3,
  logsigmoid: 3,
  cbrt: 2,
  rsqrt: 2,
};

/** The same against references of more digits than double precision has. */
const referenceBounds: Record<keyof typeof references, number> = { pow: 1.5, erf: 1.5, erfc: 4, erfinv: 3, lgamma: 4, digamma: 4, polygamma: 8 };

/** Results near 0 of which are differences of numbers about as large as these, for arguments below 0. */
const scales: Partial<Record<Name, number>> = { lgamma: 1, digamma: 4 };

/** Every 2047th single-precision number, which meets every exponent 4096 times, and dense samples where functions turn. */
function samples(): Float32Array {
  const bits = Uint32Array.from({ length: Math.floor(2 ** 32 / 2047) / 8 }, (_, i) => i * 2047 * 8);
  const dense = Float32Array.from({ length: 100_000 }, (_, i) => (i - 50_000) / 500);
  const near = Float32Array.from({ length: 40_000 }, (_, i) => 1 + (i - 20_000) * 2 ** -23);
  const all = new Float32Array(bits.length + dense.length + near.length);
  all.set(new Float32Array(bits.buffer));
  all.set(dense, bits.length);
  all.set(near, bits.length + dense.length);
  return all;
}

/** Double-precision numbers of every exponent, and dense samples where functions turn. */
function doubleSamples(): Float64Array {
  const wide = Float64Array.from(
    { length: 60_000 },
    (_, i) => (i % 2 === 0 ? 1 : -1) * (1 + ((i * 7919) % 60_000) / 60_000) * 2 ** ((i % 2098) - 1074),
  );
  const dense = Float64Array.from({ length: 60_000 }, (_, i) => (i - 30_000) / 2999.9);
  const far = Float64Array.from({ length: 20_000 }, (_, i) => (i - 10_000) / 9.99);
  const near = Float64Array.from({ length: 10_000 }, (_, i) => 1 + (i - 5_000) * 2 ** -50);
  return Float64Array.from([...wide, ...dense, ...far, ...near, 0, -0, 1, -1, Infinity, -Infinity, NaN, 1000, 2 ** 1023]);
}

/** The unit in the last place of a number with so many bits after the first, and a smallest number. */
const ulpOf = (value: number, bits = 23, smallest = 2 ** -149): number => Math.max(2 ** (Math.floor(Math.log2(Math.abs(value))) - bits), smallest);

describe.each(hasRelaxedSimd() ? [false, true] : [false])("single precision, fused multiply-add: %s", (fused) => {
  const wasm = createWasmBackend({ fused });
  const x = samples();

  test.each(Object.entries(bounds) as [Name, number][])("%s to %f ulp", (name, bound) => {
    const input = tensor(x);
    const output = empty([x.length]);
    wasm.map(kernel(`y = ${name}(x)`), [input], [], [output]);
    const y = output.data();
    let worst = 0;
    let where = "";
    for (let i = 0; i < x.length; i++) {
      const exact = functions[name].evaluate(x[i]);
      const rounded = Math.fround(exact);
      if (y[i] === rounded || (Number.isNaN(y[i]) && Number.isNaN(rounded))) continue;
      const off = Number.isFinite(rounded) && Number.isFinite(y[i]) ? Math.abs(y[i] - exact) / ulpOf(exact) : Infinity;
      if (off > worst) {
        worst = off;
        where = `${name}(${x[i]}) is ${y[i]}, should be ${rounded}`;
      }
    }
    expect(worst, where).toBeLessThanOrEqual(bound);
  });

  test("pow to 1 ulp", () => {
    const n = 200_000;
    const a = Float32Array.from({ length: n }, (_, i) => Math.exp(((i * 7919) % n) / (n / 40) - 20));
    const b = Float32Array.from({ length: n }, (_, i) => (i % 2000) / 500 - 2);
    const output = empty([n]);
    wasm.map(kernel("y = a ** b"), [tensor(a), tensor(b)], [], [output]);
    const y = output.data();
    let worst = 0;
    for (let i = 0; i < n; i++) worst = Math.max(worst, Math.abs(y[i] - a[i] ** b[i]) / ulpOf(a[i] ** b[i]));
    expect(worst).toBeLessThanOrEqual(1);
  });
});

describe("double precision", () => {
  const wasm = createWasmBackend();
  const x = doubleSamples();

  test.each(Object.entries(doubleBounds) as [Name, number][])("%s to %f ulp", (name, bound) => {
    const output = empty([x.length], { dtype: "float64" });
    wasm.map(kernel(`y = ${name}(x)`), [tensor(x, { dtype: "float64" })], [], [output]);
    const y = output.data();
    let worst = 0;
    let where = "";
    for (let i = 0; i < x.length; i++) {
      const exact = functions[name].evaluate(x[i]);
      if (Object.is(y[i], exact)) continue;
      const off = Number.isFinite(exact) && Number.isFinite(y[i]) ? Math.abs(y[i] - exact) / ulpOf(exact, 52, 2 ** -1074) : Infinity;
      if (off > worst) {
        worst = off;
        where = `${name}(${x[i]}) is ${y[i]}, should be ${exact}`;
      }
    }
    expect(worst, where).toBeLessThanOrEqual(bound);
  });

  /** Holds a formula to rows of arguments, the value and what rounding that lost. */
  function holdTo(name: keyof typeof references, formula: string, rows: readonly (readonly number[])[]): void {
    const { arity } = functions[name];
    const run = kernel(formula);
    const inputs = run.inputs.map((letter) => tensor(Float64Array.from(rows, (row) => row["ab".indexOf(letter)])));
    const output = empty([rows.length], { dtype: "float64" });
    wasm.map(run, inputs, [], [output]);
    const y = output.data();
    rows.forEach((row, i) => {
      const [value, lost] = row.slice(arity);
      const unit = ulpOf(value, 52, 2 ** -1074);
      const allowed = row[0] < 0 ? Math.max(unit, ulpOf(scales[name] ?? 0, 52, 0)) : unit;
      const off = Math.abs((y[i] - value) / unit - lost) * (unit / allowed);
      expect(off, `${name}(${row.slice(0, arity)}) is ${y[i]}, should be ${value}`).toBeLessThanOrEqual(referenceBounds[name]);
    });
  }

  test.each(Object.entries(referenceBounds) as [keyof typeof references, number][])("%s to %f ulp of references", (name) => {
    holdTo(name, functions[name].arity === 1 ? `y = ${name}(a)` : `y = ${name}(a, b)`, references[name]);
  });

  test.each([1, 2, 3, 5, 20, 150])("polygamma of the literal order %i", (n) => {
    const rows = references.polygamma.filter(([order]) => order === n);
    holdTo("polygamma", `y = polygamma(${n}, b)`, rows);
  });

  test.each(["fmod", "remainder"] as const)("%s exactly", (name) => {
    const b = Float64Array.from(x, (_, i) => x[(i * 7919) % x.length]);
    const output = empty([x.length], { dtype: "float64" });
    wasm.map(kernel(`y = ${name}(a, b)`), [tensor(x, { dtype: "float64" }), tensor(b)], [], [output]);
    const y = output.data();
    const wrong = y.findIndex((value, i) => !Object.is(value, functions[name].evaluate(x[i], b[i])));
    expect(wrong, `${name}(${x[wrong]}, ${b[wrong]}) is ${y[wrong]}`).toBe(-1);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { differentiate } from "./differentiate.ts";
import { evaluate } from "./evaluate.ts";
import { call, type Expression, name } from "./expression.ts";
import { type FunctionName, functions } from "./functions.ts";
import { parseExpression } from "./parse.ts";

const letters = ["a", "b", "c"] as const;

/** The derivative by central differences at four widths, extrapolated twice and more (Richardson 1911; Ridders 1982). */
function slope(f: (x: number) => number, x: number): number {
  const widths = [0, 1, 2, 3].map((k) => (Math.max(Math.abs(x), 0.5) * 0.02) / 2 ** k);
  let row = widths.map((h) => (f(x + h) - f(x - h)) / (2 * h));
  for (let order = 1; row.length > 1; order++) row = row.slice(1).map((fine, i) => fine + (fine - row[i]!) / (4 ** order - 1));
  return row[0]!;
}

describe.each(Object.values(functions))("$name", ({ name: fn, arity, evaluate: f, partials, domain, kink, edges }) => {
  it("has a whole row", () => {
    expect(fn).toBe(Object.entries(functions).find(([, row]) => row.evaluate === f)![0]);
    expect(domain).toHaveLength(arity);
    for (const [args] of edges) expect(args).toHaveLength(arity);
  });

  it.each(edges.map(([args, result]) => ({ args, result })))("($args) is $result", ({ args, result }) => {
    const got = f(...args);
    if (Object.is(got + 0, result + 0)) return;
    expect(Math.abs(got - result)).toBeLessThanOrEqual(4e-16 * Math.abs(result));
  });

  it("has the derivatives that its differences show", () => {
    const arbitrary = fc.tuple(...domain.map(([low, high]) => fc.nat(1e6).map((k) => low + (k / 1e6) * (high - low))));
    const tested = partials.map((text, index) => ({ text, index })).filter(({ text }) => text !== "nan");
    fc.assert(
      fc.property(arbitrary, (args) => {
        const env = Object.fromEntries(args.map((value, index) => [letters[index]!, value]));
        fc.pre(kink === undefined || Math.abs(evaluate(parseExpression(kink), env)) > 0.3);
        for (const { text, index } of tested) {
          const partial = evaluate(parseExpression(text), { ...env, y: f(...args) });
          const expected = slope((x) => f(...args.with(index, x)), args[index]!);
          expect(Math.abs(partial - expected)).toBeLessThan(2e-7 * Math.max(1, Math.abs(expected)));
          const symbolic = differentiate(call(fn as FunctionName, letters.slice(0, arity).map(name)), letters[index]!);
          const value = evaluate(symbolic, env);
          expect(Math.abs(value - partial)).toBeLessThan(1e-13 * Math.max(1, Math.abs(partial)));
        }
      }),
    );
  });
});

// By mpmath 1.3 with 60 digits, rounded to float64.
// biome-ignore format: one function a line
const reference: Record<string, readonly (readonly [readonly number[], number])[]> = {
  erf: [[[1e-300], 1.1283791670955126e-300], [[1e-09], 1.1283791670955127e-09], [[0.1], 0.1124629160182849], [[0.5], 0.5204998778130465], [[0.84375], 0.7672256612323416], [[-0.99], -0.8385080695553698], [[1.0], 0.8427007929497149], [[1.7], 0.9837904585907745], [[-2.5], -0.999593047982555], [[3.9], 0.9999999652077514], [[5.5], 0.9999999999999927]],
  erfc: [[[-5.0], 1.9999999999984626], [[-1.0], 1.8427007929497148], [[-0.3], 1.3286267594591274], [[0.2], 0.7772974107895215], [[0.49], 0.4883317388114769], [[0.5], 0.4795001221869535], [[0.8], 0.2578990352923395], [[1.25], 0.07709987174354177], [[2.0], 0.004677734981047266], [[3.5], 7.430983723414128e-07], [[6.0], 2.1519736712498913e-17], [[10.0], 2.088487583762545e-45], [[20.0], 5.395865611607901e-176], [[26.5], 2.2109076642637343e-307]],
  erfinv: [[[1e-20], 8.86226925452758e-21], [[0.1], 0.08885599049425769], [[-0.49], -0.46586860023505733], [[0.7], 0.7328690779592167], [[0.999], 2.3267537655135246], [[0.999999999999], 5.042031898572696], [[-0.9999999999999999], -5.8635847487551676]],
  lgamma: [[[1e-20], 46.051701859880914], [[0.001], 6.907178885383853], [[0.3], 1.0957979948180756], [[0.5], 0.5723649429247001], [[0.9], 0.06637623973474295], [[0.999999], 5.772164873855652e-07], [[1.00001], -5.7720744027504825e-06], [[1.3], -0.10817480950786047], [[1.46], -0.12148500100400743], [[1.7], -0.09580769740706588], [[1.999], -0.0004224618006921073], [[2.001], 0.000423106734800117], [[2.7], 0.4348205536551047], [[5.5], 3.9578139676187165], [[9.99], 12.779315214350193], [[10.0], 12.801827480081469], [[33.3], 82.60372358165495], [[100000.0], 1051287.7089736569], [[1e+20], 4.505170185988091e+21], [[-0.5], 1.2655121234846454], [[-1.5], 0.860047015376481], [[-7.3], -7.779101629826852]],
  digamma: [[[1e-09], -1000000000.5772156], [[0.1], -10.423754940411076], [[0.7], -1.2200235536979347], [[1.0], -0.5772156649015329], [[2.0], 0.42278433509846713], [[3.3], 1.0348224890596216], [[9.9], 2.2411803166063815], [[10.0], 2.251752589066721], [[77.7], 4.346406448064602], [[1000000.0], 13.815510057964191], [[-1.2], 4.868324766627196]],
  polygamma: [[[1, 0.001], 1000001.6425331958], [[1, 1.0], 1.6449340668482264], [[1, 2.5], 0.49035775610023485], [[1, 50.0], 0.020201333226697125], [[2, 0.7], -6.4349928741909235], [[2, 13.0], -0.006389797961591504], [[3, 4.4], 0.03266600934708502], [[5, 2.2], 1.201921216126424], [[1, -0.5], 8.934802200544679], [[1, -2.3], 14.725912160961292]],
  sigmoid: [[[-700], 9.85967654375977e-305], [[-30], 9.357622968839299e-14], [[-1], 0.2689414213699951], [[-1e-09], 0.49999999975], [[0.3], 0.574442516811659], [[5], 0.9933071490757152], [[40], 1.0]],
  softplus: [[[-700], 9.85967654375977e-305], [[-30], 9.357622968839737e-14], [[-1], 0.3132616875182228], [[1e-09], 0.6931471810599453], [[0.3], 0.8543552444685271], [[5], 5.006715348489118], [[40], 40.0]],
  logsigmoid: [[[-700], -700.0], [[-30], -30.000000000000092], [[-1], -1.3132616875182228], [[1e-09], -0.6931471800599454], [[0.3], -0.5543552444685271], [[5], -0.006715348489118068], [[40], -4.248354255291589e-18]],
  logaddexp: [[[1, 2], 2.313261687518223], [[-500, -501], -499.6867383124818], [[3, 3.5], 3.9740769841801065], [[40, 1], 40.0]],
  tanh: [[[1e-09], 1e-09], [[0.1], 0.09966799462495582], [[0.7], 0.6043677771171635], [[3], 0.9950547536867305], [[15], 0.9999999999998128]],
  exp2: [[[0.5], 1.4142135623730951], [[-3.7], 0.07694652583405726], [[10.1], 1097.496025637164], [[100.3], 1.5606609545443114e+30]],
  log2: [[[1.0001], 0.0001442622910945383], [[3], 1.584962500721156], [[10000000000.0], 33.219280948873624], [[1e-10], -33.219280948873624]],
  log10: [[[1.0001], 4.342727686266486e-05], [[3], 0.47712125471966244], [[10000000000.0], 10.0], [[1e-10], -10.0]],
  expm1: [[[1e-10], 1.00000000005e-10], [[0.3], 0.3498588075760031], [[-2], -0.8646647167633873], [[5], 147.4131591025766]],
  log1p: [[[1e-10], 9.999999999500001e-11], [[0.3], 0.26236426446749106], [[-0.7], -1.203972804325936], [[5], 1.791759469228055]],
  asinh: [[[1e-09], 1e-09], [[0.3], 0.29567304756342244], [[-5], -2.3124383412727525], [[100000000.0], 19.11382792451231]],
  acosh: [[[1.0001], 0.014142017775251545], [[1.5], 0.9624236501192069], [[20], 3.6882538673612966]],
  atanh: [[[1e-09], 1e-09], [[0.3], 0.3095196042031117], [[-0.99], -2.6466524123622457]],
  cbrt: [[[2], 1.2599210498948732], [[1e-09], 0.001], [[1000000000.0], 1000.0]],
  hypot: [[[1, 2], 2.23606797749979], [[3e+200, 4e+200], 4.9999999999999995e+200], [[1e-200, 2e-200], 2.2360679774997897e-200]],
  pow: [[[0.9, 1000], 1.7478712517226947e-46], [[0.999, 12345], 4.324661796025634e-06], [[2, 0.5], 1.4142135623730951], [[1.1, -7], 0.5131581182307065]],
};

describe("accuracy", () => {
  it.each(Object.entries(reference))("%s is within 1e-15 of mpmath", (fn, cases) => {
    for (const [args, value] of cases) {
      const got = functions[fn as FunctionName].evaluate(...args);
      expect(Math.abs(got - value) / Math.abs(value), `${fn}(${args}) = ${value}, got ${got}`).toBeLessThan(1e-15);
    }
  });
});

describe("gradients at the special places", () => {
  it.each<[string, Record<string, number>, number]>([
    ["a ** b", { a: 0, b: 0 }, 0],
    ["a ** b", { a: -2, b: 3 }, 12],
    ["b ** a", { b: 0, a: 2 }, 0],
    ["b ** a", { b: 0, a: -1 }, -Infinity],
    ["sqrt(a)", { a: 0 }, Infinity],
    ["abs(a)", { a: 0 }, 0],
    ["sign(a)", { a: 0 }, 0],
    ["max(a, b)", { a: 1, b: 1 }, 0.5],
    ["min(b, a)", { a: 1, b: 1 }, 0.5],
    ["max(a, a)", { a: 1 }, 1],
    ["a > 0 ? a : log(a)", { a: 0.5 }, 1],
    ["a > 0 ? log(a) : a", { a: 0 }, 1],
    ["a > 0 ? sqrt(a) : 0", { a: 0 }, 0],
    ["a == 0 ? 1 : sin(a) / a", { a: 0 }, 0],
    ["clamp(sqrt(a), 1, 2)", { a: 0 }, 0],
    ["softplus(a)", { a: -800 }, 0],
    ["logsigmoid(a)", { a: -800 }, 1],
    ["atan2(a, b)", { a: 0, b: 0 }, 0],
  ])("of %s at %j", (text, env, expected) => {
    const got: Expression = differentiate(parseExpression(text), "a");
    expect(evaluate(got, env) + 0).toBe(expected);
  });
});

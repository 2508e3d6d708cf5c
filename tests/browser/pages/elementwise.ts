import { type Device, empty, functions, Generator, Kernel, parseExpression, type Tensor, tensor } from "@gradtape/core";
import { type Comparison, compare, type Tolerance } from "./comparison.ts";
import { open } from "./opened.ts";

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

const combinations = (values: readonly number[], arity: number): number[][] =>
  arity === 0 ? [[]] : combinations(values, arity - 1).flatMap((list) => values.map((value) => [...list, value]));

/** Functions whose float32 error is more than 4 units, with what it comes from. */
const tolerances: Readonly<Record<string, Tolerance>> = {
  // exp(b log a): the error of the logarithm grows with b log a, which is 88 at most.
  pow: { ulps: 130 },
  // A difference of numbers of this size near its roots.
  logaddexp: { scale: 4 },
  digamma: { scale: 2 },
  lgamma: { scale: 1, ulps: 8 },
  polygamma: { ulps: 40 },
  // The quarter period has 40 bits here: beyond 8192 the angle itself is off.
  sin: { scale: 1 },
  cos: { scale: 1 },
  tan: { ulps: 8 },
  // Near the poles -1 and 0 the argument's own rounding counts.
  erfinv: { ulps: 8 },
};

/** Arguments for which a function means little in float32, or is not what this device promises. */
const beyond: Readonly<Record<string, (args: readonly number[]) => boolean>> = {
  sin: ([a]) => Math.abs(a) > 8000 && Number.isFinite(a),
  cos: ([a]) => Math.abs(a) > 8000 && Number.isFinite(a),
  tan: ([a]) => Math.abs(a) > 8000 && Number.isFinite(a),
  polygamma: ([n, x]) => n > 8 || x < 0 || (x > 0 && x < 1e-3) || (n > 2 && x > 1e4),
  lgamma: ([x]) => x < -20,
  digamma: ([x]) => x < -20,
};

const run =
  (made: Kernel, inputs: readonly (readonly number[] | Float32Array)[]) =>
  (device: Device): Tensor => {
    const tensors = inputs.map((values) => tensor(Float32Array.from(values), { device }));
    const output = empty([inputs[0].length], { device });
    device.backend.map(made, tensors, [], [output]);
    return output;
  };

/** Every function of formulas: inside its domain, and at special values. */
export async function elementwise(): Promise<Comparison[]> {
  const device = await open();
  return Object.values(functions).flatMap(({ name, domain, edges }) => {
    const letters = ["a", "b", "c"].slice(0, domain.length);
    const made = new Kernel({ y: parseExpression(`${name}(${letters.join(", ")})`) }, letters);
    const generator = new Generator(7);
    const whole = (k: number): boolean => name === "polygamma" && k === 0;
    const inside = domain.map(([low, high], k) =>
      Float32Array.from({ length: 1031 }, (_, i) =>
        whole(k) ? 1 : i % 5 === 0 ? (low + high) / 2 + (generator.random() - 0.5) * 1e-4 : low + (high - low) * generator.random(),
      ),
    );
    const rows = [...edges.map(([args]) => args), ...combinations(domain.length < 3 ? special : few, domain.length)].filter(
      (args) => !(beyond[name]?.(args.map(Math.fround)) ?? false),
    );
    const points = letters.map((_, k) => rows.map((args) => args[k]));
    const tolerance = tolerances[name] ?? {};
    return [compare(device, name, run(made, inside), tolerance), compare(device, `${name} at special values`, run(made, points), tolerance)];
  });
}

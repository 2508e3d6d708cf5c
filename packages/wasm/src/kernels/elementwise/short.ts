import type { Kernel } from "@gradtape/core";

/** Runs an operation on some numbers: `y[k+l] = a[i+l] op b[j+l]`. */
export type ShortRun = (a: Float32Array, i: number, b: Float32Array, j: number, y: Float32Array, k: number, length: number) => void;

// Computed in double precision and stored in single, sums, products and quotients are those of single precision: 53 bits are more than twice 24 and two.
// Loops apart, because engines make the fastest code where an operation is known.
const runs: Readonly<Record<string, ShortRun>> = {
  add: (a, i, b, j, y, k, length) => {
    for (let l = 0; l < length; l++) y[k + l] = a[i + l] + b[j + l];
  },
  sub: (a, i, b, j, y, k, length) => {
    for (let l = 0; l < length; l++) y[k + l] = a[i + l] - b[j + l];
  },
  mul: (a, i, b, j, y, k, length) => {
    for (let l = 0; l < length; l++) y[k + l] = a[i + l] * b[j + l];
  },
  div: (a, i, b, j, y, k, length) => {
    for (let l = 0; l < length; l++) y[k + l] = a[i + l] / b[j + l];
  },
};

/**
 * The loop in JavaScript for a kernel that is one operation on its two inputs, in their order: on a few numbers it is done before others would be in the memory of
 * WebAssembly. `undefined` for all other kernels.
 */
export function shortRunOf({ inputs, outputs }: Kernel): ShortRun | undefined {
  const [{ expression }] = outputs;
  if (expression.kind !== "call" || inputs.length !== 2 || expression.args.length !== 2) return undefined;
  const inOrder = expression.args.every((arg, k) => arg.kind === "name" && arg.name === inputs[k]);
  return inOrder && Object.hasOwn(runs, expression.fn) ? runs[expression.fn] : undefined;
}

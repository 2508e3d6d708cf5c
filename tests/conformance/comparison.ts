import { type Backend, cpu, type DType, reference, type Tensor } from "@gradtape/core";
import { expect } from "vitest";

/** Runs `fn` with a backend of the CPU and puts the old one back. */
export function on<T>(backend: Backend, fn: () => T): T {
  const before = cpu.backend;
  cpu.setBackend(backend);
  try {
    return fn();
  } finally {
    cpu.setBackend(before);
  }
}

/** How far a result may lie from the reference: so many units in the last place of the dtype, of the result or of a larger size. */
export interface Tolerance {
  readonly ulps: number;
  /** Size of the numbers of which the result is made; rounding them is allowed for. */
  readonly scale?: number;
}

const epsilon: Readonly<Record<DType, number>> = { float32: 2 ** -23, float64: 2 ** -52, int32: 0, bool: 0 };
const smallest: Readonly<Record<DType, number>> = { float32: 2 ** -149, float64: 2 ** -1074, int32: 0, bool: 0 };

function distance(dtype: DType, actual: number, expected: number, scale: number): number {
  if (actual === expected || (Number.isNaN(actual) && Number.isNaN(expected))) return 0;
  if (epsilon[dtype] === 0 || !Number.isFinite(actual) || !Number.isFinite(expected)) return Infinity;
  const size = Math.max(Math.abs(expected), scale);
  return Math.abs(actual - expected) / Math.max(2 ** Math.floor(Math.log2(size)) * epsilon[dtype], smallest[dtype]);
}

/**
 * Checks that a backend writes what the reference writes: `compute` makes its inputs and an output and runs one method of the backend.
 * What fails is shown with where it stands.
 */
export function expectSame(what: string, backend: Backend, compute: (backend: Backend) => Tensor, { ulps, scale = 0 }: Tolerance): void {
  const actual = on(backend, () => compute(backend));
  const expected = on(reference, () => compute(reference));
  const [a, e] = [on(backend, () => actual.data()), on(reference, () => expected.data())];
  expect(a.length, what).toBe(e.length);
  for (let i = 0; i < a.length; i++) {
    const off = distance(actual.dtype, a[i], e[i], scale);
    if (off > ulps) expect.fail(`${what}: element ${i} of [${actual.shape}] is ${a[i]}, the reference has ${e[i]}, ${off.toFixed(1)} ulp off`);
  }
}

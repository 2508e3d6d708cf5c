import { cpu, type Device, type DType, type Tensor } from "@gradtape/core";

/** How a result on the device compares with the reference's. */
export interface Comparison {
  readonly name: string;
  /** Largest distance, in units in the last place of float32 at the size of the numbers that it is made of. */
  readonly worst: number;
  readonly allowed: number;
  /** What failed, if anything did. */
  readonly problem: string | undefined;
}

/** How far a result may lie from the reference. */
export interface Tolerance {
  /** Units in the last place; default 4. */
  readonly ulps?: number;
  /** Size of the numbers of which the result is made, so that differences of large numbers are judged fairly. Default 0. */
  readonly scale?: number;
}

/** Below, float32 numbers lose digits; GPUs make 0 of them. */
const NORMAL = 2 ** -126;

function distance(dtype: DType, actual: number, expected: number, scale: number): number {
  if (actual === expected || (Number.isNaN(actual) && Number.isNaN(expected))) return 0;
  if (Math.abs(expected) < NORMAL && Math.abs(actual) <= NORMAL) return 0;
  if (dtype === "int32" || dtype === "bool" || !Number.isFinite(actual) || !Number.isFinite(expected)) return Infinity;
  const size = Math.max(Math.abs(expected), scale, NORMAL);
  return Math.abs(actual - expected) / (2 ** Math.floor(Math.log2(size)) * 2 ** -23);
}

/** Runs the same on both devices and compares all values; shapes and dtypes too. */
export function compare(
  device: Device,
  name: string,
  run: (device: Device) => Tensor | readonly Tensor[],
  { ulps = 4, scale = 0 }: Tolerance = {},
): Comparison {
  let worst = 0;
  try {
    const list = (made: Tensor | readonly Tensor[]): readonly Tensor[] => (Array.isArray(made) ? made : [made as Tensor]);
    const [actual, expected] = [list(run(device)), list(run(cpu))];
    for (let k = 0; k < expected.length; k++) {
      const [a, e] = [actual[k], expected[k]];
      if (a.device !== device) throw new Error(`result ${k} is on ${a.device.name}`);
      if (a.dtype !== e.dtype || String(a.shape) !== String(e.shape)) throw new Error(`${a.dtype} [${a.shape}] instead of ${e.dtype} [${e.shape}]`);
      const [x, y] = [a.data(), e.data()];
      for (let i = 0; i < y.length; i++) {
        const off = distance(e.dtype, x[i], y[i], scale);
        if (!(off <= ulps)) throw new Error(`element ${i} of [${e.shape}] is ${x[i]}, the reference has ${y[i]}, ${off.toFixed(1)} ulp off`);
        worst = Math.max(worst, off);
      }
    }
    return { name, worst, allowed: ulps, problem: undefined };
  } catch (error) {
    return { name, worst, allowed: ulps, problem: error instanceof Error ? error.message.slice(0, 1500) : String(error) };
  }
}

import { quotient } from "./glsl.ts";
import type { NativeFunction } from "./gpujs.ts";

/** A strided walk over a buffer, in the fewest dimensions. */
export interface Walk {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** The walk of a view: dimensions of size 1 dropped, neighbours merged where the view steps evenly across both. */
export function walkOf(shape: readonly number[], strides: readonly number[], offset: number): Walk {
  const sizes: number[] = [];
  const steps: number[] = [];
  for (let d = 0; d < shape.length; d++) {
    if (shape[d] === 1) continue;
    const last = sizes.length - 1;
    if (last >= 0 && steps[last] === strides[d] * shape[d]) {
      sizes[last] *= shape[d];
      steps[last] = strides[d];
    } else {
      sizes.push(shape[d]);
      steps.push(strides[d]);
    }
  }
  return { sizes, strides: steps, offset };
}

/** The text by which walks are told apart. */
export const walkKey = ({ sizes, strides, offset }: Walk): string => `${sizes.join("x")}/${strides.join(",")}+${offset}`;

/** How the four consecutive elements of a texel lie in a buffer that is walked. */
export type Reach = "same" | "row" | "one" | "splat" | "scattered";

/**
 * "same": as a texel at the same place, `offset / 4` texels further. "row": as a whole texel elsewhere. "one": all elements are one. "splat": the four are one.
 * "scattered": anywhere.
 */
export function reachOf({ sizes, strides, offset }: Walk): Reach {
  const inner = sizes.length - 1;
  if (inner < 0 || strides.every((stride) => stride === 0)) return "one";
  if (sizes.length === 1 && strides[0] === 1 && offset % 4 === 0) return "same";
  if (sizes[inner] % 4 !== 0) return "scattered";
  if (strides[inner] === 0) return "splat";
  return strides[inner] === 1 && offset % 4 === 0 && strides.every((stride, d) => d === inner || stride % 4 === 0) ? "row" : "scattered";
}

/** A function of the shader from the row-major number of an element to its place in the buffer. */
export const placeFunction = (name: string, walk: Walk): NativeFunction => ({
  name,
  source: `int ${name}(int e) {\n  int o = ${walk.offset};\n  int r;\n  int q;\n${placeSteps("e", walk)}\n  return o;\n}`,
  returnType: "Integer",
});

/** The same for an element that two numbers name: `e` walks some dimensions, `k` the others. */
export const placeFunction2 = (name: string, outer: Walk, inner: Walk): NativeFunction => ({
  name,
  source: `int ${name}(int e, int k) {\n  int o = ${outer.offset};\n  int r;\n  int q;\n${placeSteps("e", outer)}\n${placeSteps("k", inner)}\n  return o;\n}`,
  returnType: "Integer",
});

/** Statements that add to the place `o` what the number `e` walks. */
function placeSteps(e: string, { sizes, strides }: Walk): string {
  if (strides.every((stride) => stride === 0)) return "";
  const lines = [`  r = ${e};`];
  let below = sizes.reduce((a, b) => a * b, 1);
  for (let d = sizes.length - 1; d > 0; d--) {
    lines.push(`  q = ${quotient("r", sizes[d], below)};`);
    if (strides[d] !== 0) lines.push(`  o += (r - q * ${sizes[d]}) * ${strides[d]};`);
    lines.push("  r = q;");
    below /= sizes[d];
  }
  if (strides[0] !== 0) lines.push(`  o += r * ${strides[0]};`);
  return lines.join("\n");
}

/**
 * A function of the shader from a place in the buffer to the number of the element that a walk shows there, or -1 where it shows none. The walk must be nested:
 * each dimension steps over all that lies inside.
 */
export function numberFunction(name: string, walk: Walk): NativeFunction {
  const { sizes, strides } = walk;
  const low = strides.reduce((at, stride, d) => at + Math.min(0, stride * (sizes[d] - 1)), walk.offset);
  const factors = sizes.map((_, d) => sizes.slice(d + 1).reduce((a, b) => a * b, 1));
  const order = sizes.map((_, d) => d).sort((a, b) => Math.abs(strides[b]) - Math.abs(strides[a]));
  const lines = [`  int r = e - (${low});`, "  int n = 0;", "  int q;", "  if (r < 0) return -1;"];
  let rest = order.reduce((sum, d) => sum + Math.abs(strides[d]) * (sizes[d] - 1), 0);
  for (const d of order) {
    const step = Math.abs(strides[d]);
    rest -= step * (sizes[d] - 1);
    if (step <= rest)
      throw new RangeError("gpu: cannot write to a view whose elements overlap or interleave; write to a contiguous tensor and copy it");
    lines.push(`  q = ${quotient("r", step, rest + step * sizes[d])};`, `  if (q >= ${sizes[d]}) return -1;`, `  r -= q * ${step};`);
    lines.push(strides[d] < 0 ? `  n += (${sizes[d] - 1} - q) * ${factors[d]};` : `  n += q * ${factors[d]};`);
  }
  lines.push("  if (r != 0) return -1;", "  return n;");
  return { name, source: `int ${name}(int e) {\n${lines.join("\n")}\n}`, returnType: "Integer" };
}

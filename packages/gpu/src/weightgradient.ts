import { type Convolution, sizeOf, type View } from "@gradtape/core";
import type { Face, Source } from "./adapter.ts";
import type { Engine } from "./engine.ts";
import { quotient } from "./glsl.ts";
import type { NativeFunction } from "./gpujs.ts";
import { gridOf } from "./grid.ts";
import { range } from "./operand.ts";
import { pad } from "./pad.ts";
import { type GpuStorage, lineOf, wholeTexels } from "./storage.ts";

/** Sizes in the copies in which four channels make a texel. */
interface Sizes {
  readonly batch: number;
  readonly groups: number;
  /** Texels of a group's input channels, and of its output channels. */
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: readonly number[];
  readonly extent: readonly number[];
  readonly positions: readonly number[];
  /** Output channels that a thread computes, for four input channels. */
  readonly rows: 4 | 8;
  /** Into how many portions the samples are divided, which are summed apart. */
  readonly portions: number;
}

/** Threads that keep a GPU at work. */
const CROWD = 4096;

/** Computes `[outputs,inputs / groups,…kernel]` into a dense storage, from images `[N,…,groups,inputs]` and gradients `[N,…positions,groups,outputs]`. */
export function weightGradient(engine: Engine, x: View, g: View, c: Convolution, output: GpuStorage): void {
  if (output.length === 0) return;
  const [batch, groups, channels, outputs] = [x.shape[0], c.groups, x.shape.at(-1) as number, g.shape.at(-1) as number];
  const { kernel, stride, dilation } = c;
  const positions = c.output;
  const extent = positions.map((n, d) => (n - 1) * stride[d] + (kernel[d] - 1) * dilation[d] + 1);
  const image = pad(engine, x, { shape: [batch, ...extent, groups, wholeTexels(channels)], before: [0, ...c.padding, 0, 0] });
  const gradient = pad(engine, g, { shape: [batch, ...positions, groups, wholeTexels(outputs)] });
  const rows = engine.adapter.outputLimit >= 8 && wholeTexels(outputs) % 8 === 0 ? 8 : 4;
  const threads = (sizeOf(kernel) * groups * wholeTexels(channels) * wholeTexels(outputs)) / (4 * rows);
  const portions = range(batch).find((k) => batch % (k + 1) === 0 && threads * (k + 1) >= CROWD) ?? batch - 1;
  const sizes: Sizes = {
    batch,
    groups,
    inputs: wholeTexels(channels) / 4,
    outputs: wholeTexels(outputs) / 4,
    kernel,
    extent,
    positions,
    rows,
    portions: portions + 1,
  };
  const parts = range(rows).map(() => engine.scratch("float32", 4 * threads * sizes.portions));
  const key = JSON.stringify([sizes, stride, dilation]);
  engine.run("convolveWeight", key, () => tileSource(engine, sizes, stride, dilation, parts[0].length), [gradient, image], [], parts);
  engine.free(image.storage as GpuStorage);
  engine.free(gradient.storage as GpuStorage);
  const views = parts.map(lineOf);
  engine.run(
    "merge",
    `weight;${channels};${outputs};${key}`,
    () => mergeSource(engine, sizes, channels, outputs, output.length),
    views,
    [],
    [output],
  );
  for (const part of parts) engine.free(part);
}

/** A thread sums over the positions of its portion, for one element of the kernel: `rows` output channels by four input channels. */
function tileSource(engine: Engine, s: Sizes, stride: readonly number[], dilation: readonly number[], length: number): Source {
  const { batch, groups, inputs, outputs, kernel, extent, positions, rows, portions } = s;
  const count = sizeOf(positions);
  const each = batch / portions;
  const pixel = groups * inputs;
  const pitch = extent.map((_, d) => pixel * sizeOf(extent.slice(d + 1)));
  const tall = (4 * outputs) / rows;
  const sizes = [portions, ...kernel, groups, tall, inputs];
  const names = ["s", ...kernel.map((_, d) => `k${d}`), "g", "i", "j"];
  const split: string[] = ["int r = t; int q;"];
  let below = sizeOf(sizes);
  for (let d = sizes.length - 1; d >= 0; d--) {
    split.push(`q = ${quotient("r", sizes[d], below)}; int ${names[d]} = r - q * ${sizes[d]}; r = q;`);
    below /= sizes[d];
  }
  const firstPixel = kernel.map((_, d) => `k${d} * ${dilation[d] * pitch[d]}`).join(" + ");
  const natives: NativeFunction[] = [
    {
      name: "firstGradient",
      source: `int firstGradient(int t) { ${split.join(" ")} return (s * ${each * count} * ${groups} + g) * ${outputs} + i * ${rows / 4}; }`,
      returnType: "Integer",
    },
    {
      name: "firstPixel",
      source: `int firstPixel(int t) { ${split.join(" ")} return s * ${each * pixel * sizeOf(extent)} + ${firstPixel} + g * ${inputs} + j; }`,
      returnType: "Integer",
    },
  ];
  const last = positions.length - 1;
  const step = stride[last] * pixel;
  const block = [4, 3, 2].find((b) => positions[last] % b === 0) ?? 1;
  const steps = range(block);
  const sums = range(rows).flatMap((r) => range(4).map((l) => ({ r, l })));
  const lines = positions.slice(0, -1);
  const start = ["f", `n * ${pixel * sizeOf(extent)}`, ...lines.map((_, d) => `h${d} * ${stride[d] * pitch[d]}`)].join(" + ");
  const body = [
    "let p = firstGradient(t); const f = firstPixel(t);",
    ...sums.map(({ r, l }) => `let c${r}_${l} = 0.0;`),
    `for (let n = 0; n < ${each}; n++) {`,
    ...lines.map((size, d) => `for (let h${d} = 0; h${d} < ${size}; h${d}++) {`),
    `let o = ${start};`,
    `for (let w = 0; w < ${positions[last] / block}; w++) {`,
    ...steps.flatMap((k) => [
      ...range(rows / 4).map((b) => `const g${b}_${k} = a0[p + ${k * groups * outputs + b}];`),
      `const x${k} = a1[o + ${k * step}];`,
    ]),
    ...sums.map(({ r, l }) => `c${r}_${l} = c${r}_${l} + (${steps.map((k) => `g${r >> 2}_${k}[${r & 3}] * x${k}[${l}]`).join(" + ")});`),
    `p = p + ${block * groups * outputs}; o = o + ${block * step};`,
    "}".repeat(lines.length + 2),
  ].join("\n");
  return {
    body,
    results: range(rows).map((r) => range(4).map((l) => `c${r}_${l}`)),
    inputs: ["vector", "vector"],
    uniforms: 0,
    natives,
    library: "",
    grid: gridOf(length, engine.adapter.limit),
  };
}

/** Adds the portions, and puts the output channels that threads computed under each other. */
function mergeSource(engine: Engine, s: Sizes, channels: number, outputs: number, length: number): Source {
  const { groups, inputs, kernel, rows, portions } = s;
  const size = sizeOf(kernel);
  const tall = (4 * s.outputs) / rows;
  const split = `int q = ${quotient("e", size, length)}; int k = e - q * ${size}; int o = ${quotient("q", channels, length / size)}; int c = q - o * ${channels}; int g = ${quotient("o", outputs, groups * outputs)}; o -= g * ${outputs};`;
  const block = quotient("o", rows, outputs);
  const portion = size * groups * tall * 4 * inputs;
  const natives: NativeFunction[] = [
    {
      name: "from",
      source: `int from(int e) { ${split} return ((k * ${groups} + g) * ${tall} + ${block}) * ${4 * inputs} + c; }`,
      returnType: "Integer",
    },
    { name: "which", source: `int which(int e) { ${split} return o - ${block} * ${rows}; }`, returnType: "Integer" },
  ];
  const body = range(4).flatMap((l) => [
    `const e${l} = t * 4 + ${l}; const p${l} = from(e${l}); const w${l} = which(e${l});`,
    `let v${l} = 0.0;`,
    ...range(rows).map((r) => `if (w${l} === ${r}) { for (let n = 0; n < ${portions}; n++) { v${l} = v${l} + a${r}[p${l} + n * ${portion}]; } }`),
  ]);
  return {
    body: body.join("\n"),
    results: [range(4).map((l) => `v${l}`)],
    inputs: range(rows).map((): Face => "scalar"),
    uniforms: 0,
    natives,
    library: "",
    grid: gridOf(length, engine.adapter.limit),
  };
}

import { sizeOf, type View } from "@gradtape/core";
import type { Face, Source } from "./adapter.ts";
import type { Engine } from "./engine.ts";
import { quotient } from "./glsl.ts";
import type { NativeFunction } from "./gpujs.ts";
import { gridOf } from "./grid.ts";
import { range } from "./operand.ts";
import { pad } from "./pad.ts";
import { placeFunction, walkOf } from "./position.ts";
import { type GpuStorage, lineOf, wholeTexels } from "./storage.ts";

/** Kernels that move over images, each multiplied with what it covers. */
export interface Correlation {
  /** `[N,…sizes,groups,inputs]` */
  readonly x: View;
  /** Zeros before the images. */
  readonly before: readonly number[];
  /** Distance of the images' elements, with zeros between. */
  readonly spacing?: readonly number[];
  /** `[groups,…kernel,inputs,outputs]` */
  readonly weight: View;
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly positions: readonly number[];
}

/** Sizes in the copies in which four channels make a texel. */
interface Sizes {
  readonly batch: number;
  readonly groups: number;
  /** Texels of a group's input and output channels. */
  readonly inputs: number;
  readonly outputs: number;
  /** Output channels of a group that there really are. */
  readonly channels: number;
  readonly kernel: readonly number[];
  /** Sizes of a padded image. */
  readonly extent: readonly number[];
  readonly positions: readonly number[];
  /** Positions that a thread computes, for four output channels. */
  readonly rows: 4 | 8;
}

/**
 * Computes `[N,groups · outputs,…positions]` into a dense storage. Images and kernels are copied first, so that four channels make a texel and padding is
 * there to be read; each thread then makes four channels of several positions, and the last launch puts these in order.
 */
export function correlate(engine: Engine, c: Correlation, output: GpuStorage): void {
  if (output.length === 0) return;
  const { x, weight, stride, dilation, positions } = c;
  const [groups, ...kernel] = weight.shape.slice(0, -2);
  const [inputs, channels] = weight.shape.slice(-2);
  const extent = positions.map((n, d) => (n - 1) * stride[d] + (kernel[d] - 1) * dilation[d] + 1);
  const image = pad(engine, x, {
    shape: [x.shape[0], ...extent, groups, wholeTexels(inputs)],
    before: [0, ...c.before, 0, 0],
    spacing: [1, ...(c.spacing ?? extent.map(() => 1)), 1, 1],
  });
  const factors = pad(engine, weight, { shape: [groups, ...kernel, wholeTexels(inputs), wholeTexels(channels)] });
  const count = sizeOf(positions);
  const rows = engine.adapter.outputLimit >= 8 && count % 8 === 0 && x.shape[0] * count * channels * groups >= 2 ** 14 ? 8 : 4;
  const sizes: Sizes = {
    batch: x.shape[0],
    groups,
    inputs: wholeTexels(inputs) / 4,
    outputs: wholeTexels(channels) / 4,
    channels,
    kernel,
    extent,
    positions,
    rows,
  };
  const blocks = Math.ceil((sizes.batch * count) / rows);
  const parts = range(rows).map(() => engine.scratch("float32", blocks * groups * 4 * sizes.outputs));
  const key = JSON.stringify([sizes, stride, dilation]);
  const make = (): Source => tileSource(engine, sizes, stride, dilation, parts[0].length);
  engine.run("convolve", key, make, [image, factors], [], parts);
  engine.free(image.storage as GpuStorage);
  engine.free(factors.storage as GpuStorage);
  const views = parts.map(lineOf);
  engine.run("merge", `convolution;${key}`, () => mergeSource(engine, sizes, output.length), views, [], [output]);
  for (const part of parts) engine.free(part);
}

function tileSource(engine: Engine, s: Sizes, stride: readonly number[], dilation: readonly number[], length: number): Source {
  const { batch, groups, inputs, outputs, kernel, extent, positions, rows } = s;
  const pixel = groups * inputs;
  const pitch = extent.map((_, d) => pixel * sizeOf(extent.slice(d + 1)));
  const walk = walkOf([batch, ...positions], [pixel * sizeOf(extent), ...pitch.map((step, d) => step * stride[d])], 0);
  const last = positions.length - 1;
  // Positions of one line lie at even distances; else each is looked up.
  const even = positions[last] % rows === 0;
  const columns = groups * outputs;
  const texels = length / 4;
  const block = quotient("t", columns, texels);
  const group = quotient("j", outputs, columns);
  const natives: NativeFunction[] = [
    { name: "block", source: `int block(int t) { return ${block}; }`, returnType: "Integer" },
    {
      name: "firstInput",
      source: `int firstInput(int t) { int j = t - ${block} * ${columns}; return ${group} * ${inputs}; }`,
      returnType: "Integer",
    },
    {
      name: "firstFactor",
      source: `int firstFactor(int t) { int j = t - ${block} * ${columns}; int g = ${group}; return g * ${sizeOf(kernel) * 4 * inputs * outputs} + j - g * ${outputs}; }`,
      returnType: "Integer",
    },
    placeFunction("place", walk),
  ];
  const place = (r: number): string => (even ? (r === 0 ? "p0 + o" : `p0 + o + ${r * stride[last] * pixel}`) : `p${r} + o`);
  const sums = range(rows).flatMap((r) => range(4).map((l) => ({ r, l })));
  const inner = [
    ...range(rows).map((r) => `const x${r} = a0[${place(r)}];`),
    ...range(4).map((k) => `const y${k} = a1[w${k === 0 ? "" : ` + ${k * outputs}`}];`),
    ...sums.map(
      ({ r, l }) =>
        `c${r}_${l} = c${r}_${l} + (${range(4)
          .map((k) => `x${r}[${k}] * y${k}[${l}]`)
          .join(" + ")});`,
    ),
    `o = o + 1; w = w + ${4 * outputs};`,
  ].join("\n");
  const start = kernel.map((_, d) => `k${d} * ${dilation[d] * pitch[d]}`).join(" + ");
  const opens = kernel.map((n, d) => `for (let k${d} = 0; k${d} < ${n}; k${d}++) {`).join("\n");
  const body = [
    "const q = block(t); const i0 = firstInput(t); let w = firstFactor(t);",
    ...range(even ? 1 : rows).map((r) => `const p${r} = i0 + place(q * ${rows} + ${r});`),
    ...sums.map(({ r, l }) => `let c${r}_${l} = 0.0;`),
    opens,
    `let o = ${start};`,
    `for (let i = 0; i < ${inputs}; i++) {`,
    inner,
    "}",
    "}".repeat(kernel.length),
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

/** Brings the positions that threads computed side by side, channel by channel. */
function mergeSource(engine: Engine, { groups, outputs, channels, positions, rows }: Sizes, length: number): Source {
  const count = sizeOf(positions);
  const all = groups * channels;
  const batch = length / (all * count);
  const split = `int q = ${quotient("e", count, length)}; int n = ${quotient("q", all, batch * all)}; int j = q - n * ${all}; int row = n * ${count} + e - q * ${count};`;
  const block = quotient("row", rows, batch * count);
  const column = channels % 4 === 0 ? "j" : `j + ${quotient("j", channels, all)} * ${4 * outputs - channels}`;
  const natives: NativeFunction[] = [
    { name: "from", source: `int from(int e) { ${split} return ${block} * ${groups * 4 * outputs} + ${column}; }`, returnType: "Integer" },
    { name: "which", source: `int which(int e) { ${split} return row - ${block} * ${rows}; }`, returnType: "Integer" },
  ];
  const body =
    count % 4 === 0
      ? // The four are neighbours in one block.
        [
          "const e = t * 4; const p = from(e);",
          ...range(4).map((l) => `let v${l} = a${l}[p];`),
          ...(rows === 8
            ? [
                `if (which(e) >= 4) { ${range(4)
                  .map((l) => `v${l} = a${l + 4}[p];`)
                  .join(" ")} }`,
              ]
            : []),
        ]
      : range(4).flatMap((l) => [
          `const e${l} = t * 4 + ${l}; const p${l} = from(e${l}); const w${l} = which(e${l});`,
          `let v${l} = a0[p${l}];`,
          ...range(rows - 1).map((r) => `if (w${l} === ${r + 1}) { v${l} = a${r + 1}[p${l}]; }`),
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

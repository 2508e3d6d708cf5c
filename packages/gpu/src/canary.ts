import {
  type Backend,
  copyKernel,
  type DType,
  empty,
  grad,
  Kernel,
  kernel,
  parseExpression,
  reference,
  scope,
  type Tensor,
  tensor,
} from "@gradtape/core";
import type { GpuDevice } from "./device.ts";

/** One family of kernels, tried on small numbers whose results the CPU knows. */
interface Canary {
  readonly family: string;
  readonly inputs: readonly { readonly shape: readonly number[]; readonly values: readonly number[] }[];
  readonly outputs: readonly { readonly shape: readonly number[]; readonly dtype: DType }[];
  readonly run: (backend: Backend, inputs: readonly Tensor[], outputs: readonly Tensor[]) => void;
}

const wave = (shape: readonly number[]): Canary["inputs"][number] => ({
  shape,
  values: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(3 * i + 1) * 2),
});

/** Functions that drivers get wrong, at places where they do. */
const functionsTried = [
  "exp(x)",
  "log(x * x)",
  "tanh(40 * x)",
  "erf(x)",
  "sin(x)",
  "log1p(x / 4)",
  "expm1(x / 9)",
  "sigmoid(x)",
  "sqrt(x * x)",
  "max(x, sqrt(x))",
];

/** Numbers of at least 0, as running squares are. */
const squares = (shape: readonly number[]): Canary["inputs"][number] => ({ shape, values: wave(shape).values.map((x) => x * x) });

const three = kernel("m = 0.9 * m + 0.1 * g\nv = 0.999 * v + 0.001 * g ** 2\np = p - m / (sqrt(v) + 1e-8)");

const f32 = (...shape: number[]) => ({ shape, dtype: "float32" as const });

const canaries: readonly Canary[] = [
  ...functionsTried.map((text): Canary => {
    const made = new Kernel({ y: parseExpression(text) }, ["x"]);
    return { family: `map (${text})`, inputs: [wave([9])], outputs: [f32(9)], run: (b, inputs, outputs) => void b.map(made, inputs, [], outputs) };
  }),
  {
    family: "map with several results",
    inputs: [wave([21]), wave([21]), squares([21]), wave([21])],
    outputs: [f32(21), f32(21), f32(21)],
    run: (b, inputs, outputs) =>
      void b.map(new Kernel(Object.fromEntries(three.outputs.map((o) => [o.name, o.expression])), ["m", "g", "v", "p"]), inputs, [], outputs),
  },
  {
    family: "reduce",
    inputs: [wave([6, 700])],
    outputs: [f32(6, 1), f32(1, 700), f32(1, 1)],
    run: (b, [x], [rows, columns, best]) => {
      b.reduce("sum", x, [1], rows);
      b.reduce("sum", x, [0], columns);
      b.reduce("max", x, [0, 1], best);
    },
  },
  { family: "matmul of few", inputs: [wave([5, 7]), wave([7, 3])], outputs: [f32(5, 3)], run: (b, [x, y], [z]) => void b.matmul(x, y, z) },
  { family: "matmul of rows", inputs: [wave([8, 12]), wave([12, 8])], outputs: [f32(8, 8)], run: (b, [x, y], [z]) => void b.matmul(x, y, z) },
  { family: "matmul of tiles", inputs: [wave([64, 64]), wave([64, 68])], outputs: [f32(64, 68)], run: (b, [x, y], [z]) => void b.matmul(x, y, z) },
  {
    family: "gather and scatterAdd",
    inputs: [wave([6, 4]), { shape: [3, 4], values: [5, 0, 2, 3, 1, 1, 4, 0, 5, 0, 2, 2] }, wave([3, 4])],
    outputs: [f32(3, 4), f32(6, 4)],
    run: (b, [x, at, source], [picked, added]) => {
      b.gather(x, 0, at, picked);
      b.map(kernel("y = x - x"), [x], [], [added]);
      b.scatterAdd(added, 0, at, source);
    },
  },
  {
    family: "convolution and pooling",
    inputs: [wave([1, 4, 6, 6]), wave([8, 4, 3, 3])],
    outputs: [f32(1, 8, 3, 3), f32(1, 4, 6, 6), f32(8, 4, 3, 3)],
    run: (b, inputs, outputs) => {
      scope(() => {
        const [image, weight] = inputs.map((x) => x.detach().requireGrad());
        const y = image.conv2d(weight, null, { padding: 1 }).maxPool2d({ kernelSize: 2 });
        b.map(copyKernel, [y], [], [outputs[0]]);
        grad(y.square().sum(), [image, weight]).forEach((g, k) => void b.map(copyKernel, [g], [], [outputs[k + 1]]));
      });
    },
  },
];

/**
 * Runs one small kernel of every family and compares with the reference on the CPU. Errors: the first family whose numbers are wrong, with what came and what
 * should have come.
 */
export function tryKernels(device: GpuDevice): void {
  for (const { family, inputs, outputs, run } of canaries) {
    const on = (where: { readonly device?: GpuDevice }, backend: Backend): Float32Array[] => {
      const made = inputs.map(({ shape, values }) => tensor(Float32Array.from(values), { shape, ...where }));
      const results = outputs.map(({ shape, dtype }) => empty(shape, { dtype, ...where }));
      run(backend, made, results);
      const values = results.map((result) => Float32Array.from(result.data()));
      for (const each of [...made, ...results]) each.dispose();
      return values;
    };
    const actual = on({ device }, device.backend);
    const expected = on({}, reference);
    expected.forEach((list, k) => {
      list.forEach((value, i) => {
        const got = actual[k][i];
        if (Number.isNaN(value) ? Number.isNaN(got) : Math.abs(got - value) <= 2e-5 * Math.max(1, Math.abs(value))) return;
        throw new Error(
          `gpu: ${device.adapter.renderer} computes wrong numbers: ${family} gives ${got} where ${value} is right; compute on the CPU, and report the browser and GPU`,
        );
      });
    });
  }
}

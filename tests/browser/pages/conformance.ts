import { type Device, Generator, kernel, randint, randn, type Tensor, tensor } from "@gradtape/core";
import { type Comparison, compare } from "./comparison.ts";
import { convolutions } from "./convolution.ts";
import { elementwise } from "./elementwise.ts";
import { open } from "./opened.ts";
import { poolings } from "./pooling.ts";
import { products } from "./products.ts";
import { waiting } from "./waiting.ts";

const drawn = (device: Device, shape: readonly number[], seed = 3): Tensor => randn(shape, { generator: new Generator(seed) }).to(device);
const whole = (device: Device, shape: readonly number[], high: number, seed = 4): Tensor =>
  randint(0, high, shape, { generator: new Generator(seed) }).to(device);

/** More elements than float32 has whole numbers. */
const vast = (device: Device): Tensor =>
  tensor(
    Float32Array.from({ length: 4100 * 4104 }, (_, i) => i % 1021),
    { shape: [4100, 4104] },
  ).to(device);

/** Ways in which operands lie: views, broadcasts, and results written into parts of memory. */
async function layouts(): Promise<Comparison[]> {
  const device = await open();
  const cases: Record<string, (d: Device) => Tensor | Tensor[]> = {
    contiguous: (d) => drawn(d, [7, 5]).add(drawn(d, [7, 5], 4)),
    transposed: (d) => drawn(d, [5, 7]).transpose(0, 1).exp(),
    "one of them transposed": (d) =>
      drawn(d, [9, 6])
        .transpose(0, 1)
        .mul(drawn(d, [6, 9])),
    "rows against columns": (d) => drawn(d, [7, 1]).sub(drawn(d, [1, 5])),
    "against one row of whole texels": (d) => drawn(d, [4, 3, 8]).add(drawn(d, [8], 5)),
    "against one row": (d) => drawn(d, [4, 3, 6]).add(drawn(d, [6], 5)),
    "against a column of whole texels": (d) => drawn(d, [6, 8]).mul(drawn(d, [6, 1], 5)),
    "against one number": (d) => drawn(d, [3, 11]).div(drawn(d, [], 5)),
    "windows, steps and flips": (d) => drawn(d, [6, 13]).narrow(0, 1, 4).slice(null, [1, 13, 2]).flip(0).mul(2),
    "an even window": (d) => drawn(d, [6, 16]).narrow(0, 2, 3).narrow(1, 4, 8).mul(2),
    "four dimensions in disorder": (d) =>
      drawn(d, [4, 5, 2, 3])
        .permute([3, 2, 1, 0])
        .add(drawn(d, [4, 2, 5, 3], 5).permute([3, 1, 2, 0])),
    empty: (d) => drawn(d, [3, 0]).exp(),
    "one element": (d) => drawn(d, []).tanh(),
    "two texels": (d) => drawn(d, [8]).tanh(),
    "joined, padded, rolled": (d) => [
      drawn(d, [2, 3]).transpose(0, 1).contiguous(),
      drawn(d, [5, 3]).slice([1, 4]).clone(),
      drawn(d, [3, 4]).flip([0, 1]).clone(),
    ],
    "placed in larger memory by a gradient": (d) => {
      const x = drawn(d, [6, 13]).requireGrad();
      x.narrow(0, 1, 4).slice(null, [1, 13, 2]).flip(0).square().sum().backward();
      return x.grad as Tensor;
    },
    conversions: (d) => [
      drawn(d, [9]).mul(10).to("int32"),
      drawn(d, [9]).gt(0),
      drawn(d, [9]).gt(0).to("float32"),
      whole(d, [9], 3).to("bool"),
      whole(d, [9], 5).add(2),
      whole(d, [9], 5).div(2),
    ],
    "beyond the whole numbers of float32": (d) => vast(d).transpose(0, 1).contiguous().narrow(0, 4102, 2),
    "a large one": (d) => drawn(d, [317, 1009]).mul(2).add(1),
  };
  const uniforms = (d: Device): Tensor[] => {
    const update = kernel("m = b * m + (1 - b) * g\nv = b * v + g ** 2 * (1 - b)\np = p - m / (sqrt(v) + e)", ["b", "e"]);
    const named: Record<string, Tensor> = { m: drawn(d, [103], 1), v: drawn(d, [103], 2).abs(), p: drawn(d, [103], 3), g: drawn(d, [103], 4) };
    const outputs = update.outputs.map(({ name }) => named[name]);
    d.backend.map(
      update,
      update.inputs.map((name) => named[name]),
      update.uniformValues({ b: 0.999, e: 1e-8 }),
      outputs,
    );
    return outputs;
  };
  return [
    ...Object.entries(cases).map(([name, make]) => compare(device, name, make)),
    compare(device, "three results in place", uniforms, { scale: 4 }),
  ];
}

/** Folds of every kind over every set of axes, few and many elements, extremes with NaN. */
async function reductions(): Promise<Comparison[]> {
  const device = await open();
  const results: Comparison[] = [];
  const axes = [undefined, [0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]] as const;
  for (const dims of axes)
    for (const turn of [false, true])
      results.push(
        compare(
          device,
          `sum, amax, amin over ${dims}${turn ? ", turned" : ""}`,
          (d) => {
            const x = turn ? drawn(d, [8, 7, 12]).permute([2, 0, 1]) : drawn(d, [12, 7, 8]);
            return [x.sum(dims), x.amax(dims), x.amin(dims)];
          },
          { ulps: 8, scale: 16 },
        ),
      );
  for (const shape of [
    [1, 5000],
    [5000, 1],
    [3, 1031],
    [1031, 3],
    [300, 257],
    [257, 300],
    [64, 784],
    [2, 70_000],
  ])
    results.push(
      compare(device, `sums of ${shape}`, (d) => [drawn(d, shape).sum(0), drawn(d, shape).sum(1), drawn(d, shape).sum(), drawn(d, shape).amax()], {
        ulps: 16,
        scale: Math.sqrt(shape[0] * shape[1]),
      }),
    );
  const rough = (d: Device): Tensor =>
    tensor(
      [
        [1, 3, 3, -2],
        [NaN, 1, 2, NaN],
        [-Infinity, -Infinity, -Infinity, -Infinity],
      ],
      { device: d },
    );
  results.push(
    compare(device, "extremes of ties, NaN and infinities", (d) => [
      rough(d).amax(1),
      rough(d).amin(1),
      rough(d).argmax(1),
      rough(d).argmin(1),
      rough(d).argmax(0),
      rough(d).argmin(),
      drawn(d, [9, 13]).argmax(1),
      drawn(d, [9, 13]).argmin(0),
    ]),
    compare(device, "products and counts", (d) => [drawn(d, [9, 13]).prod(1), drawn(d, [9, 13]).gt(0).sum(1), whole(d, [9, 13], 7).sum()], {
      ulps: 12,
    }),
    compare(
      device,
      "softmax, logSoftmax, logSumExp, variance",
      (d) => {
        const x = drawn(d, [9, 37]).mul(5);
        return [x.softmax(1), x.softmax(0), x.logSoftmax(1), x.logSumExp(1), x.variance(1)];
      },
      { ulps: 16, scale: 8 },
    ),
    compare(
      device,
      "scans and sorts",
      (d) => {
        const x = drawn(d, [5, 33]);
        return [x.cumsum(1), x.cumsum(0), x.argsort({ dim: 1 }), x.argsort({ dim: 0, descending: true }), rough(d).argsort({ dim: 1 })];
      },
      { ulps: 8, scale: 8 },
    ),
  );
  return results;
}

/** Picking and adding by index. */
async function picking(): Promise<Comparison[]> {
  const device = await open();
  const cases = [
    { table: [9], index: [4], axis: 0 },
    { table: [33, 10], index: [33, 1], axis: 1 },
    { table: [50, 17], index: [23, 17], axis: 0 },
    { table: [4, 5, 6], index: [4, 3, 6], axis: 1 },
    { table: [4, 5, 6], index: [2, 5, 9], axis: 2 },
  ];
  const results = cases.flatMap(({ table, index, axis }) =>
    [false, true].map((across) =>
      compare(
        device,
        `${table} at ${index} along ${axis}${across ? ", turned" : ""}`,
        (d) => {
          const lay = (make: (shape: readonly number[]) => Tensor, shape: readonly number[]): Tensor =>
            across ? make([...shape].reverse()).permute(shape.map((_, k) => shape.length - 1 - k)) : make(shape);
          const x = lay((shape) => drawn(d, shape), table);
          const at = lay((shape) => whole(d, shape, table[axis]), index);
          return [
            x.gather(axis, at),
            x.scatterAdd(
              axis,
              at,
              lay((shape) => drawn(d, shape, 9), index),
            ),
          ];
        },
        { ulps: 8, scale: 8 },
      ),
    ),
  );
  results.push(
    compare(
      device,
      "rows of a table and their gradient",
      (d) => {
        const table = drawn(d, [30, 8]).requireGrad();
        whole(d, [2, 9], 30).embedding(table).square().sum().backward();
        return [table.grad as Tensor];
      },
      { ulps: 8, scale: 8 },
    ),
  );
  return results;
}

/** Gradients of composed functions, of second order too. */
async function gradients(): Promise<Comparison[]> {
  const device = await open();
  const cases: Record<string, (d: Device, x: Tensor) => Tensor> = {
    "cross-entropy": (d, x) => x.crossEntropy(whole(d, [6], 5)),
    "cross-entropy with everything": (d, x) =>
      x.crossEntropy(whole(d, [6], 5), { labelSmoothing: 0.1, ignoreIndex: 2, weight: drawn(d, [5], 8).abs(), reduction: "sum" }),
    "mean squared error": (d, x) => x.mseLoss(drawn(d, [6, 5], 8)),
    gelu: (_, x) => x.gelu().sum(),
    "layer norm": (_, x) =>
      x
        .layerNorm({ normalizedShape: [5] })
        .square()
        .sum(),
    attention: (_, x) => x.matmul(x.transpose(0, 1)).softmax(1).matmul(x).tanh().sum(),
    products: (_, x) => x.prod(1).sum(),
    extremes: (_, x) => x.amax(1).sum().add(x.amin()),
    "standard deviation": (_, x) => x.std(0).sum(),
    convolution: (d, x) =>
      x
        .reshape([1, 1, 6, 5])
        .conv2d(drawn(d, [3, 1, 3, 3], 8), drawn(d, [3], 9), { padding: 1, stride: 2 })
        .square()
        .sum(),
    "maximum pooling": (_, x) => x.reshape([1, 1, 6, 5]).maxPool2d({ kernelSize: 2 }).square().sum(),
    "average pooling": (_, x) => x.reshape([1, 1, 6, 5]).avgPool2d({ kernelSize: 2 }).square().sum(),
    "batch norm": (_, x) => x.batchNorm({ training: true }).pow(3).sum(),
  };
  return Object.entries(cases).map(([name, loss]) =>
    compare(
      device,
      `gradient of ${name}`,
      (d) => {
        const x = drawn(d, [6, 5]).requireGrad();
        const value = loss(d, x);
        value.backward();
        return [value.detach(), x.grad as Tensor];
      },
      { ulps: 32, scale: 4 },
    ),
  );
}

Object.assign(globalThis, { suite: { elementwise, layouts, waiting, reductions, products, convolutions, poolings, picking, gradients } });

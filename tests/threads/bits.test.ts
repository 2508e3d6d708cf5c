import { createWasmBackend, type WasmBackend } from "@gradtape/wasm";
import { type ConvolutionOptions, cpu, type DType, Generator, grad, kernel, nn, optim, rand, randint, randn, type Tensor, zeros } from "gradtape";
import { afterEach, expect, test } from "vitest";

/** Runs a function while a backend is the CPU's. */
async function on<T>(backend: WasmBackend, run: () => T | Promise<T>): Promise<T> {
  const before = cpu.backend;
  cpu.setBackend(backend);
  try {
    return await run();
  } finally {
    cpu.setBackend(before);
  }
}

const made: WasmBackend[] = [];

/** A backend that is stopped after the test. */
function make(): WasmBackend {
  const backend = createWasmBackend();
  made.push(backend);
  return backend;
}

afterEach(() => {
  for (const backend of made.splice(0)) void backend.setThreads(1);
});

/** The bits of some tensors, as text that can be compared. */
const bits = (tensors: readonly Tensor[]): string[] => tensors.map((t) => Buffer.from(Uint8Array.from(bytesOf(t))).toString("base64"));

function bytesOf(t: Tensor): Uint8Array {
  const values = t.contiguous().data();
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** A product behind a gate. */
function linearGated(x: Tensor, weight: Tensor, generator: Generator): Tensor {
  const shape = [x.shape[0], weight.shape[0]];
  const output = zeros(shape, { dtype: x.dtype });
  cpu.backend.matmul(x, weight.transpose(0, 1), output, undefined, randn(shape, { generator, dtype: x.dtype }));
  return output;
}

/** Operations over sizes that are large enough to be split, odd, transposed and broadcast. */
function* cases(dtype: DType, generator: Generator): Iterable<() => Tensor[]> {
  const int = (low: number, high: number): number => randint(low, high, [], { generator }).item();
  for (let round = 0; round < 4; round++) {
    const [m, n, k] = [int(1, 300), int(1, 300), int(100, 700)];
    const a = randn([m, k], { generator, dtype });
    const b = randn([k, n], { generator, dtype });
    const bt = randn([n, k], { generator, dtype });
    const at = randn([k, m], { generator, dtype });
    yield () => [a.matmul(b), a.matmul(bt.transpose(0, 1)), at.transpose(0, 1).matmul(b), at.transpose(0, 1).matmul(bt.transpose(0, 1))];
    const [bias, start] = [randn([n], { generator, dtype }), randn([m, n], { generator, dtype })];
    const begun = (on: Tensor, other: Tensor, from: Tensor, itself: boolean): Tensor => {
      const output = itself ? from.clone() : zeros([m, n], { dtype });
      cpu.backend.matmul(on, other, output, itself ? output : from.expand([m, n]));
      return output;
    };
    yield () => [a.linear(bt, bias), begun(a, b, bias, false), begun(at.transpose(0, 1), b, start, false), begun(a, bt.transpose(0, 1), start, true)];
    const few = a.narrow(0, 0, Math.min(m, int(1, 32)));
    yield () => [few.matmul(bt.transpose(0, 1)), bt.matmul(few.transpose(0, 1)), few.linearRelu(bt, bias), linearGated(few, bt, generator)];
    const [rows, columns] = [int(1, 600), int(200, 600)];
    const x = randn([rows, columns], { generator, dtype });
    const row = randn([columns], { generator, dtype });
    const column = rand([rows, 1], { generator, dtype });
    yield () => [x.add(row), x.mul(column).exp(), x.sin(), x.tanh(), x.transpose(0, 1).mul(2).contiguous(), x.gt(0)];
    yield () => [x.sum([0]), x.sum([1]), x.amax([0]), x.amin([1]), x.sum(), x.argmax(1), x.mean([0, 1])];
    yield () => [x.softmax(1), x.logSoftmax(1), x.layerNorm({ normalizedShape: [columns] })];
    yield () => [
      x.cumsum(0),
      x.cumsum(1),
      x.cumprod(1),
      x.cummax(0).indices,
      x.argsort({ dim: 1 }),
      x.argsort({ dim: 0 }),
      x.transpose(0, 1).contiguous(),
    ];
    const groups = int(1, 4);
    const images = randn([int(1, 9), 4 * groups, int(9, 40), int(9, 40)], { generator, dtype, requiresGrad: true });
    const weight = randn([int(4, 30) * groups, 4, 3, 3], { generator, dtype, requiresGrad: true });
    yield () => convolved(images, weight, { groups, padding: round % 2, stride: 1 + (round % 2) });
    const window = { kernelSize: int(2, 3), stride: int(1, 2), padding: 1 };
    yield () => [images.maxPool2d(window), images.avgPool2d(window)].flatMap((y) => [y.detach(), grad(y.square().sum(), images)]);
    const [channels, outputs] = [int(16, 40), int(16, 40)];
    const plain = randn([int(2, 6), channels, int(16, 40), int(16, 40)], { generator, dtype, requiresGrad: true });
    const small = randn([outputs, channels, 3, 3], { generator, dtype, requiresGrad: true });
    yield () => convolved(plain, small, { padding: 1 });
    const own = randn([channels, 1, 3, 2], { generator, dtype, requiresGrad: true });
    yield () => convolved(plain, own, { groups: channels, padding: 1 });
    const [batch, size] = [int(20, 90), int(20, 60)];
    const many = randn([batch, size, 64], { generator, dtype });
    yield () => [many.matmul(many.transpose(1, 2)), many.matmul(randn([64, 33], { generator: new Generator(round), dtype }))];
    const index = randint(0, rows, [50, columns], { generator, dtype: "int32" });
    yield () => [x.gather(0, index), x.scatterAdd(0, index.narrow(0, 0, 1), row.unsqueeze(0))];
    const flat = randn([int(70_000, 200_000)], { generator, dtype });
    yield () => [flat.exp(), flat.square().add(1).sqrt(), flat.sum(), flat.neg()];
  }
}

/** A convolution and its two gradients. */
function convolved(x: Tensor, weight: Tensor, options: ConvolutionOptions): Tensor[] {
  const y = x.conv2d(weight, null, options);
  return [y, ...grad(y.square().sum(), [x, weight])];
}

/** Losses and parameters of fifty steps of a small training; `between` runs before each step. */
async function train(backend: WasmBackend, between: (step: number) => unknown = () => {}): Promise<string[]> {
  return on(backend, async () => {
    const generator = new Generator(3);
    const model = new nn.Sequential(new nn.Linear(300, 200, { generator }), new nn.ReLU(), new nn.Linear(200, 10, { generator }));
    const optimizer = new optim.AdamW(model.parameters(), { lr: 0.003 });
    const x = randn([128, 300], { generator });
    const labels = randint(0, 10, [128], { generator });
    const losses: number[] = [];
    for (let step = 0; step < 50; step++) {
      await between(step);
      optimizer.zeroGrad();
      const loss = new nn.CrossEntropyLoss().forward(model.forward(x), labels);
      loss.backward();
      optimizer.step();
      losses.push(loss.item());
    }
    return [losses.join(" "), ...bits([...model.parameters()])];
  });
}

test.each(["float32", "float64"] as const)("operations in %s", async (dtype) => {
  const one = make();
  const two = make();
  expect(await two.setThreads(2, { backOff: false })).toBe(2);
  const run = (backend: WasmBackend): Promise<string[]> =>
    on(backend, () => [...cases(dtype, new Generator(11))].flatMap((operation) => bits(operation())));
  expect(await run(two)).toEqual(await run(one));
  expect(two.threadReport().jobs).toBeGreaterThan(20);
  expect(one.threadReport().jobs).toBe(0);
});

test("fifty steps of training, on one, on two, on three threads, and changing in the middle", async () => {
  const expected = await train(make());
  for (const threads of [2, 3]) {
    const several = make();
    await several.setThreads(threads, { backOff: false });
    expect(await train(several)).toEqual(expected);
    expect(several.threadReport().jobs).toBeGreaterThan(100);
  }
  const changing = make();
  const actual = await train(changing, (step) =>
    step === 20 ? changing.setThreads(2, { backOff: false }) : step === 40 ? changing.setThreads(1) : undefined,
  );
  expect(actual).toEqual(expected);
  expect(changing.threadReport().jobs).toBeGreaterThan(50);
});

test("in place, over operands that overlap: one thread computes them", async () => {
  const kernelOf = kernel("y = y0 + x");
  const run = (backend: WasmBackend): Promise<string[]> =>
    on(backend, () => {
      const x = rand([500_001], { generator: new Generator(1) });
      const view = (offset: number) => ({ storage: x.storage, dtype: x.dtype, shape: [500_000], strides: [1], offset });
      for (let i = 0; i < 5; i++) backend.map(kernelOf, [view(1), view(1)], [], [view(0)]);
      return bits([x]);
    });
  const two = make();
  await two.setThreads(2, { backOff: false });
  expect(await run(two)).toEqual(await run(make()));
  expect(two.threadReport().jobs).toBe(0);
});

// What gpu.js' own WebGPU mode can do today, by gpu.js alone: the facts on which `gpu({ mode: "webgpu" })` refuses.
import { GPU } from "gpu.js";

/** A result that stays on the device. */
interface Handle {
  toArray(): Promise<Float32Array>;
  delete(): void;
}

type Launch<R> = (...args: readonly unknown[]) => Promise<R>;

interface Instance {
  createKernel(source: string, settings: object): Launch<unknown>;
  createKernelMap(maps: object, source: string, settings: object): Launch<unknown>;
}

const open = (): Instance => new GPU({ mode: "webgpu" }) as unknown as Instance;

const settings = { precision: "single", loopMaxIterations: 1e9, immutable: true } as const;
const wave = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.sin(3 * i + 1));

const farthest = (got: Float32Array, want: readonly number[]): number =>
  want.reduce((worst, value, i) => Math.max(worst, Math.abs(got[i] - value)), 0);

/** Largest errors of a formula, a product and a sum. */
async function results(): Promise<Record<string, number>> {
  const gpu = open();
  const n = 48;
  const [a, b] = [wave(n * n), wave(n * n).reverse()];
  const formula = gpu.createKernel("function(a, b) { return a[this.thread.x] * 2.0 + b[this.thread.x]; }", { ...settings, output: [n * n] });
  const product = gpu.createKernel(
    `function(a, b) {
      const row = Math.floor(this.thread.x / ${n});
      const column = this.thread.x - row * ${n};
      let sum = 0.0;
      for (let k = 0; k < ${n}; k++) { sum += a[row * ${n} + k] * b[k * ${n} + column]; }
      return sum;
    }`,
    { ...settings, output: [n * n] },
  );
  const sums = gpu.createKernel(`function(a) { let sum = 0.0; for (let k = 0; k < ${n}; k++) { sum += a[this.thread.x * ${n} + k]; } return sum; }`, {
    ...settings,
    output: [n],
  });
  const range = Array.from({ length: n }, (_, k) => k);
  return {
    formula: farthest(
      (await formula(a, b)) as Float32Array,
      [...a].map((x, i) => 2 * x + b[i]),
    ),
    product: farthest(
      (await product(a, b)) as Float32Array,
      [...a].map((_, i) => range.reduce((sum, k) => sum + a[Math.floor(i / n) * n + k] * b[k * n + (i % n)], 0)),
    ),
    sum: farthest(
      (await sums(a)) as Float32Array,
      range.map((i) => range.reduce((sum, k) => sum + a[i * n + k], 0)),
    ),
  };
}

/** A chain of launches: each is given what the one before promised, and only the last is read. Times in microseconds. */
async function chain(launches: number, length: number): Promise<{ error: number; launch: number; waiting: number }> {
  const gpu = open();
  const plain = { ...settings, output: [length], pipeline: true };
  const upload = gpu.createKernel("function(a) { return a[this.thread.x]; }", plain) as Launch<Handle>;
  const step = gpu.createKernel("function(a) { return a[this.thread.x] * 0.5 + 1.0; }", plain) as Launch<Handle>;
  let value = await step(await upload(wave(length)));
  await value.toArray();
  const start = performance.now();
  for (let k = 1; k < launches; k++) {
    const next = await step(value);
    value.delete();
    value = next;
  }
  const launched = performance.now();
  const got = await value.toArray();
  const waited = performance.now();
  const want = [...wave(length)].map((x) => {
    let y = x;
    for (let k = 0; k < launches; k++) y = y * 0.5 + 1;
    return y;
  });
  return { error: farthest(got, want), launch: (1000 * (launched - start)) / launches, waiting: 1000 * (waited - launched) };
}

/** What gpu.js says of what the kernels of this library are made of. */
async function refusals(): Promise<Record<string, string>> {
  const gpu = open();
  const said = async (run: (gpu: Instance) => unknown): Promise<string> => {
    try {
      await run(gpu);
      return "no error";
    } catch (error) {
      return error instanceof Error ? error.message.split("\n")[0] : String(error);
    }
  };
  const x = wave(8);
  const one = { ...settings, output: [8] };
  const names = Array.from({ length: 12 }, (_, k) => `a${k}`);
  return {
    native: await said((gpu) =>
      gpu.createKernel("function(a) { return twice(a[this.thread.x]); }", {
        ...one,
        nativeFunctions: [{ name: "twice", source: "fn twice(a : f32) -> f32 { return 2.0 * a; }", returnType: "Number" }],
      })(x),
    ),
    outputs: await said((gpu) =>
      gpu.createKernelMap({ other: "function other(a) { return a; }" }, "function(a) { return other(a[this.thread.x]); }", one)(x),
    ),
    vectors: await said(async (gpu) => {
      const four = gpu.createKernel("function(a) { const i = this.thread.x * 4; return [a[i], a[i + 1], a[i + 2], a[i + 3]]; }", {
        ...settings,
        output: [2],
        pipeline: true,
        returnType: "Array(4)",
      });
      const read = gpu.createKernel("function(a) { return a[this.thread.x]; }", { ...settings, output: [2] });
      return read(await four(x));
    }),
    inputs: await said((gpu) =>
      gpu.createKernel(
        `function(${names.join(", ")}) { return ${names.map((name) => `${name}[this.thread.x]`).join(" + ")}; }`,
        one,
      )(...names.map(() => x)),
    ),
  };
}

/** What functions make of numbers with which others fail: expressions of `x`. */
async function numbers(expressions: readonly string[], values: readonly number[]): Promise<Record<string, number[]>> {
  const gpu = open();
  const entries = expressions.map(async (text): Promise<[string, number[]]> => {
    const kernel = gpu.createKernel(`function(a) { const x = a[this.thread.x]; return ${text}; }`, { ...settings, output: [values.length] });
    return [text, [...((await kernel(Float32Array.from(values))) as Float32Array)]];
  });
  return Object.fromEntries(await Promise.all(entries));
}

Object.assign(globalThis, { suite: { results, chain, refusals, numbers } });

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { digest, type Expectation } from "./digest.ts";
import { chain, convolution, lesson, scalars } from "./inputs.ts";
import * as oracle from "./oracle.ts";

/** What a workload takes at least, whoever computes it: arithmetic, memory read and written, and what it is counted in. */
export interface Work {
  readonly flops?: number;
  readonly bytes?: number;
  /** Numbers that are divided by a square root. Processors do that apart from memory, and slowly. */
  readonly divisions?: number;
  /** Memory that is touched, which decides in which cache it lies. Default: `bytes`. */
  readonly touched?: number;
  /** Operations, forward, of a workload that only costs overhead. */
  readonly operations?: number;
}

/** One row of the benchmark. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly work: Work;
  /** Greatest relative error of an output. */
  readonly tolerance: number;
  /** The same for a peer that does the workload with an optimizer of its own. */
  readonly coarse?: number;
  /** What the outputs must be, with AdamW or, for a peer that lacks it, with Adam. */
  expected(optimizer: string): readonly Expectation[];
}

const million = 1_000_000;

/** PyTorch's first losses of the lesson, by optimizer and batch size; `peers/pytorch.py losses` records them. */
const losses: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = JSON.parse(
  readFileSync(join(import.meta.dirname, "losses.json"), "utf8"),
);

/** A training step: products of all layers, forward, for weights, and for inputs but the first; an update of 28 bytes per parameter. */
function step(batch: number): Workload {
  const layers = lesson.sizes.slice(1).map((out, k) => lesson.sizes[k] * out);
  const all = layers.reduce((sum, size) => sum + size);
  const parameters = all + lesson.sizes.slice(1).reduce((sum, size) => sum + size);
  return {
    name: `lesson-${batch}`,
    title: `lesson step, batch ${batch}`,
    work: { flops: 2 * batch * (3 * all - layers[0]), bytes: 28 * parameters, touched: 16 * parameters, divisions: parameters },
    // Tells AdamW from Adam at every batch size.
    tolerance: 6e-6,
    // tfjs computes Adam's bias correction in float32, off by 1e-5; after some steps, units whose ReLU is near its kink take the other side.
    coarse: 5e-4,
    expected: (optimizer) => [digest(losses[optimizer][batch])],
  };
}

const product = (n: number): Workload => ({
  name: `matmul-${n}`,
  title: `matmul ${n} x ${n}`,
  work: { flops: 2 * n ** 3 },
  tolerance: 1e-5,
  expected: () => oracle.matmul(n),
});

const elementwise = (name: string, title: string, arrays: number, f: (a: number, b: number) => number): Workload => ({
  name,
  title,
  work: { bytes: 4 * arrays * million },
  tolerance: 3e-6,
  expected: () => oracle.elementwise(million, f),
});

const formula = (a: number, b: number): number => Math.max(0, Math.exp((a + b) * b));

const update = (millions: number): Workload => ({
  name: `adamw-${millions}M`,
  title: `AdamW update, ${millions}M`,
  work: { bytes: 28 * millions * million, touched: 16 * millions * million, divisions: millions * million },
  tolerance: 2e-6,
  expected: (optimizer) => oracle.adamw(millions * million, optimizer),
});

const links = (count: number): Workload => ({
  name: `chain-${count}`,
  title: `${2 * chain.links} operations on ${count === 1 ? "1 number" : `${count} numbers`}, forward + backward`,
  work: { operations: 2 * chain.links },
  tolerance: 1e-4,
  expected: () => oracle.links(count),
});

/** Nodes of the network of scalars: a product and a sum per weight, tanh, and three for the error of a sample. */
const nodes = scalars.samples.length * (scalars.sizes.slice(1).reduce((sum, out, k) => sum + out * (2 * scalars.sizes[k] + 1), 0) + 3);

/** Every workload, in the order of the table. */
export const workloads: readonly Workload[] = [
  ...[1, 32, 256].map(step),
  ...[64, 256, 512, 1024].map(product),
  elementwise("add", "add, 1M", 3, (a, b) => a + b),
  elementwise("relu", "relu, 1M", 2, (a) => Math.max(0, a)),
  elementwise("exp", "exp, 1M", 2, (a) => Math.exp(a)),
  elementwise("fused", "relu(exp((a + b) * b)), 1M, one formula", 3, formula),
  elementwise("unfused", "relu(exp((a + b) * b)), 1M, four operations", 3, formula),
  ...[1, 10].map(update),
  ...[16, 1].map(links),
  {
    name: "scalars",
    title: `${nodes} scalar nodes (micrograd's network), forward + backward`,
    work: { operations: nodes },
    tolerance: 1e-5,
    expected: oracle.network,
  },
  // Last, because it takes some peers minutes.
  {
    name: "conv",
    title: "convolution 64 → 64, 3x3, on 32x32, batch 32, forward + backward",
    work: { flops: 3 * 2 * convolution.batch * convolution.side ** 2 * convolution.channels ** 2 * 9 },
    tolerance: 2e-5,
    expected: oracle.convolve,
  },
];

/** Start and size of the least program that trains are asked for like a workload. */
export const STARTUP = "startup";

/** Everything that can be asked for. */
export const allNames: readonly string[] = [...workloads.map(({ name }) => name), STARTUP];

/** The workloads of these names. Error: an unknown name. */
export function named(names: readonly string[]): Workload[] {
  const unknown = names.filter((name) => !allNames.includes(name));
  if (unknown.length > 0) throw new TypeError(`bench: no workload is named ${unknown.join(", ")}; there are ${allNames.join(", ")}`);
  return workloads.filter(({ name }) => names.includes(name));
}

const SAMPLES = 32;

/** What is told of an output instead of all its numbers. */
export interface Digest {
  readonly count: number;
  readonly sum: number;
  /** Up to 32 numbers, evenly spread from the first to the last. */
  readonly samples: readonly number[];
}

/** What an output must be, and the sum of its absolute values, against which the error of the sum is measured. */
export interface Expectation extends Digest {
  readonly size: number;
}

/** Indices of the samples among `count` numbers. */
export function sampled(count: number): number[] {
  const taken = Math.min(count, SAMPLES);
  return Array.from({ length: taken }, (_, k) => (taken === 1 ? 0 : Math.floor((k * (count - 1)) / (taken - 1))));
}

/** The digest of an output. */
export function digest(values: ArrayLike<number>): Expectation {
  let [sum, size] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    sum += values[i];
    size += Math.abs(values[i]);
  }
  return { count: values.length, sum, size, samples: sampled(values.length).map((at) => values[at]) };
}

/** What is wrong with the outputs of a workload, or nothing. Errors are relative: of a sample to the largest, of a sum to the sum of sizes. */
export function mistake(outputs: readonly Digest[], expected: readonly Expectation[], tolerance: number): string | undefined {
  if (outputs.length !== expected.length) return `${outputs.length} outputs, expected ${expected.length}`;
  for (const [k, want] of expected.entries()) {
    const got = outputs[k];
    if (got.count !== want.count) return `output ${k} has ${got.count} numbers, expected ${want.count}`;
    const largest = Math.max(...want.samples.map(Math.abs));
    const worst = want.samples.findIndex((value, i) => !(Math.abs(got.samples[i] - value) <= tolerance * largest));
    if (worst >= 0) return `output ${k} at ${sampled(want.count)[worst]} is ${got.samples[worst]}, expected ${want.samples[worst]}`;
    if (!(Math.abs(got.sum - want.sum) <= tolerance * want.size)) return `output ${k} sums to ${got.sum}, expected ${want.sum}`;
  }
  return undefined;
}

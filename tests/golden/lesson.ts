import { type Tensor, tensor } from "@gradtape/core";
import type { Comparison } from "./comparison.ts";
import { checked, type Fields, type Place } from "./recording.ts";
import { batches, type TrainingCase } from "./training.ts";

interface GeneratorSpec extends Fields {
  readonly seed_weights: number;
  readonly seed_data: number;
  readonly n: number;
  readonly in: number;
  readonly classes: number;
  readonly first_values: Readonly<Record<string, number | readonly number[]>>;
}

/** The recordings' linear congruential generator, uniform on [0, 1): every product stays below 2^53, so that doubles are exact. */
function lcg(seed: number): () => number {
  let state = seed % 2 ** 32;
  return () => {
    state = (1664525 * state + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** The data and initial weights of the lesson's network, all from the generator; float64 gets the values rounded to float32. */
export function lessonData(run: TrainingCase, comparison: Comparison) {
  const spec = checked<GeneratorSpec>(run.generator as Fields, { seed_weights: "number", seed_data: "number", n: "number", classes: "number" });
  const sizes = run.architecture.sizes as readonly number[];
  const weights = lcg(spec.seed_weights);
  const values: Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }> = {};
  sizes.slice(1).forEach((out, i) => {
    const fanIn = sizes[i];
    const draw = (size: number): Float32Array => Float32Array.from({ length: size }, () => (2 * weights() - 1) / Math.sqrt(fanIn));
    values[`fc${i + 1}.weight`] = { shape: [out, fanIn], data: draw(out * fanIn) };
    values[`fc${i + 1}.bias`] = { shape: [out], data: draw(out) };
  });
  const source = lcg(spec.seed_data);
  const X = Float32Array.from({ length: spec.n * spec.in }, source);
  const y = Int32Array.from({ length: spec.n }, () => Math.floor(source() * spec.classes));
  const drawn: Readonly<Record<string, ArrayLike<number>>> = {
    ...Object.fromEntries(Object.entries(values).map(([key, { data }]) => [key, data])),
    X,
    y,
  };
  for (const [key, want] of Object.entries(spec.first_values)) {
    const all = Array.from(drawn[key.replace("_last", "")] ?? []);
    comparison.numbers(`generated ${key}`, Array.isArray(want) ? all.slice(0, want.length) : all.at(-1), want, { rtol: 0, atol: 0 });
  }
  return (place: Place) => ({
    state: Object.fromEntries(Object.entries(values).map(([key, { shape, data }]): [string, Tensor] => [key, tensor(data, { shape, ...place })])),
    batch: batches(tensor(X, { shape: [spec.n, spec.in], ...place }), tensor(y, { device: place.device }), run.batch_size as number),
  });
}

import { Tensor, tensor } from "@gradtape/core";
import type { Batch, Dataset, Example } from "./dataset.ts";

/**
 * Stacks examples field by field along a new first dimension: [B, ...shape]; plain numbers become a float32 vector [B], whatever their values
 * (for class labels return `tensor(label, { dtype: "int32" })`). An error when examples differ in fields, shapes or dtypes.
 */
export function collate<E extends Example>(examples: readonly E[]): Batch<E> {
  const [first] = examples;
  if (first === undefined) throw new RangeError("collate: expected at least one example, found none");
  const odd = examples.findIndex((example) => example.length !== first.length);
  if (odd > 0) throw new RangeError(`collate: example ${odd} has ${examples[odd].length} fields, the first has ${first.length}`);
  return first.map((_, field) => stackField(examples, field)) as unknown as Batch<E>;
}

/** The batch of a dataset at `indices`: by its own `batch` where it has one, else by `get` and `collate`. */
export function fetch<E extends Example>(dataset: Dataset<E>, indices: Int32Array, stack: (examples: E[]) => Batch<E> = collate): Batch<E> {
  if (dataset.batch && stack === collate) return dataset.batch(indices);
  return stack(Array.from(indices, (index) => dataset.get(index)));
}

function stackField(examples: readonly Example[], field: number): Tensor {
  const values = examples.map((example) => example[field]);
  const [first] = values;
  if (typeof first === "number") {
    const odd = values.findIndex((value) => typeof value !== "number");
    if (odd >= 0) throw new TypeError(`collate: field ${field} is a number in example 0 and not in example ${odd}`);
    return tensor(Float32Array.from(values as number[]), { shape: [values.length] });
  }
  if (!(first instanceof Tensor))
    throw new TypeError(`collate: field ${field} is ${typeof first}; expected a Tensor or a number, or give the loader a collate of your own`);
  const data = first.data();
  const out = new (data.constructor as new (length: number) => typeof data)(values.length * data.length);
  values.forEach((value, k) => {
    if (!(value instanceof Tensor)) throw new TypeError(`collate: field ${field} is a Tensor in example 0 and not in example ${k}`);
    if (value.dtype !== first.dtype || value.shape.join() !== first.shape.join())
      throw new RangeError(
        `collate: field ${field} differs, ${first.dtype} [${first.shape.join(",")}] in example 0 and ${value.dtype} [${value.shape.join(",")}] in example ${k}; pad or crop first`,
      );
    out.set(value.data(), k * data.length);
  });
  return tensor(out, { shape: [values.length, ...first.shape], dtype: first.dtype });
}

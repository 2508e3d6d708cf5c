import { Generator, tensor } from "@gradtape/core";
import { describe, expect, it } from "vitest";
import { collate } from "./collate.ts";
import { randomSplit, Subset, TensorDataset } from "./dataset.ts";

const rows = () =>
  new TensorDataset(
    tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]),
    tensor([7, 8, 9], { dtype: "int32" }),
  );

describe("TensorDataset", () => {
  it("gives rows and batches of rows", () => {
    const [x, y] = rows().get(1);
    expect([[...x.data()], [...x.shape], [...y.data()], [...y.shape]]).toEqual([[3, 4], [2], [8], []]);
    const [bx, by] = rows().batch(Int32Array.of(2, 0));
    expect([[...bx.data()], [...bx.shape], [...by.data()], by.dtype]).toEqual([[5, 6, 1, 2], [2, 2], [9, 7], "int32"]);
  });

  it("refuses tensors of different lengths, scalars, nothing, and indices outside", () => {
    expect(() => new TensorDataset(tensor([1, 2]), tensor([1]))).toThrow("TensorDataset: first dimensions differ, [2] and [1]");
    expect(() => new TensorDataset(tensor(1))).toThrow("a scalar at position 0");
    expect(() => new TensorDataset()).toThrow("found none");
    for (const index of [-1, 3, 0.5, NaN]) expect(() => rows().get(index)).toThrow(`index ${index} is outside 0..2`);
    expect(() => rows().batch(Int32Array.of(3))).toThrow("index 3 is outside 0..2");
  });
});

describe("Subset", () => {
  it("selects, also of a subset", () => {
    const twice = new Subset(new Subset(rows(), [2, 0, 1]), [1, 0]);
    expect([...twice.get(0)[0].data()]).toEqual([1, 2]);
    expect([...twice.batch(Int32Array.of(0, 1))[1].data()]).toEqual([7, 9]);
    expect(() => new Subset(rows(), [3])).toThrow("Subset: index 3");
    expect(() => twice.batch(Int32Array.of(2))).toThrow("Subset: index 2 is outside 0..1");
  });
});

describe("randomSplit", () => {
  const set = new TensorDataset(
    tensor(
      Float32Array.from({ length: 101 }, (_, k) => k),
      { shape: [101] },
    ),
  );

  it("splits into disjoint parts, by sizes or fractions, the same for the same seed", () => {
    const parts = randomSplit(set, [0.8, 0.1, 0.1], { seed: 3 });
    expect(parts.map((part) => part.length)).toEqual([81, 10, 10]);
    expect(parts.flatMap((part) => [...part.indices]).sort((a, b) => a - b)).toEqual(Array.from({ length: 101 }, (_, k) => k));
    expect(randomSplit(set, [81, 10, 10], { seed: 3 })[2].indices).toEqual(parts[2].indices);
    expect(randomSplit(set, [50, 51], { generator: new Generator(1) })[0].indices).not.toEqual(parts[0].indices.slice(0, 50));
  });

  it("refuses lengths that do not add up", () => {
    expect(() => randomSplit(set, [1, 2])).toThrow("sum to 3; expected the dataset's 101 examples, or fractions that sum to 1");
    expect(() => randomSplit(set, [-1, 102])).toThrow("found -1");
  });
});

describe("collate", () => {
  it("stacks tensors and numbers", () => {
    const [x, y] = collate([
      [tensor([1, 2]), 3],
      [tensor([4, 5]), 6],
    ] as const);
    expect([[...x.shape], [...x.data()], [...y.data()], y.dtype]).toEqual([[2, 2], [1, 2, 4, 5], [3, 6], "float32"]);
  });

  it("names the example that differs", () => {
    expect(() => collate([])).toThrow("found none");
    expect(() => collate([[1], [1, 2]])).toThrow("example 1 has 2 fields, the first has 1");
    expect(() => collate([[tensor([1])], [tensor([1, 2])]])).toThrow("float32 [1] in example 0 and float32 [2] in example 1");
    expect(() => collate([[1], [tensor(1)]])).toThrow("not in example 1");
    expect(() => collate([[tensor(1)], [1]])).toThrow("not in example 1");
    expect(() => collate([["a" as unknown as number]])).toThrow("field 0 is string");
  });
});

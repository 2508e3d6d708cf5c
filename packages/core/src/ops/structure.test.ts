import { describe, expect, test } from "vitest";
import { arange, concat, type NestedNumbers, ones, randn, type Tensor, tensor, zeros } from "../index.ts";

const i32 = (values: NestedNumbers): Tensor => tensor(values, { dtype: "int32" });
const bool = (values: NestedNumbers): Tensor => tensor(values, { dtype: "bool" });

describe("values", () => {
  test("transposes, slices, flips, diagonals and windows share memory", () => {
    const x = randn([3, 4]);
    const views = [
      x.t(),
      x.movedim(0, 1),
      x.slice([1, null]),
      x.flip(0),
      x.diagonal(),
      x.unfold(1, 2),
      x.broadcastTo([2, 3, 4]),
      x.rot90(),
      ...x.unbind(),
    ];
    for (const view of [...views, ...x.chunk(2), ...x.tensorSplit(2)]) expect(view.storage).toBe(x.storage);
  });

  test("indices follow NumPy: side by side they stay in place, apart they go in front", () => {
    const x = arange(24).reshape([2, 3, 4]);
    expect(x.index([null, i32([0, 2]), i32([1, -1])]).toArray()).toEqual([
      [1, 11],
      [13, 23],
    ]);
    expect(x.index([1, null, i32([0, 3])]).toArray()).toEqual([
      [12, 16, 20],
      [15, 19, 23],
    ]);
    expect(x.index([null, bool([true, false, true])]).shape).toEqual([2, 2, 4]);
    expect(x.index([null, null])).toBe(x);
  });

  test("of several values for one place the last stays and gets the gradient", () => {
    const source = tensor([1, 2, 3], { requiresGrad: true });
    const y = zeros([2]).scatter(0, i32([0, 0, 1]), source);
    expect(y.toArray()).toEqual([2, 3]);
    y.sum().backward();
    expect(source.grad?.toArray()).toEqual([0, 1, 1]);
    expect(
      zeros([2])
        .indexPut([[0, 0]], tensor([1, 2]), { accumulate: true })
        .toArray(),
    ).toEqual([3, 0]);
  });

  test("the row at paddingIdx gets no gradient", () => {
    const weight = ones([3, 2], { requiresGrad: true });
    i32([0, 2, 2]).embedding(weight, { paddingIdx: -1 }).sum().backward();
    expect(weight.grad?.toArray()).toEqual([
      [1, 1],
      [0, 0],
      [0, 0],
    ]);
    expect(i32(1).embedding(weight).shape).toEqual([2]);
  });

  test("triangles drop NaN; masks, counts and bins", () => {
    expect(
      tensor([
        [1, Number.NaN],
        [2, 3],
      ])
        .tril()
        .toArray(),
    ).toEqual([
      [1, 0],
      [2, 3],
    ]);
    expect(
      tensor([
        [0, 5],
        [Number.NaN, 0],
      ])
        .nonzero()
        .toArray(),
    ).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(i32([2, 0]).oneHot().toArray()).toEqual([
      [0, 0, 1],
      [1, 0, 0],
    ]);
    expect(
      tensor([1, 2, 2, 3])
        .searchsorted(tensor([0, 2, 9]))
        .toArray(),
    ).toEqual([0, 1, 4]);
    expect(
      tensor([0, 2, 9])
        .bucketize(tensor([1, 2, 2, 3]), { right: true })
        .toArray(),
    ).toEqual([0, 3, 4]);
  });

  test("empty and 0-d tensors", () => {
    expect(zeros([0, 3]).roll(1, 0).shape).toEqual([0, 3]);
    expect(zeros([0, 3]).repeat([2, 2]).shape).toEqual([0, 6]);
    expect(
      zeros([0])
        .pad({ padding: [1, 2], value: 7 })
        .toArray(),
    ).toEqual([7, 7, 7]);
    expect(
      zeros([0, 2])
        .chunk(3)
        .map((part) => part.shape),
    ).toEqual([
      [0, 2],
      [0, 2],
      [0, 2],
    ]);
    expect(zeros([2, 0]).maskedSelect(bool([[true], [true]])).shape).toEqual([0]);
    expect(tensor(5).gather(0, i32(0)).item()).toBe(5);
    expect(tensor(5).scatter(0, i32(0), tensor(2)).item()).toBe(2);
    expect(tensor(5).repeat([2]).toArray()).toEqual([5, 5]);
    expect(tensor(5).roll(3).item()).toBe(5);
    expect(concat([zeros([0]), ones([2, 2])]).shape).toEqual([2, 2]);
    expect(
      i32([])
        .to("int32")
        .reshape([0, 2])
        .embedding(ones([3, 4])).shape,
    ).toEqual([0, 2, 4]);
  });
});

describe("errors name the op, the shapes and the way out", () => {
  const x = zeros([2, 3]);
  const cases: Readonly<Record<string, readonly [() => unknown, string]>> = {
    gather: [() => x.gather(1, i32([[3]])), "gather: index 3 is out of range for dimension 1 of [2,3]; use 0 to 2"],
    scatterAdd: [() => x.scatterAdd(0, i32([[5]]), ones([1, 1])), "scatterAdd: index 5 is out of range for dimension 0 of [2,3]"],
    scatterSource: [
      () => x.scatter(0, i32([[0, 1]]), ones([1, 1])),
      "scatter: a source of shape [1,1] does not hold a value for each of index [1,2]",
    ],
    indexSelect: [() => x.indexSelect(1, [0, -1]), "indexSelect: index -1 is out of range for dimension 1 of [2,3]"],
    indexAdd: [() => x.indexAdd(0, i32([0]), ones([2, 3])), "needs a source of [1,3], got [2,3]"],
    index: [() => x.index([null, 3]), "index: index 3 is out of range for dimension 1 of [2,3]; use -3 to 2"],
    indexMask: [() => x.index([bool([true])]), "index: a mask of shape [1] does not fit dimensions of [2] of [2,3]"],
    indexType: [() => x.index([ones([1])]), 'convert it with .to("int32")'],
    maskedSelect: [() => x.maskedSelect(x), "maskedSelect: a mask is a bool tensor, got float32"],
    embedding: [() => i32([2]).embedding(x), "embedding: index 2 is out of range for dimension 0 of [2,3]"],
    embeddingPadding: [() => i32([1]).embedding(x, { paddingIdx: 2 }), "embedding: paddingIdx 2 is out of range for 2 rows; use -2 to 1"],
    oneHot: [() => i32([3]).oneHot(3), "oneHot: class 3 is out of range; use 0 to 2"],
    pad: [() => x.pad({ padding: [1] }), "pad: padding [1] must hold two integers"],
    padReflect: [() => x.pad({ padding: [3, 0], mode: "reflect" }), 'mode "reflect" can add at most 2 to dimension 1 of [2,3]'],
    padCrop: [() => x.pad({ padding: [-2, -2] }), "crops more than there is of [2,3]"],
    repeat: [() => x.repeat([2]), "repeat: [2] must name a non-negative number for each of the 2 dimensions of [2,3]"],
    roll: [() => x.roll([1, 2], 0), "roll: 2 shifts and 1 dims"],
    movedim: [() => x.movedim([0, 0], [0, 1]), "movedim: source [0,0] and destination [0,1]"],
    unflatten: [() => x.unflatten(1, [2, -1]), "unflatten: dimension 1 of [2,3] cannot become [2,-1]"],
    diagonal: [() => x.diagonal({ dim1: 0, dim2: -2 }), "diagonal: needs two different dimensions"],
    trace: [() => zeros([2]).trace(), "trace: needs a matrix, got [2]"],
    tril: [() => zeros([2]).tril(), "tril: needs at least 2 dimensions, got [2]"],
    concat: [() => concat([x, zeros([2, 2])], 0), "concat: tensor 1 of shape [2,2] does not fit [2,3] outside dimension 0"],
  };
  for (const [name, [run, message]] of Object.entries(cases)) test(name, () => expect(run).toThrow(message));
});

describe("unknown options are refused by name", () => {
  const x = zeros([1, 1, 4, 4]);
  const calls: readonly ((options: object) => unknown)[] = [
    (options) => x.pad({ padding: [1, 1], ...options }),
    (options) => x.conv2d(ones([1, 1, 2, 2]), null, options),
    (options) => x.convTranspose2d(ones([1, 1, 2, 2]), null, options),
    (options) => x.maxPool2d({ kernelSize: 2, ...options }),
    (options) => x.avgPool2d({ kernelSize: 2, ...options }),
    (options) => x.adaptiveAvgPool2d({ outputSize: 2, ...options }),
    (options) => x.adaptiveMaxPool2d({ outputSize: 2, ...options }),
    (options) => x.interpolate({ size: 2, ...options }),
    (options) => x.unfold({ kernelSize: 2, ...options }),
    (options) => x.dropout(options),
    (options) => x.diagonal(options),
    (options) => x.tril(options),
    (options) => i32([0]).embedding(ones([1, 1]), options),
    (options) => x.scaledDotProductAttention(x, x, options),
  ];
  for (const call of calls) test(`${call}`, () => expect(() => call({ nonsense: 1 })).toThrow("unknown option nonsense"));
});

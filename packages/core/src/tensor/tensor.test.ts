import ndarray from "ndarray";
import ops from "ndarray-ops";
import { describe, expect, test } from "vitest";
import { arange, cpu, eye, full, linspace, ones, setDefaultDType, type Tensor, tensor, zeros } from "../index.ts";
import { toNdarray } from "../ndarray.ts";

describe("creation", () => {
  test("takes numbers, nested arrays, booleans, typed arrays and ndarrays", () => {
    expect(tensor(3).toArray()).toBe(3);
    expect(
      tensor([
        [1, 2],
        [3, 4],
      ]).shape,
    ).toEqual([2, 2]);
    expect(tensor([true, false]).dtype).toBe("bool");
    expect(tensor([true, false]).toArray()).toEqual([true, false]);
    expect(tensor(new Float64Array([1, 2])).dtype).toBe("float64");
    expect(tensor(new Int32Array([1, 2, 3, 4]), { shape: [2, 2] }).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(tensor(new Uint8Array([255, 0])).dtype).toBe("int32");
    expect(tensor([[], []]).shape).toEqual([2, 0]);
    const nd = ndarray(new Float64Array([1, 2, 3, 4, 5, 6]), [2, 3]).transpose(1, 0);
    expect(tensor(nd).toArray()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
  });

  test("a typed array is copied", () => {
    const values = new Float32Array([1, 2]);
    const x = tensor(values);
    values[0] = 9;
    expect(x.toArray()).toEqual([1, 2]);
    x.data()[0] = 9;
    expect(x.toArray()).toEqual([1, 2]);
  });

  test("zeros, ones, full, arange, linspace, eye", () => {
    expect(zeros([2]).toArray()).toEqual([0, 0]);
    expect(ones([1, 2], { dtype: "int32" }).toArray()).toEqual([[1, 1]]);
    expect(full([], 7).item()).toBe(7);
    expect(arange(4).toArray()).toEqual([0, 1, 2, 3]);
    expect(arange(1, 2, 0.25).toArray()).toEqual([1, 1.25, 1.5, 1.75]);
    expect(arange(3, 0, -1).toArray()).toEqual([3, 2, 1]);
    expect(linspace(0, 1, 5).toArray()).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(eye(2, 3).toArray()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
  });

  test("the default dtype can be changed and is given back", () => {
    const before = setDefaultDType("float64");
    expect(tensor([1]).dtype).toBe("float64");
    setDefaultDType(before as "float32");
    expect(tensor([1]).dtype).toBe("float32");
  });

  test("bad values are refused with the way out", () => {
    expect(() => tensor([[1, 2], [3]])).toThrow("ragged arrays");
    expect(() => tensor([1, [2]] as never)).toThrow("ragged arrays");
    expect(() => tensor(["a"] as never)).toThrow("expected numbers, got string");
    expect(() => tensor([1, 2, 3], { shape: [2, 2] })).toThrow("3 values do not fill shape [2,2]");
    expect(() => tensor([1], { dtype: "float16" as never })).toThrow("unknown dtype float16; use one of");
    expect(() => tensor(new BigInt64Array(1))).toThrow("BigInt");
    expect(() => tensor([1], { dtype: "int32", requiresGrad: true })).toThrow("only float32 and float64");
    expect(() => zeros([-1])).toThrow("non-negative integers");
    expect(() => arange(0, 1, 0)).toThrow("finite number of steps");
  });
});

describe("views", () => {
  const x = arange(24, undefined, 1, { dtype: "float64" }).reshape([2, 3, 4]);

  test("transpose, slice, flip, expand and select share the storage", () => {
    for (const view of [
      x.transpose(0, 2),
      x.slice(1, [null, null, -1]),
      x.flip([0, 2]),
      x.slice(null, [0, 1]).expand([2, 3, 4]),
      x.select(1, 2),
      x.narrow(2, 1, 2),
    ])
      expect(view.storage).toBe(x.storage);
    expect(x.reshape([6, 4]).storage).toBe(x.storage);
    expect(x.transpose(0, 1).reshape([24]).storage).not.toBe(x.storage);
  });

  test("a tensor is an ndarray on the same memory, and ndarray's views agree with ours", () => {
    const nd = toNdarray(x);
    const same = (ours: Tensor, theirs: ndarray.NdArray) => expect(ours.toArray()).toEqual(tensor(theirs).toArray());
    same(x.permute([2, 0, 1]), nd.transpose(2, 0, 1));
    same(x.flip([1]), nd.step(1, -1, 1));
    same(x.slice([1, 2], [1, 3], [0, 4, 2]), nd.lo(1, 1, 0).hi(1, 2, 4).step(1, 1, 2));
    same(x.select(1, 2), nd.pick(null, 2, null));
    ops.muleq(nd, nd);
    expect(x.select(0, 1).select(0, 0).toArray()).toEqual([144, 169, 196, 225]);
  });

  test("slice follows Python", () => {
    const y = arange(10, undefined, 1, { dtype: "int32" });
    const cases: [Parameters<Tensor["slice"]>[0], number[]][] = [
      [
        [2, 5],
        [2, 3, 4],
      ],
      [
        [-3, null],
        [7, 8, 9],
      ],
      [
        [null, null, 3],
        [0, 3, 6, 9],
      ],
      [
        [null, null, -4],
        [9, 5, 1],
      ],
      [
        [7, 2, -2],
        [7, 5, 3],
      ],
      [[5, 2], []],
      [[20, 30], []],
      [
        [-100, 2],
        [0, 1],
      ],
    ];
    for (const [range, expected] of cases) expect(y.slice(range).toArray()).toEqual(expected);
    expect(y.slice(-1).item()).toBe(9);
    expect(() => y.slice(10)).toThrow("slice: index 10 is out of range for dimension 0 of [10]");
    expect(() => y.slice([0, 1, 0])).toThrow("a step is an integer other than 0");
    expect(() => y.slice(null, null)).toThrow("2 ranges for 1 dimensions");
  });

  test("shapes that do not fit are refused", () => {
    expect(() => x.reshape([5, 5])).toThrow("reshape: [2,3,4] has 24 elements and cannot become [5,5]");
    expect(() => x.reshape([-1, 7])).toThrow("cannot become [-1,7]");
    expect(() => x.permute([0, 1])).toThrow("permute: [0,1] does not name each of the 3 dimensions");
    expect(() => x.expand([2, 6, 4])).toThrow("expand: [2,3,4] cannot be stretched to [2,6,4]");
    expect(() => x.transpose(0, 3)).toThrow("dim 3 is out of range for shape [2,3,4]; use -3 to 2");
    expect(() => x.item()).toThrow("item: only a tensor of one element");
    expect(() => x.add(zeros([5]))).toThrow("add: shapes [2,3,4] and [5] do not broadcast (dimension -1: 4 against 5)");
    expect(() => x.matmul(zeros([3, 4]))).toThrow("matmul: inner dimensions differ, [2,3,4] x [3,4]");
    expect(() => x.add("1" as never)).toThrow("add: expected a tensor, got string");
  });
});

describe("dtypes", () => {
  test("promotion: bool < int32 < float32 < float64, numbers are weak", () => {
    const dtype = (t: Tensor) => t.dtype;
    const [b, i, f, d] = [tensor([true]), tensor([2], { dtype: "int32" }), tensor([1.5]), tensor([1.5], { dtype: "float64" })];
    expect([dtype(b.add(i)), dtype(i.add(f)), dtype(f.add(d)), dtype(b.add(b))]).toEqual(["int32", "float32", "float64", "int32"]);
    expect([dtype(i.add(1)), dtype(i.add(0.5)), dtype(i.div(2)), dtype(f.add(0.1)), dtype(i.gt(1))]).toEqual([
      "int32",
      "float32",
      "float32",
      "float32",
      "bool",
    ]);
    expect([dtype(i.mean()), dtype(b.sum()), dtype(i.exp()), dtype(f.matmul(d))]).toEqual(["float32", "int32", "float32", "float64"]);
    expect(f.to("int32").toArray()).toEqual([1]);
    expect(tensor([0, 0.2, -3]).to("bool").toArray()).toEqual([false, true, true]);
    expect(() => f.to("half" as never)).toThrow("unknown dtype half");
  });
});

describe("printing", () => {
  test.each<[Tensor, string]>([
    [tensor([1, 2, 3]), "tensor([1., 2., 3.])"],
    [
      tensor([
        [1, -2.5],
        [3.25, 4],
      ]),
      "tensor([[ 1.  , -2.5 ],\n        [ 3.25,  4.  ]])",
    ],
    [tensor([0.1, 1 / 3]), "tensor([0.1       , 0.33333334])"],
    [tensor(2.5), "tensor(2.5)"],
    [tensor([1, 2], { dtype: "int32" }), "tensor([1, 2], dtype=int32)"],
    [tensor([true, false]), "tensor([ true, false], dtype=bool)"],
    [tensor([1], { requiresGrad: true }), "tensor([1.], requiresGrad=true)"],
    [tensor([Number.NaN, Infinity, -1]), "tensor([nan, inf, -1.])"],
    [tensor([1e-10, 1]), "tensor([1.e-10, 1.e+00])"],
    [zeros([0, 3]), "tensor([], shape=[0, 3])"],
    [arange(2000), "tensor([   0.,    1.,    2., ..., 1997., 1998., 1999.])"],
    [zeros([2, 1, 2]), "tensor([[[0., 0.]],\n\n        [[0., 0.]]])"],
  ])("%#", (x, text) => expect(x.toString()).toBe(text));
});

test("read() gives a copy of the values without waiting for a device", async () => {
  const x = tensor([
    [1, 2],
    [3, 4],
  ]).transpose(0, 1);
  const values = await x.read();
  expect([...values]).toEqual([1, 3, 2, 4]);
  values[0] = 9;
  expect(x.toArray()).toEqual([
    [1, 3],
    [2, 4],
  ]);
  expect(x.to(cpu)).toBe(x);
});

import { describe, expect, test } from "vitest";
import { arange, einsum, eye, Generator, type NestedNumbers, ones, randn, type Tensor, tensor, zeros } from "../index.ts";

const bool = (values: NestedNumbers): Tensor => tensor(values, { dtype: "bool" });

describe("values", () => {
  test("einsum: implicit output, traces, ellipsis, sizes of 1", () => {
    const a = arange(6).reshape([2, 3]);
    expect(einsum("ba", a).toArray()).toEqual(a.t().toArray());
    expect(einsum("ij,kj", a, a).toArray()).toEqual(a.matmul(a.t()).toArray());
    expect(einsum("ii", eye(3)).item()).toBe(3);
    expect(einsum("...i->...", a).toArray()).toEqual([3, 12]);
    expect(einsum("ij,j->i", a, tensor([2])).toArray()).toEqual([6, 24]);
    expect(einsum(" i j , j k -> i k ", a, eye(3)).toArray()).toEqual(a.toArray());
  });

  test("attention: masks, causality, rows that see nothing", () => {
    const [q, k, v] = [randn([2, 4]), randn([3, 4]), randn([3, 2])];
    const hidden = q.scaledDotProductAttention(k, v, { mask: bool([[true, false, false]]) });
    expect(hidden.toArray()).toEqual(v.narrow(0, 0, 1).expand([2, 2]).toArray());
    expect(
      q
        .scaledDotProductAttention(k, v, { mask: bool([[false, false, false]]) })
        .isNaN()
        .sum()
        .item(),
    ).toBe(4);
    const added = q.scaledDotProductAttention(k, v, { mask: tensor([0, -Infinity, -Infinity]) });
    expect(added.toArray()).toEqual(hidden.toArray());
  });

  test("beta 0 ignores the input, even NaN", () => {
    expect(tensor([Number.NaN]).addmm(eye(2), eye(2), { beta: 0 }).toArray()).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  test("dropout keeps the mean, repeats with its seed, and does nothing outside of training", () => {
    const x = ones([20, 50]);
    const y = x.dropout({ p: 0.25, generator: new Generator(1) });
    expect(Math.abs(y.mean().item() - 1)).toBeLessThan(0.1);
    expect(y.toArray()).toEqual(x.dropout({ p: 0.25, generator: new Generator(1) }).toArray());
    expect(x.dropout({ p: 0.25, training: false })).toBe(x);
    expect(x.dropout({ p: 1 }).sum().item()).toBe(0);
  });

  test("empty products", () => {
    expect(
      zeros([2, 0])
        .mm(zeros([0, 3]))
        .toArray(),
    ).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(einsum("ij,jk->ik", zeros([0, 2]), zeros([2, 3])).shape).toEqual([0, 3]);
    expect(
      zeros([0])
        .dot(zeros([0]))
        .item(),
    ).toBe(0);
  });
});

describe("errors name the op, the shapes and the way out", () => {
  const x = zeros([2, 3]);
  const cases: Readonly<Record<string, readonly [() => unknown, string]>> = {
    mm: [() => x.mm(zeros([3])), "mm: takes a matrix and a matrix, got [2,3] and [3]; matmul broadcasts"],
    inner: [() => x.mm(x), "matmul: inner dimensions differ, [2,3] x [2,3]"],
    bmm: [() => zeros([1, 2, 3]).bmm(zeros([2, 3, 1])), "bmm: batches of 1 and 2 matrices"],
    addmm: [() => zeros([1, 2, 2]).addmm(x, x.t()), "addmm: the input [1,2,2] does not broadcast to the product [2,2]"],
    bilinear: [() => x.bilinear(x, zeros([4, 3, 2])), "bilinear: inputs [2,3] and [2,3] do not fit a weight [4,3,2]"],
    tensordot: [() => x.tensordot(x, { dims: 1 }), "tensordot: dimensions [1] of [2,3] and [0] of [2,3] differ in size"],
    cross: [() => zeros([2]).cross(zeros([2])), "cross: dimension 0 must have size 3, got [2] and [2]"],
    attention: [() => x.scaledDotProductAttention(zeros([4, 2]), zeros([4, 2])), "query [2,3] and key [4,2] must agree in their last size"],
    attentionMask: [() => x.scaledDotProductAttention(x, x, { isCausal: true, mask: bool([true]) }), "give a mask or isCausal, not both"],
    einsumCount: [() => einsum("ij,jk->ik", x), 'einsum: 2 lists of labels for 1 tensors, in "ij,jk->ik" of [2,3]'],
    einsumRank: [() => einsum("ijk->i", x), '"ijk" names 3 dimensions of a tensor that has 2'],
    einsumSize: [() => einsum("ij,ij->", x, zeros([3, 2])), '"i" has sizes 2 and 3'],
    einsumOutput: [() => einsum("ij->ik", x), `the output's "k" is in no input`],
    einsumTwice: [() => einsum("ij->ii", x), `the output's "i" stands twice`],
    einsumText: [() => einsum("i1->i", x), '"i1" must be letters and at most one "..."'],
    dropout: [() => x.dropout({ p: 2 }), "dropout: p is a probability from 0 to 1, got 2"],
  };
  for (const [name, [run, message]] of Object.entries(cases)) test(name, () => expect(run).toThrow(message));
});

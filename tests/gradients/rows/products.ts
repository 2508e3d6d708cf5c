import { einsum } from "@gradtape/core";
import { booleans, floats, type Row, row, rows } from "../row.ts";

/** Products of vectors, matrices and tensors. */
export const products: readonly Row[] = [
  ...rows("matmul", [
    [floats([2, 3]), floats([3, 4])],
    [floats([3]), floats([3])],
    [floats([3]), floats([2, 3, 2])],
    [floats([2, 1, 2, 3]), floats([3, 3, 2])],
    [floats([2, 0]), floats([0, 3])],
  ]),
  ...rows("linear", [
    [floats([2, 3]), floats([4, 3]), floats([4])],
    [floats([3]), floats([4, 3])],
    [floats([2, 2, 3]), floats([4, 3])],
  ]),
  ...rows("linearRelu", [
    [floats([2, 3], { away: [0] }), floats([4, 3], { low: 0.5 }), floats([4], { low: 0.1 })],
    [floats([2, 3], { low: -2, high: -0.5 }), floats([4, 3], { low: 0.5 })],
    [floats([2, 2, 3], { low: 0.5 }), floats([4, 3], { low: 0.5 })],
  ]),
  ...row("bilinear", [floats([2, 3]), floats([2, 2]), floats([4, 3, 2]), floats([4])]),
  ...row("mm", [floats([2, 3]), floats([3, 2])]),
  ...row("bmm", [floats([2, 2, 3]), floats([2, 3, 2])]),
  ...row("mv", [floats([2, 3]), floats([3])]),
  ...row("dot", [floats([3]), floats([3])]),
  ...row("inner", [floats([2, 3]), floats([4, 3])]),
  ...row("outer", [floats([2]), floats([3])]),
  ...row("kron", [floats([2, 2]), floats([1, 3])]),
  ...row("cross", [floats([2, 3]), floats([2, 3])]),
  ...row("tensordot", [floats([2, 3, 4]), floats([3, 4, 2])]),
  ...row("matrixPower", [floats([3, 3], { low: -0.7, high: 0.7 })], (x) => x.matrixPower(3)),
  ...row("addmm", [floats([4]), floats([2, 3]), floats([3, 4])], (x, a, b) => x.addmm(a, b, { alpha: 0.5, beta: 2 })),
  ...row("addmv", [floats([2]), floats([2, 3]), floats([3])]),
  ...row("baddbmm", [floats([2, 2, 2]), floats([2, 2, 3]), floats([2, 3, 2])]),
  ...row("einsum", [floats([2, 3]), floats([3, 4]), floats([4])], (a, b, c) => einsum("ij,jk,k->i", a, b, c)),
  ...row("einsum", [floats([2, 3, 3])], (a) => einsum("bii->b", a), "trace"),
  ...row("scaledDotProductAttention", [floats([2, 3, 4]), floats([2, 5, 4]), floats([2, 5, 2])]),
  ...row(
    "scaledDotProductAttention",
    [floats([3, 4]), floats([3, 4]), floats([3, 2])],
    (q, k, v) => q.scaledDotProductAttention(k, v, { isCausal: true }),
    "causal",
  ),
  ...row(
    "scaledDotProductAttention",
    [floats([3, 4]), floats([2, 4]), floats([2, 2]), booleans([3, 1])],
    (q, k, v, some) => q.scaledDotProductAttention(k, v, { mask: some.logicalOr(some.logicalNot()) }),
    "mask",
  ),
  ...row(
    "tensordot",
    [floats([2, 3, 4]), floats([4, 3, 2])],
    (a, b) =>
      a.tensordot(b, {
        dims: [
          [1, -1],
          [1, 0],
        ],
      }),
    "dims",
  ),
  ...row("matrixPower", [floats([2, 3, 3], { low: -0.7, high: 0.7 })], (x) => x.matrixPower(5), "batch"),
  ...row("einsum", [floats([2, 1, 3, 4]), floats([4, 2])], (a, b) => einsum("...ij,jk->k...i", a, b), "ellipsis"),
  ...row("einsum", [floats([3, 3, 2]), floats([1, 3])], (a, b) => einsum("iij,ki", a, b), "diagonal, implicit"),
];

import { type DType, type Shape, sizeOf, type Tensor, tensor } from "@gradtape/core";

/** Ways in which the operands of one loop may lie. */
export interface Layout {
  readonly name: string;
  /** The operand at an index, from a source of values. */
  readonly make: (values: () => number, dtype: DType, index: number) => Tensor;
  /** Shape of the result. */
  readonly shape: Shape;
}

const filled = (values: () => number, dtype: DType, shape: Shape): Tensor =>
  tensor(Float64Array.from({ length: sizeOf(shape) }, values), { dtype: "float64", shape }).to(dtype);

/** Every layout that a backend has to get right. */
export const layouts: readonly Layout[] = [
  { name: "contiguous", shape: [7, 5], make: (values, dtype) => filled(values, dtype, [7, 5]) },
  { name: "long", shape: [1031], make: (values, dtype) => filled(values, dtype, [1031]) },
  { name: "transposed", shape: [7, 5], make: (values, dtype) => filled(values, dtype, [5, 7]).transpose(0, 1) },
  {
    name: "one of them transposed",
    shape: [6, 9],
    make: (v, dtype, k) => (k === 0 ? filled(v, dtype, [9, 6]).transpose(0, 1) : filled(v, dtype, [6, 9])),
  },
  { name: "rows against columns", shape: [7, 5], make: (values, dtype, k) => filled(values, dtype, k % 2 === 0 ? [7, 1] : [1, 5]).expand([7, 5]) },
  { name: "against one row", shape: [4, 3, 6], make: (values, dtype, k) => filled(values, dtype, k === 0 ? [4, 3, 6] : [6]) },
  { name: "against one number", shape: [3, 11], make: (values, dtype, k) => filled(values, dtype, k === 0 ? [3, 11] : []) },
  {
    name: "windows, steps and flips",
    shape: [4, 6],
    make: (values, dtype) => filled(values, dtype, [6, 13]).narrow(0, 1, 4).slice(null, [1, 13, 2]).flip(0),
  },
  {
    name: "four dimensions in disorder",
    shape: [3, 2, 5, 4],
    make: (v, dtype, k) => filled(v, dtype, k === 0 ? [4, 5, 2, 3] : [4, 2, 5, 3]).permute(k === 0 ? [3, 2, 1, 0] : [3, 1, 2, 0]),
  },
  { name: "empty", shape: [3, 0], make: (values, dtype) => filled(values, dtype, [3, 0]) },
  { name: "one element", shape: [], make: (values, dtype) => filled(values, dtype, []) },
];

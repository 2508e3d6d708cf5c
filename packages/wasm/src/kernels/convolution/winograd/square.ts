import { type Code, type FunctionBuilder, f32x4, type Local } from "../../../assembler/index.ts";

/**
 * The matrices of Winograd's F(2x2, 3x3): tiles of 2x2 results from 4x4 inputs with 16 multiplications instead of 36. Lavin & Gray 2015, "Fast Algorithms for
 * Convolutional Neural Networks" (arXiv:1509.09308), section 4.1: `Y = Aᵀ [(G g Gᵀ) ∘ (Bᵀ d B)] A`. The gradient of g, from Z, that of Y, is
 * `Gᵀ [(A Z Aᵀ) ∘ (Bᵀ d B)] G`.
 */
type Matrix = readonly (readonly number[])[];

const transpose = <T>(matrix: readonly (readonly T[])[]): T[][] => matrix[0].map((_, j) => matrix.map((row) => row[j]));

/** Bᵀ. */
export const ofInput: Matrix = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
];

/** G. */
export const ofWeight: Matrix = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
];

/** Aᵀ. */
export const ofOutput: Matrix = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
];

/** A. */
export const ofGradient: Matrix = transpose(ofOutput);

/** Gᵀ. */
export const ofWeightGradient: Matrix = transpose(ofWeight);

/** A square of vectors: as many small matrices as a vector has lanes. */
export type Square = readonly (readonly Local[])[];

/** A row of the matrix times a vector, the terms that add first. */
function weighted(f: FunctionBuilder, row: readonly number[], values: readonly Local[]): Local {
  const terms = row
    .flatMap((factor, i) => (factor === 0 ? [] : [{ factor, value: values[i] }]))
    .sort((a, b) => Math.sign(b.factor) - Math.sign(a.factor));
  const size = ({ factor, value }: (typeof terms)[number]): Code =>
    Math.abs(factor) === 1 ? value : f32x4.mul(value, f.constant("f32x4", Math.abs(factor)));
  const [first, ...rest] = terms;
  if (rest.length === 0 && first.factor === 1) return first.value;
  const start = first.factor > 0 ? size(first) : f32x4.neg(size(first));
  return f.let(
    "v128",
    rest.reduce((sum, term) => (term.factor > 0 ? f32x4.add : f32x4.sub)(sum, size(term)), start),
  );
}

/** `M X Mᵀ` in every lane. */
export function transformed(f: FunctionBuilder, matrix: Matrix, square: Square): Square {
  const half = square.map((line) => matrix.map((row) => weighted(f, row, line)));
  return transpose(transpose(half).map((column) => matrix.map((row) => weighted(f, row, column))));
}

import type { TypedArray } from "../../dtype.ts";

/** One operand of a matrix product: where it starts and how far its rows and columns lie apart. */
export interface Matrix {
  readonly data: TypedArray;
  readonly start: number;
  readonly row: number;
  readonly column: number;
}

/**
 * `c[m,n] = start[m,n] + a[m,k] x b[k,n]`, any strides, sums in float64; without a start they begin with 0. 4x4 tiles keep sixteen sums in registers, edges are
 * done one by one.
 */
export function multiply(a: Matrix, b: Matrix, c: Matrix, start: Matrix | undefined, m: number, k: number, n: number): void {
  const mTiled = m - (m % 4);
  const nTiled = n - (n % 4);
  for (let i = 0; i < mTiled; i += 4) for (let j = 0; j < nTiled; j += 4) tile(a, b, c, start, i, j, k);
  for (let i = 0; i < m; i++) for (let j = i < mTiled ? nTiled : 0; j < n; j++) single(a, b, c, start, i, j, k);
}

function single(a: Matrix, b: Matrix, c: Matrix, start: Matrix | undefined, i: number, j: number, k: number): void {
  const x = a.data;
  const y = b.data;
  let p = a.start + i * a.row;
  let q = b.start + j * b.column;
  let sum = start === undefined ? 0 : start.data[start.start + i * start.row + j * start.column];
  for (let l = 0; l < k; l++) {
    sum += x[p] * y[q];
    p += a.column;
    q += b.row;
  }
  c.data[c.start + i * c.row + j * c.column] = sum;
}

function tile(a: Matrix, b: Matrix, c: Matrix, start: Matrix | undefined, i: number, j: number, k: number): void {
  const x = a.data;
  const y = b.data;
  const z = c.data;
  let p0 = a.start + i * a.row;
  let p1 = p0 + a.row;
  let p2 = p1 + a.row;
  let p3 = p2 + a.row;
  let q0 = b.start + j * b.column;
  let q1 = q0 + b.column;
  let q2 = q1 + b.column;
  let q3 = q2 + b.column;
  let [s00, s01, s02, s03, s10, s11, s12, s13, s20, s21, s22, s23, s30, s31, s32, s33] = start === undefined ? zeros : numbersOf(start, i, j);
  for (let l = 0; l < k; l++) {
    const x0 = x[p0];
    const x1 = x[p1];
    const x2 = x[p2];
    const x3 = x[p3];
    const y0 = y[q0];
    const y1 = y[q1];
    const y2 = y[q2];
    const y3 = y[q3];
    s00 += x0 * y0;
    s01 += x0 * y1;
    s02 += x0 * y2;
    s03 += x0 * y3;
    s10 += x1 * y0;
    s11 += x1 * y1;
    s12 += x1 * y2;
    s13 += x1 * y3;
    s20 += x2 * y0;
    s21 += x2 * y1;
    s22 += x2 * y2;
    s23 += x2 * y3;
    s30 += x3 * y0;
    s31 += x3 * y1;
    s32 += x3 * y2;
    s33 += x3 * y3;
    p0 += a.column;
    p1 += a.column;
    p2 += a.column;
    p3 += a.column;
    q0 += b.row;
    q1 += b.row;
    q2 += b.row;
    q3 += b.row;
  }
  let r = c.start + i * c.row + j * c.column;
  store(z, r, c.column, s00, s01, s02, s03);
  r += c.row;
  store(z, r, c.column, s10, s11, s12, s13);
  r += c.row;
  store(z, r, c.column, s20, s21, s22, s23);
  r += c.row;
  store(z, r, c.column, s30, s31, s32, s33);
}

const zeros = new Array<number>(16).fill(0);

/** The numbers of a tile, row by row. */
const numbersOf = ({ data, start, row, column }: Matrix, i: number, j: number): number[] =>
  zeros.map((_, at) => data[start + (i + (at >> 2)) * row + (j + (at & 3)) * column]);

function store(z: TypedArray, r: number, column: number, s0: number, s1: number, s2: number, s3: number): void {
  z[r] = s0;
  z[r + column] = s1;
  z[r + 2 * column] = s2;
  z[r + 3 * column] = s3;
}

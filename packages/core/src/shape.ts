/** Sizes of a tensor's dimensions, outermost first; `[]` is a single number. */
export type Shape = readonly number[];

/** One dimension or several; negative ones count from the end. */
export type Dims = number | readonly number[];

/** Number of elements of a shape (1 for `[]`). */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** Whether two shapes are the same. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let d = 0; d < a.length; d++) if (a[d] !== b[d]) return false;
  return true;
}

/** `[2,3]`, as error messages print a shape. */
export const showShape = (shape: Shape): string => `[${shape.join(",")}]`;

/** Row-major strides of a shape, in elements. */
export function contiguousStrides(shape: Shape): number[] {
  // Pushed rather than allocated at length: engines keep arrays without holes apart, and code that meets one kind is faster.
  const strides: number[] = [];
  for (let d = 0; d < shape.length; d++) strides.push(0);
  let step = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = step;
    step *= shape[d];
  }
  return strides;
}

/** Whether these strides walk the shape in row-major order without gaps; strides of dimensions of size 1 do not matter. */
export function isContiguous(shape: Shape, strides: readonly number[]): boolean {
  let step = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] !== 1 && strides[d] !== step) return sizeOf(shape) === 0;
    step *= shape[d];
  }
  return true;
}

/** Checks that a shape is made of non-negative integers. */
export function checkShape(op: string, shape: Shape): void {
  for (const n of shape)
    if (!Number.isInteger(n) || n < 0) throw new RangeError(`${op}: a shape holds non-negative integers, got ${showShape(shape)}`);
}

/** The shape to which all shapes broadcast by NumPy's rule (aligned at the end, 1 stretches); the error names `op` and every shape. */
export function broadcastShapes(op: string, ...shapes: Shape[]): Shape {
  let widest = shapes[0] ?? [];
  let equal = true;
  for (const shape of shapes) {
    if (equal && !sameShape(shape, widest)) equal = false;
    if (shape.length > widest.length) widest = shape;
  }
  if (equal) return widest;
  const out = widest.slice();
  for (const shape of shapes) {
    const lead = out.length - shape.length;
    for (let d = 0; d < shape.length; d++) {
      const n = shape[d];
      if (n === out[lead + d] || n === 1) continue;
      if (out[lead + d] !== 1) {
        const all = shapes.map(showShape).join(" and ");
        throw new RangeError(
          `${op}: shapes ${all} do not broadcast (dimension ${d - shape.length}: ${out[lead + d]} against ${n}); sizes must match or be 1`,
        );
      }
      out[lead + d] = n;
    }
  }
  return out;
}

/** A dimension as 0 … ndim-1; negative ones count from the end; the error names `op`, the shape and the allowed range. */
export function normalizeDim(op: string, dim: number, shape: Shape): number {
  const ndim = Math.max(shape.length, 1);
  if (!Number.isInteger(dim) || dim < -ndim || dim >= ndim)
    throw new RangeError(`${op}: dim ${dim} is out of range for shape ${showShape(shape)}; use ${-ndim} to ${ndim - 1}`);
  return dim < 0 ? dim + ndim : dim;
}

/** Sorted unique dimensions; `undefined` and `[]` mean all of them, as in PyTorch. */
export function normalizeDims(op: string, dims: Dims | undefined, shape: Shape): number[] {
  const all = shape.map((_, d) => d);
  if (dims === undefined) return all;
  const list = typeof dims === "number" ? [dims] : dims;
  if (list.length === 0) return all;
  const normal = list.map((dim) => normalizeDim(op, dim, shape)).sort((a, b) => a - b);
  for (let i = 1; i < normal.length; i++)
    if (normal[i] === normal[i - 1]) throw new RangeError(`${op}: dim ${normal[i]} appears twice in ${showShape(list)}`);
  return shape.length === 0 ? [] : normal;
}

/** The shape after reducing `dims`, which stay as 1 when `keepDim`. */
export const reducedShape = (shape: Shape, dims: readonly number[], keepDim: boolean): number[] =>
  keepDim ? shape.map((n, d) => (dims.includes(d) ? 1 : n)) : shape.filter((_, d) => !dims.includes(d));

/** Fills the one -1 of a shape from the number of elements; errors name `op` and both shapes. */
export function inferShape(op: string, shape: Shape, from: Shape): Shape {
  const size = sizeOf(from);
  const open = shape.indexOf(-1);
  const known = open < 0 ? shape : shape.filter((_, d) => d !== open);
  checkShape(op, known);
  const rest = sizeOf(known);
  if (open < 0 ? rest === size : rest > 0 && size % rest === 0) return open < 0 ? shape : shape.map((n, d) => (d === open ? size / rest : n));
  throw new RangeError(`${op}: ${showShape(from)} has ${size} elements and cannot become ${showShape(shape)}`);
}

/**
 * Strides under which the same memory shows `to`, or `undefined` when only a copy can. Groups of dimensions with equal sizes on both sides must each be
 * walked evenly.
 */
export function reshapeStrides(from: Shape, strides: readonly number[], to: Shape): number[] | undefined {
  if (sizeOf(from) === 0) return contiguousStrides(to);
  const kept = from.flatMap((n, d) => (n === 1 ? [] : [d]));
  const result = new Array<number>(to.length).fill(0);
  let low = 0;
  let start = 0;
  while (low < kept.length || start < to.length) {
    let high = low;
    let end = start;
    let left = high < kept.length ? from[kept[high++]] : 1;
    let right = end < to.length ? to[end++] : 1;
    while (left !== right)
      if (left < right) left *= from[kept[high++]];
      else right *= to[end++];
    for (let d = low + 1; d < high; d++) if (strides[kept[d - 1]] !== strides[kept[d]] * from[kept[d]]) return undefined;
    let step = high > low ? strides[kept[high - 1]] : 0;
    for (let d = end - 1; d >= start; d--) {
      result[d] = step;
      step *= to[d];
    }
    low = high;
    start = end;
  }
  return result;
}

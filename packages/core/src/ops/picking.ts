import { broadcastShapes, contiguousStrides, type Shape, sameShape, showShape, sizeOf } from "../shape.ts";
import { checkOptions } from "../tape/options.ts";
import { indexTensor } from "../tensor/indices.ts";
import { contiguousData, type Tensor } from "../tensor/tensor.ts";

/** Flat positions, in row-major order, of what is not 0 (NaN is not). Read on the host. */
function flatNonzero(x: Tensor): number[] {
  const found: number[] = [];
  contiguousData(x).forEach((value, i) => {
    if (value !== 0) found.push(i);
  });
  return found;
}

/** Indices of the elements that are not 0, in row-major order: int32 `[count, ndim]`. */
export function nonzero(x: Tensor): Tensor {
  const strides = contiguousStrides(x.shape);
  const found = flatNonzero(x);
  return indexTensor(
    found.flatMap((i) => x.shape.map((n, d) => Math.floor(i / strides[d]) % n)),
    [found.length, x.ndim],
    x.device,
  );
}

/** The elements where the mask is true, in row-major order, as one dimension; tensor and mask broadcast. */
export function maskedSelect(x: Tensor, mask: Tensor): Tensor {
  if (mask.dtype !== "bool")
    throw new TypeError(`maskedSelect: a mask is a bool tensor, got ${mask.dtype}; compare it, or convert it with .to("bool")`);
  const shape = broadcastShapes("maskedSelect", x.shape, mask.shape);
  return x
    .expand(shape)
    .reshape([-1])
    .indexSelect(0, flatNonzero(mask.expand(shape)));
}

/** What `index` takes of a dimension: indices, or with a mask those of as many dimensions as it has; `null` for all of it. */
export type Pick = Tensor | readonly number[] | number | null;

/** Masks as the integer indices that they stand for, lists as tensors; one entry for each dimension. */
function resolve(x: Tensor, picks: readonly Pick[]): (Tensor | null)[] {
  const full: (Tensor | null)[] = [];
  for (const pick of picks) {
    if (pick === null || pick === undefined) full.push(null);
    else if (typeof pick === "number") full.push(indexTensor([pick], [], x.device));
    else if (Array.isArray(pick)) full.push(indexTensor(pick as number[], [pick.length], x.device));
    else {
      const index = pick as Tensor;
      if (index.dtype === "int32") full.push(index);
      else if (index.dtype === "bool" && index.ndim > 0) {
        const covered = x.shape.slice(full.length, full.length + index.ndim);
        if (!sameShape(covered, index.shape))
          throw new RangeError(
            `index: a mask of shape ${showShape(index.shape)} does not fit dimensions of ${showShape(covered)} of ${showShape(x.shape)}`,
          );
        full.push(...nonzero(index).unbind(1));
      } else
        throw new TypeError(
          `index: an index is an int32 or bool tensor, got ${index.dtype} of shape ${showShape(index.shape)}; convert it with .to("int32")`,
        );
    }
  }
  if (full.length > x.ndim) throw new RangeError(`index: ${full.length} indices for ${x.ndim} dimensions of ${showShape(x.shape)}`);
  return [...full, ...new Array<null>(x.ndim - full.length).fill(null)];
}

/** Where the picked elements lie in the tensor with the picked dimensions merged into one in front, and the shape in which they come. */
interface Picked {
  readonly order: readonly number[];
  readonly rest: readonly number[];
  readonly shape: Shape;
  readonly flat: Tensor;
  /** Number of the rest's dimensions that come before the picked ones in the result. */
  readonly lead: number;
}

function locate(x: Tensor, picks: readonly Pick[]): Picked {
  const indices = resolve(x, picks);
  const dims = indices.flatMap((index, d) => (index === null ? [] : [d]));
  const rest = indices.flatMap((index, d) => (index === null ? [d] : []));
  const shape = broadcastShapes("index", ...dims.map((d) => (indices[d] as Tensor).shape));
  const strides = contiguousStrides(dims.map((d) => x.shape[d]));
  const places = new Int32Array(sizeOf(shape));
  dims.forEach((d, k) => {
    const n = x.shape[d];
    contiguousData((indices[d] as Tensor).expand(shape)).forEach((i, at) => {
      if (i < -n || i >= n)
        throw new RangeError(`index: index ${i} is out of range for dimension ${d} of ${showShape(x.shape)}; use ${-n} to ${n - 1}`);
      places[at] += (i < 0 ? i + n : i) * strides[k];
    });
  });
  const together = dims.every((d, k) => k === 0 || d === dims[k - 1] + 1);
  return { order: [...dims, ...rest], rest, shape, flat: indexTensor(places, [places.length], x.device), lead: together ? dims[0] : 0 };
}

/**
 * Picks by several indices at once: `x.index([i, null, j])` is NumPy's `x[i, :, j]`. Indices broadcast to one shape, which stands in place of their
 * dimensions where these lie side by side, else in front; negative ones count from the end. Repeats add up in the gradient.
 */
export function index(x: Tensor, picks: readonly Pick[]): Tensor {
  if (picks.every((pick) => pick === null || pick === undefined)) return x;
  const { order, rest, shape, flat, lead } = locate(x, picks);
  const sizes = rest.map((d) => x.shape[d]);
  const table = x.permute(order).reshape([sizeOf(x.shape.filter((_, d) => !rest.includes(d))), ...sizes]);
  const picked = table.indexSelect(0, flat).reshape([...shape, ...sizes]);
  const from = (d: number): number => (d < lead ? shape.length + d : d < lead + shape.length ? d - lead : d);
  return picked.permute(picked.shape.map((_, d) => from(d)));
}

/**
 * Writes by several indices at once: a copy of `x` in which NumPy's `x[i, :, j]` is `values`, or has them added with `accumulate`. The values broadcast
 * to the shape of `x.index(picks)`; of several values for one place the last stays.
 */
export function indexPut(x: Tensor, picks: readonly Pick[], values: Tensor | number, options: { readonly accumulate?: boolean } = {}): Tensor {
  const places = indexTensor(
    Int32Array.from({ length: x.size }, (_, i) => i),
    x.shape,
    x.device,
  ).index(picks);
  const source = typeof values === "number" ? x.newOnes(places.shape).mul(values).to(x.dtype) : values.expand(places.shape);
  const flat = x.reshape([-1]);
  const [at, what] = [places.reshape([-1]), source.reshape([-1])];
  return (options.accumulate === true ? flat.scatterAdd(0, at, what) : flat.scatter(0, at, what)).reshape(x.shape);
}

/** Int32 class indices as rows with a single 1: `[…]` → int32 `[…, numClasses]`; without `numClasses` as many as the largest index needs. */
export function oneHot(x: Tensor, numClasses?: number): Tensor {
  if (x.dtype !== "int32") throw new TypeError(`oneHot: class indices are an int32 tensor, got ${x.dtype}; convert it with .to("int32")`);
  const values = contiguousData(x);
  let classes = numClasses ?? 0;
  if (numClasses === undefined) for (const k of values) classes = Math.max(classes, k + 1);
  if (x.size === 0 && numClasses === undefined) throw new RangeError(`oneHot: give numClasses, no indices of shape ${showShape(x.shape)} tell it`);
  values.forEach((k) => {
    if (k < 0 || k >= classes) throw new RangeError(`oneHot: class ${k} is out of range; use 0 to ${classes - 1}`);
  });
  return x
    .unsqueeze(-1)
    .eq(
      indexTensor(
        Array.from({ length: classes }, (_, k) => k),
        [classes],
        x.device,
      ),
    )
    .to("int32");
}

/**
 * How many of the sorted boundaries lie below each value (with `right` also those equal to it): where it would be inserted. Boundaries `[n]`, or
 * `[…, n]` with values `[…, m]`; int32 of the values' shape. NaN goes to the end.
 */
export function searchsorted(boundaries: Tensor, values: Tensor, options: { readonly right?: boolean } = {}): Tensor {
  checkOptions("searchsorted", options, ["right"]);
  const { right = false } = options;
  if (boundaries.ndim === 0 || (boundaries.ndim > 1 && !sameShape(boundaries.shape.slice(0, -1), values.shape.slice(0, -1))))
    throw new RangeError(`searchsorted: boundaries ${showShape(boundaries.shape)} do not fit values ${showShape(values.shape)}`);
  const n = boundaries.shape[boundaries.ndim - 1];
  const sorted = contiguousData(boundaries);
  const sought = contiguousData(values);
  const rowLength = boundaries.ndim > 1 ? values.shape[values.ndim - 1] : values.size;
  const found = Int32Array.from(sought, (value, i) => {
    const start = Math.floor(i / rowLength) * n;
    let [low, high] = [0, n];
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = sorted[start + middle];
      if (right ? !(at > value) : !(at >= value)) low = middle + 1;
      else high = middle;
    }
    return low;
  });
  return indexTensor(found, values.shape, values.device);
}

/** The bin of each value between sorted boundaries, as `searchsorted` with the arguments the other way round. */
export const bucketize = (values: Tensor, boundaries: Tensor, options: { readonly right?: boolean } = {}): Tensor =>
  boundaries.searchsorted(values, options);

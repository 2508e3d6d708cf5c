import { type Shape, sameShape, type View } from "@gradtape/core";

const dense = ({ shape, strides }: View): boolean => {
  let step = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] !== 1 && strides[d] !== step) return false;
    step *= shape[d];
  }
  return true;
};

const isOne = ({ shape }: View): boolean => {
  for (const n of shape) if (n !== 1) return false;
  return true;
};

/** How one loop walks several views at once: the fewest dimensions that will do, outermost first, with a row of strides per view. */
export interface Walk {
  /** Elements in all. */
  size: number;
  readonly sizes: number[];
  /** `strides[d][k]`: elements to the next index of dimension d in view k. */
  readonly strides: number[][];
}

/** The walk of views that broadcast to a shape. Where all lie row-major it is one run; a view of one element stays. */
export function walkOf(shape: Shape, views: readonly View[]): Walk {
  let size = 1;
  for (const n of shape) size *= n;
  const steps: number[] = [];
  for (const view of views) {
    if (sameShape(view.shape, shape) && dense(view)) steps.push(1);
    else if (isOne(view)) steps.push(0);
    else return generalWalk(shape, views, size);
  }
  return { size, sizes: [size], strides: [steps] };
}

function generalWalk(shape: Shape, views: readonly View[], size: number): Walk {
  const all = shape.map((_, d) =>
    views.map((view) => {
      const at = d - (shape.length - view.shape.length);
      return at < 0 || (view.shape[at] === 1 && shape[d] !== 1) ? 0 : view.strides[at];
    }),
  );
  const order = shape.map((_, d) => d).filter((d) => shape[d] !== 1);
  const inner = innermost(shape, all, order);
  if (inner !== undefined) order.push(...order.splice(order.indexOf(inner), 1));
  const sizes: number[] = [];
  const strides: number[][] = [];
  for (const d of order) {
    const last = strides[strides.length - 1];
    if (last?.every((stride, k) => stride === all[d][k] * shape[d])) {
      sizes[sizes.length - 1] *= shape[d];
      strides[strides.length - 1] = all[d];
    } else {
      sizes.push(shape[d]);
      strides.push(all[d]);
    }
  }
  if (sizes.length === 0) return { size, sizes: [1], strides: [views.map(() => 1)] };
  return { size, sizes, strides };
}

/** The dimension along which the most elements lie in one piece, the last of several: views that are stretched have few. */
function innermost(shape: Shape, strides: readonly (readonly number[])[], order: readonly number[]): number | undefined {
  const sizes = strides[0].map((_, k) => order.reduce((size, d) => (strides[d][k] === 0 ? size : size * shape[d]), 1));
  let best: number | undefined;
  let most = 0;
  for (const d of order) {
    if (shape[d] < 4) continue;
    const units = strides[d].reduce((sum, stride, k) => (stride === 1 ? sum + sizes[k] : sum), 0);
    if (units >= most) {
      most = units;
      best = d;
    }
  }
  return best;
}

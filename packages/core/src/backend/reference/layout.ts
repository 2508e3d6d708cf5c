import { type Shape, sameShape, sizeOf } from "../../shape.ts";
import { broadcastView, isDense, type View } from "../view.ts";

/** How a loop walks several views at once: sizes outermost first, one row of strides per view, the fewest dimensions that will do. */
export interface Layout {
  readonly shape: readonly number[];
  readonly strides: readonly (readonly number[])[];
  readonly offsets: readonly number[];
}

const unit: readonly number[] = [1];

/** The views broadcast to `shape`, dimensions of size 1 dropped and neighbours merged where every view steps evenly across both. */
export function layoutOf(shape: Shape, views: readonly View[]): Layout {
  if (views.every((view) => sameShape(view.shape, shape) && isDense(view)))
    return { shape: [sizeOf(shape)], strides: views.map(() => unit), offsets: views.map((view) => view.offset) };
  const wide = views.map((view) => broadcastView(view, shape));
  const sizes: number[] = [];
  const strides: number[][] = wide.map(() => []);
  for (let d = 0; d < shape.length; d++) {
    if (shape[d] === 1) continue;
    const last = sizes.length - 1;
    if (last >= 0 && wide.every((view, k) => strides[k][last] === view.strides[d] * shape[d])) {
      sizes[last] *= shape[d];
      wide.forEach((view, k) => {
        strides[k][last] = view.strides[d];
      });
    } else {
      sizes.push(shape[d]);
      wide.forEach((view, k) => void strides[k].push(view.strides[d]));
    }
  }
  return { shape: sizes, strides, offsets: wide.map((view) => view.offset) };
}

/** Calls `row` for every innermost run of the layout with the positions where it starts; nothing for an empty shape. */
export function forEachRow(layout: Layout, row: (starts: Int32Array, length: number) => void): void {
  const { shape, strides, offsets } = layout;
  if (sizeOf(shape) === 0) return;
  const outer = shape.length - 1;
  const starts = Int32Array.from(offsets);
  if (outer < 0) {
    row(starts, 1);
    return;
  }
  const at = new Array<number>(outer).fill(0);
  for (;;) {
    row(starts, shape[outer]);
    let d = outer - 1;
    for (; d >= 0; d--) {
      for (let k = 0; k < starts.length; k++) starts[k] += strides[k][d];
      if (++at[d] < shape[d]) break;
      at[d] = 0;
      for (let k = 0; k < starts.length; k++) starts[k] -= strides[k][d] * shape[d];
    }
    if (d < 0) return;
  }
}

/** Step of the innermost run for each view. */
export const innerSteps = (layout: Layout): number[] => layout.strides.map((s) => s[s.length - 1] ?? 0);

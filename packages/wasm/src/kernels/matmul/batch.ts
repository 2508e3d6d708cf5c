import type { View } from "@gradtape/core";

/** Leading dimensions of some views: as few as they can be seen as, outermost first, with the elements between indices for every view. */
export interface Batches {
  readonly sizes: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

const single: Batches = { sizes: [1], strides: [[0, 0, 0, 0]] };

/** The dimensions before the last two of views that agree in them; at least one. */
export function batchesOf(views: readonly View[]): Batches {
  const { shape } = views[0];
  const sizes: number[] = [];
  const strides: number[][] = [];
  for (let d = 0; d < shape.length - 2; d++) {
    if (shape[d] === 1) continue;
    const own = views.map((view) => view.strides[d]);
    const last = sizes.length - 1;
    if (last >= 0 && strides[last].every((stride, k) => stride === own[k] * shape[d])) {
      sizes[last] *= shape[d];
      strides[last] = own;
    } else {
      sizes.push(shape[d]);
      strides.push(own);
    }
  }
  return sizes.length === 0 ? single : { sizes, strides };
}

/** Visits all indices but the innermost, with the elements from the start of every view to there. */
export function eachOuter({ sizes, strides }: Batches, visit: (offsets: readonly number[]) => void): void {
  const outer = sizes.length - 1;
  const offsets = strides[0].map(() => 0);
  const index = new Array<number>(outer).fill(0);
  for (;;) {
    visit(offsets);
    let d = outer - 1;
    for (; d >= 0; d--) {
      const turn = ++index[d] === sizes[d];
      if (turn) index[d] = 0;
      const by = turn ? 1 - sizes[d] : 1;
      for (let k = 0; k < offsets.length; k++) offsets[k] += by * strides[d][k];
      if (!turn) break;
    }
    if (d < 0) return;
  }
}

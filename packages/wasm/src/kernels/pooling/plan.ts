import { sameShape, type Window } from "@gradtape/core";
import { type Axis, axesOf, phasesOf } from "../convolution/axis.ts";
import { along, sums } from "../convolution/grid.ts";

/** Words of a segment; `source`, `image` and `taps` are bytes, from the first element of a plane and from the first tap. */
export const segmentWords = ["source", "image", "number", "count", "taps", "tapCount"] as const;
/** Words of a tap: bytes in the source from where a window stands, and by how much the number of the element there is larger. */
export const tapWords = ["offset", "number"] as const;

/** How a window goes over a plane: segments of a line of positions that see the same of its taps, and those taps, word after word. */
export interface Plan {
  readonly segments: readonly number[];
  readonly taps: readonly number[];
  /** Whether there are positions that see nothing. */
  readonly gaps: boolean;
}

/** What a plan depends on. */
export interface PlanClass {
  /** What each position of a window sees, or which positions see each element. */
  readonly of: "window" | "adjoint";
  readonly window: Window;
  /** Strides of a plane in bytes, in the source and in the image. */
  readonly source: readonly number[];
  readonly image: readonly number[];
}

/** The plan of a window, or of its adjoint. */
const planOf = ({ of, window, source, image }: PlanClass): Plan =>
  of === "window"
    ? planned([axesOf(window)], source, image, contiguous(window.input))
    : planned(phasesOf(window), source, image, contiguous(window.output));

/** The strides of elements that are numbered row by row. */
const contiguous = (sizes: readonly number[]): number[] => sizes.map((_, d) => sizes.slice(d + 1).reduce((product, size) => product * size, 1));

/** Positions of an axis, from one to below another, at which the same taps lie inside, again from one to below another. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly low: number;
  readonly high: number;
}

function stretchesOf({ length, positions, taps }: Axis): Stretch[] {
  const stretches: Stretch[] = [];
  positions.forEach((position, i) => {
    let [low, high] = [0, taps.length];
    while (low < high && position + taps[low] < 0) low++;
    while (high > low && position + taps[high - 1] >= length) high--;
    const last = stretches[stretches.length - 1];
    if (last?.low === low && last.high === high) stretches[stretches.length - 1] = { ...last, to: i + 1 };
    else stretches.push({ from: i, to: i + 1, low, high });
  });
  return stretches;
}

function planned(phases: readonly (readonly Axis[])[], source: readonly number[], image: readonly number[], number: readonly number[]): Plan {
  const segments: number[] = [];
  const taps: number[] = [];
  let gaps = false;
  for (const axes of phases) {
    const last = axes.length - 1;
    const boxes = axes.map(stretchesOf).reduce<Stretch[][]>((all, stretches) => all.flatMap((box) => stretches.map((s) => [...box, s])), [[]]);
    for (const box of boxes) {
      // A segment goes along the last axis.
      const part = (list: readonly number[], d: number): readonly number[] => list.slice(box[d].from, d < last ? box[d].to : box[d].from + 1);
      const from = axes.map(({ positions }, d) => part(positions, d));
      const to = axes.map(({ results }, d) => part(results, d));
      const seen = axes.map((axis, d) => axis.taps.slice(box[d].low, box[d].high));
      const [sources, images, numbers] = [places(from, source), places(to, image), places(from, number)];
      const [offsets, differences] = [places(seen, source), places(seen, number)];
      const at = 4 * taps.length;
      for (let i = 0; i < offsets.length; i++) taps.push(offsets[i], differences[i]);
      for (let i = 0; i < sources.length; i++) segments.push(sources[i], images[i], numbers[i], box[last].to - box[last].from, at, offsets.length);
      gaps ||= offsets.length === 0;
    }
  }
  return { segments, taps, gaps };
}

/** The offset of every combination of indices. */
const places = (indices: readonly (readonly number[])[], strides: readonly number[]): number[] =>
  sums(indices.map((list, d) => along({ strides }, d, list)));

/** Plans that are remembered. */
const KEPT = 32;

/** The plans last used: making one takes longer than pooling a small image. */
export class Plans {
  readonly #kept: { readonly kind: PlanClass; readonly plan: Plan }[] = [];

  /** The plan of a window, or of its adjoint. */
  get(kind: PlanClass): Plan {
    const known = this.#kept.find((other) => alike(kind, other.kind));
    if (known !== undefined) return known.plan;
    const plan = planOf(kind);
    if (this.#kept.length === KEPT) this.#kept.shift();
    this.#kept.push({ kind, plan });
    return plan;
  }
}

const alike = (a: PlanClass, b: PlanClass): boolean =>
  a.of === b.of && sameShape(a.source, b.source) && sameShape(a.image, b.image) && lists.every((list) => sameShape(a.window[list], b.window[list]));

const lists = ["kernel", "stride", "padding", "dilation", "input", "output"] as const satisfies readonly (keyof Window)[];

import { copyKernel } from "../backend/kernel.ts";
import { restride, type View } from "../backend/view.ts";
import { showShape } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import { checkOptions } from "../tape/options.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** How `pad` fills what it adds. */
export interface PadOptions {
  /** Numbers added before and after each dimension, from the LAST dimension back: `[left, right, top, bottom, …]`. Negative ones crop. */
  readonly padding: readonly number[];
  /** "constant" by default; "reflect" mirrors without the edge, "replicate" repeats the edge, "circular" comes from the other side. */
  readonly mode?: "constant" | "reflect" | "replicate" | "circular";
  /** What "constant" fills in, 0 by default. */
  readonly value?: number;
}

interface PadAttrs {
  /** Numbers added before and after each dimension, from the first; negative ones crop. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly value: number;
}

const negated = (amounts: readonly number[]): number[] => amounts.map((n) => -n);

const padOp: Op<PadAttrs> = operation({
  name: "pad",
  saves: { inputs: [], output: false },
  forward: ([x], { before, after, value }) => {
    const input = x as Tensor;
    const blank = input.newZeros(input.shape.map((n, d) => n + before[d] + after[d]));
    const output = value === 0 ? blank : blank.add(value).to(input.dtype);
    const shared = input.shape.map((n, d) => Math.max(0, n + Math.min(0, before[d]) + Math.min(0, after[d])));
    const cut = (view: View, starts: readonly number[]): View =>
      restride(
        view,
        shared,
        view.strides,
        starts.reduce((at, start, d) => at + Math.max(0, start) * view.strides[d], view.offset),
      );
    input.device.backend.map(copyKernel, [cut(input, negated(before))], [], [cut(output, before)]);
    return output;
  },
  vjp: [(g, { attrs: { before, after } }) => apply(padOp, [g], { before: negated(before), after: negated(after), value: 0 })],
});

/** The index that fills position `i` of a dimension of size `n`, which may lie outside of it. */
const fills: Readonly<Record<"reflect" | "replicate" | "circular", (i: number, n: number) => number>> = {
  reflect: (i, n) => (i < 0 ? -i : i < n ? i : 2 * (n - 1) - i),
  replicate: (i, n) => Math.min(Math.max(i, 0), n - 1),
  circular: (i, n) => (i + n) % n,
};

/** The most that a mode can add to one side of a dimension of size `n`. */
const most = { reflect: (n: number) => n - 1, replicate: (n: number) => (n > 0 ? Infinity : 0), circular: (n: number) => n } as const;

/** The tensor with elements added around it, or cropped, as PyTorch's `F.pad`: the padding lists the last dimension first. */
export function pad(x: Tensor, options: PadOptions): Tensor {
  checkOptions("pad", options, ["padding", "mode", "value"]);
  const { padding, mode = "constant", value = 0 } = options;
  if (padding.length % 2 !== 0 || padding.length > 2 * x.ndim || padding.some((n) => !Number.isInteger(n)))
    throw new RangeError(
      `pad: padding ${showShape(padding)} must hold two integers for each of at most ${x.ndim} dimensions of ${showShape(x.shape)}`,
    );
  const side = (k: number): number[] => x.shape.map((_, d) => padding[2 * (x.ndim - 1 - d) + k] ?? 0);
  const [before, after] = [side(0), side(1)];
  if (x.shape.some((n, d) => n + before[d] + after[d] < 0))
    throw new RangeError(`pad: padding ${showShape(padding)} crops more than there is of ${showShape(x.shape)}`);
  if (before.every((n) => n === 0) && after.every((n) => n === 0)) return x;
  if (mode === "constant") return apply(padOp, [x], { before, after, value });
  const fill = fills[mode];
  if (fill === undefined) throw new TypeError(`pad: unknown mode "${mode}"; use constant, ${Object.keys(fills).join(", ")}`);
  return x.shape.reduce((y, n, d) => {
    if (before[d] === 0 && after[d] === 0) return y;
    if (Math.max(before[d], after[d]) > most[mode](n))
      throw new RangeError(
        `pad: mode "${mode}" can add at most ${most[mode](n)} to dimension ${d} of ${showShape(x.shape)}, got ${before[d]} and ${after[d]}`,
      );
    const start = mode === "circular" ? Math.max(0, -before[d]) : 0;
    const left = mode === "circular" ? n + Math.min(0, before[d]) + Math.min(0, after[d]) : n;
    return y.indexSelect(
      d,
      Array.from({ length: n + before[d] + after[d] }, (_, i) => start + fill(i - before[d] - start, left)),
    );
  }, x);
}

import { defaultGenerator, type Generator } from "../random.ts";
import { type Shape, showShape, sizeOf } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import { checkOptions } from "../tape/options.ts";
import { fromData, type Tensor } from "../tensor/tensor.ts";

/** Options of `dropout`. */
export interface DropoutOptions {
  /** Probability with which an element becomes 0. Default 0.5. */
  readonly p?: number;
  /** Without training the input comes back as it is. Default true. */
  readonly training?: boolean;
  /** Draws what is dropped; the default generator unless given. */
  readonly generator?: Generator;
}

const dropoutOp: Op<{ readonly p: number }> = operation({
  name: "dropout",
  saves: { inputs: [1], output: false },
  forward: ([x, kept], { p }) => (kept as Tensor).where((x as Tensor).div(1 - p), 0),
  vjp: [(g, { inputs, attrs }) => apply(dropoutOp, [g, inputs[1] as Tensor], attrs), null],
});

const words = new Uint32Array(1024);

/** For each element whether it stays, one random word each. */
function mask(size: number, p: number, generator: Generator): Uint8Array {
  const kept = new Uint8Array(size);
  const limit = p * 2 ** 32;
  for (let start = 0; start < size; start += words.length) {
    const count = Math.min(size - start, words.length);
    generator.words(count === words.length ? words : words.subarray(0, count));
    for (let i = 0; i < count; i++) kept[start + i] = words[i] >= limit ? 1 : 0;
  }
  return kept;
}

function drop(op: string, x: Tensor, shape: Shape, options: DropoutOptions): Tensor {
  checkOptions(op, options, ["p", "training", "generator"]);
  const { p = 0.5, training = true, generator = defaultGenerator } = options;
  if (!(p >= 0 && p <= 1)) throw new RangeError(`${op}: p is a probability from 0 to 1, got ${p}`);
  if (!training || p === 0) return x;
  const kept = mask(sizeOf(shape), p, generator);
  return apply(dropoutOp, [x, fromData(kept, "bool", shape, x.device)], { p });
}

/** Elements become 0 with probability `p`, the others grow by 1/(1 - p), so that the mean stays. Srivastava et al. 2014, JMLR 15, section 10. */
export const dropout = (x: Tensor, options: DropoutOptions = {}): Tensor => drop("dropout", x, x.shape, options);

/** Drops whole channels of `[N,C,…]`: dimensions behind the second share one draw. Tompson et al. 2015, arXiv:1411.4280, section 3.2. */
export function featureDropout(x: Tensor, options: DropoutOptions = {}): Tensor {
  if (x.ndim < 2) throw new RangeError(`featureDropout: needs an input [N,C,…], got ${showShape(x.shape)}`);
  return drop("featureDropout", x, [...x.shape.slice(0, 2), ...x.shape.slice(2).map(() => 1)], options);
}

import { showShape } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import { checkOptions } from "../tape/options.ts";
import { checkIndices } from "../tensor/indices.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Options of `embedding`. */
export interface EmbeddingOptions {
  /** Row that gets no gradient; negative ones count from the end. None by default. */
  readonly paddingIdx?: number | null;
}

const embeddingOp: Op<{ readonly paddingIdx: number | null }> = operation({
  name: "embedding",
  saves: { inputs: [0], output: false },
  forward: ([indices, weight]) => {
    const [at, table] = [indices, weight] as Tensor[];
    return table.indexSelect(0, at.reshape([-1])).reshape([...at.shape, table.shape[1]]);
  },
  vjp: [
    null,
    (g, { inputs, shapes, attrs: { paddingIdx } }, into) => {
      const at = inputs[0] as Tensor;
      const counted = paddingIdx === null ? g : g.maskedFill(at.eq(paddingIdx).unsqueeze(-1), 0);
      const rows = counted.reshape([-1, shapes[1][1]]);
      const places = at.reshape([-1, 1]).expand(rows.shape);
      // A stretched 0 is written once; zeros would be written, and copied.
      if (into === undefined) return g.newZeros([]).expand(shapes[1]).scatterAdd(0, places, rows);
      into.device.backend.scatterAdd(into, 0, places, rows);
      return into;
    },
  ],
});

/** Rows of a table `[rows, features]` by int32 indices: `[…]` → `[…, features]`. Repeats add up in the gradient; the row `paddingIdx` gets none. */
export function embedding(indices: Tensor, weight: Tensor, options: EmbeddingOptions = {}): Tensor {
  if (weight.ndim !== 2) throw new RangeError(`embedding: a weight is a matrix [rows, features], got ${showShape(weight.shape)}`);
  checkOptions("embedding", options, ["paddingIdx"]);
  const { paddingIdx = null } = options;
  const [rows] = weight.shape;
  if (paddingIdx !== null && !(Number.isInteger(paddingIdx) && paddingIdx >= -rows && paddingIdx < rows))
    throw new RangeError(`embedding: paddingIdx ${paddingIdx} is out of range for ${rows} rows; use ${-rows} to ${rows - 1}`);
  checkIndices("embedding", indices, 0, weight.shape);
  return apply(embeddingOp, [indices, weight], { paddingIdx: paddingIdx === null ? null : (paddingIdx + rows) % rows });
}

import { isDense, type Reduction, sizeOf, type TypedArray, type View } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import { copy, copyFloats } from "../../memory/staging.ts";
import { WasmStorage } from "../../memory/storage.ts";
import type { Folds } from "./folds.ts";

/**
 * Reductions of a view that lies row-major over dimensions that follow one another: the most usual, and the one whose overhead counts, because most are
 * small. They are one pass, and small operands go through the arena by the shortest way.
 */
export class DenseReductions {
  readonly #engine: Engine;
  readonly #folds: Folds;

  constructor(engine: Engine, folds: Folds) {
    this.#engine = engine;
    this.#folds = folds;
  }

  /** Reduces, if the views are such; tells whether they were. */
  run(reduction: Reduction, input: View, axes: readonly number[], output: View): boolean {
    const { shape } = input;
    if (!isDense(input) || !isDense(output)) return false;
    let [rows, count, columns] = [1, 1, 1];
    let folded = false;
    for (let d = 0; d < shape.length; d++) {
      const n = shape[d];
      if (n === 1) continue;
      if (axes.includes(d)) {
        if (columns > 1) return false;
        folded = true;
        count *= n;
      } else if (folded) columns *= n;
      else rows *= n;
    }
    const kept = rows * columns;
    if (kept * count === 0) return false;
    const { arenaAt, arenaEnd } = this.#engine;
    const [inputBytes, outputBytes] = [kept * count * bytesOf[input.dtype], kept * bytesOf[output.dtype]];
    const after = arenaAt + ((inputBytes + 15) & ~15);
    let from = this.#addressOf(input);
    let to = this.#addressOf(output);
    if (from < 0 || to < 0 || (from === 0 && after > arenaEnd) || (to === 0 && after + outputBytes > arenaEnd)) return false;
    if (from === 0) this.#enter(input, (from = arenaAt));
    const guest = to === 0;
    if (guest) to = after;
    const across = columns > 1;
    this.#folds.run({
      reduction,
      input: input.dtype,
      output: output.dtype,
      from,
      to,
      rows,
      inputRow: count * columns,
      outputRow: columns,
      columns: across ? columns : 0,
      outputColumn: across ? 1 : 0,
      count,
      inputStep: columns,
    });
    if (guest) this.#leave(output, to);
    return true;
  }

  /** Where a view lies in the memory; 0 if it is elsewhere, and negative if its memory was given back. */
  #addressOf({ storage, offset, dtype }: View): number {
    const { heap } = this.#engine;
    if (!(storage instanceof WasmStorage) || storage.heap !== heap) return 0;
    return storage.pointer > 0 ? storage.pointer + offset * bytesOf[dtype] : storage.pointer;
  }

  #enter({ storage, offset, dtype, shape }: View, address: number): void {
    const { heap } = this.#engine;
    const size = sizeOf(shape);
    if (dtype === "float32") copyFloats(storage.data as Float32Array, offset, heap.f32, address >>> 2, size);
    else copy(storage.data as TypedArray, offset, heap.elements(dtype), address / bytesOf[dtype], size);
  }

  #leave({ storage, offset, dtype, shape }: View, address: number): void {
    const { heap } = this.#engine;
    const size = sizeOf(shape);
    if (dtype === "float32") copyFloats(heap.f32, address >>> 2, storage.data as Float32Array, offset, size);
    else copy(heap.elements(dtype), address / bytesOf[dtype], storage.data as TypedArray, offset, size);
  }
}

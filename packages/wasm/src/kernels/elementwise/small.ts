import { isDense, type Kernel, sameShape, sizeOf, type View } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { WasmStorage } from "../../memory/storage.ts";
import type { ViewClass } from "./loop.ts";
import { codeOf, type Loop, type Loops } from "./loops.ts";
import { runShort } from "./short.ts";

/** The most elements for which a copy by a loop is the fastest. */
const MOST = 64;

const unit: ViewClass = { dtype: "float32", step: "unit", alias: 0 };
const code = codeOf(-1, "float32", "unit");

/** The array of a view's own, if it holds float32 and the view shows it in this shape and order; results usually share both lists with their operands. */
function arrayOf(view: View, { shape, strides }: View): Float32Array | undefined {
  const alike = (view.shape === shape && view.strides === strides) || (sameShape(view.shape, shape) && isDense(view));
  return alike && view.storage instanceof WasmStorage ? view.storage.floats : undefined;
}

/**
 * Maps of one or two small tensors of float32 that lie alike, to a third: the steps of networks of scalars and other toys, of which overhead is all that counts. They
 * go through fixed places of the arena.
 */
export class SmallMaps {
  readonly #engine: Engine;
  readonly #loops: Loops;

  constructor(engine: Engine, loops: Loops) {
    this.#engine = engine;
    this.#loops = loops;
  }

  /** Runs a kernel, if its views are such; tells whether they were. */
  run(kernel: Kernel, inputs: readonly View[], uniforms: readonly number[], outputs: readonly View[]): boolean {
    const count = inputs.length;
    if (count === 0 || count > 2 || outputs.length !== 1) return false;
    const output = outputs[0];
    const size = sizeOf(output.shape);
    if (size > MOST || size === 0 || !isDense(output)) return false;
    const a = inputs[0];
    const b = inputs[count - 1];
    const from = arrayOf(a, output);
    const other = count > 1 ? arrayOf(b, output) : from;
    const to = arrayOf(output, output);
    if (from === undefined || other === undefined || to === undefined || from === to || other === to) return false;
    if (count > 1 && runShort(kernel.operation, from, a.offset, other, b.offset, to, output.offset, size)) return true;
    const { heap, arenaAt, descriptionAt } = this.#engine;
    const { f32, i32 } = heap;
    const base = arenaAt >>> 2;
    copyFew(from, a.offset, f32, base, size);
    if (count > 1) copyFew(other, b.offset, f32, base + MOST, size);
    const key = count === 1 ? code * 32 + code : (code * 32 + code) * 32 + code;
    const loop = this.#loops.find(kernel, key) ?? this.#make(kernel, key, count + 1);
    if (uniforms.length > 0) this.#loops.describe(loop, uniforms);
    let at = descriptionAt >>> 2;
    i32[at] = size;
    i32[at + 1] = 1;
    for (let k = 0; k <= count; k++) {
      at += 3;
      i32[at - 1] = arenaAt + 4 * MOST * k;
      i32[at] = 0;
      i32[at + 1] = 4;
    }
    loop.run(descriptionAt);
    copyFew(f32, base + MOST * count, to, output.offset, size);
    return true;
  }

  #make(kernel: Kernel, key: number, views: number): Loop {
    return this.#loops.make(
      kernel,
      key,
      Array.from({ length: views }, (_, alias) => ({ ...unit, alias })),
    );
  }
}

/** Copies some numbers; a function of its own, because engines make the fastest loop where it meets one kind of array. */
function copyFew(from: Float32Array, start: number, to: Float32Array, at: number, length: number): void {
  for (let i = 0; i < length; i++) to[at + i] = from[start + i];
}

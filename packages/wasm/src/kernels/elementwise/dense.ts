import { isDense, type Kernel, type Shape, sameShape, sizeOf, type TypedArray, type View } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf, sizeOfElement } from "../../memory/heap.ts";
import { copy, copyFloats } from "../../memory/staging.ts";
import { WasmStorage } from "../../memory/storage.ts";
import type { ViewClass } from "./loop.ts";
import { codeOf, KEYED, type Loop, type Loops } from "./loops.ts";
import { runShared } from "./share.ts";

const isOne = (shape: Shape): boolean => {
  for (let d = 0; d < shape.length; d++) if (shape[d] !== 1) return false;
  return true;
};

/**
 * Maps over views that lie row-major in one shape, or hold one element: the most usual, and the one whose overhead counts, because most such views are small.
 * It needs no walk, and small operands go through the arena by the shortest way.
 */
export class DenseMaps {
  readonly #engine: Engine;
  readonly #loops: Loops;
  /** Of the views of the running kernel; they may lie beyond 2 GiB. */
  readonly #addresses = new Uint32Array(KEYED);
  /** The first view that lies exactly on each. */
  readonly #aliases = new Int32Array(KEYED);

  constructor(engine: Engine, loops: Loops) {
    this.#engine = engine;
    this.#loops = loops;
  }

  /** Runs a kernel, if its views are such; tells whether they were. */
  run(kernel: Kernel, inputs: readonly View[], uniforms: readonly number[], outputs: readonly View[]): boolean {
    const [{ shape, strides }] = outputs;
    const size = sizeOf(shape);
    const given = inputs.length;
    const count = given + outputs.length;
    if (size === 0 || count > KEYED || !isDense(outputs[0])) return false;
    const { heap, arenaAt, arenaEnd } = this.#engine;
    const addresses = this.#addresses;
    const aliases = this.#aliases;
    let key = 0;
    let free = arenaAt;
    // Bits for the views that stand still, and for those that visit the memory.
    let still = 0;
    let guests = 0;
    for (let k = 0; k < count; k++) {
      const view = k < given ? inputs[k] : outputs[k - given];
      const { storage, dtype } = view;
      const bytes = sizeOfElement(dtype);
      // Results usually share shape and strides with their operands, to the object.
      const moves = (view.shape === shape && view.strides === strides) || (sameShape(view.shape, shape) && isDense(view));
      if (!moves) {
        if (k >= given || !isOne(view.shape)) return false;
        still |= 1 << k;
      }
      const resident = storage instanceof WasmStorage && storage.heap === heap ? storage.pointer : 0;
      if (resident < 0) return false;
      const alias = k < given ? k : this.#aliasOf(k, inputs, outputs, still);
      if (alias < 0) return false;
      aliases[k] = alias;
      key = key * 32 + codeOf(alias < k ? alias : -1, dtype, moves ? "unit" : "zero");
      if (resident > 0) addresses[k] = resident + view.offset * bytes;
      else {
        guests |= 1 << k;
        const length = moves ? size : 1;
        addresses[k] = alias < k ? addresses[alias] : free;
        if (alias === k) free += (length * bytes + 15) & ~15;
        if (free > arenaEnd) return false;
        if (k >= given) continue;
        if (dtype === "float32") copyFloats(storage.data as Float32Array, view.offset, heap.f32, addresses[k] >>> 2, length);
        else copy(storage.data as TypedArray, view.offset, heap.elements(dtype), addresses[k] / bytes, length);
      }
    }
    const loop = this.#loops.find(kernel, key) ?? this.#loops.make(kernel, key, this.#classes(inputs, outputs, still));
    if (uniforms.length > 0) this.#loops.describe(loop, uniforms);
    this.#describe(loop, size, inputs, outputs, still);
    runShared(this.#engine, loop);
    if (guests >> given !== 0) this.#leave(outputs, given, size, guests);
    return true;
  }

  /** The first view on which the k-th, an output, lies exactly; itself where there is none, and -1 where it lies on another's memory in another way. */
  #aliasOf(k: number, inputs: readonly View[], outputs: readonly View[], still: number): number {
    const given = inputs.length;
    const { storage, offset, dtype } = outputs[k - given];
    for (let j = 0; j < k; j++) {
      const other = j < given ? inputs[j] : outputs[j - given];
      if (other.storage !== storage) continue;
      return other.offset === offset && other.dtype === dtype && (still & (1 << j)) === 0 ? j : -1;
    }
    return k;
  }

  #classes(inputs: readonly View[], outputs: readonly View[], still: number): ViewClass[] {
    return [...inputs, ...outputs].map(({ dtype }, k) => ({ dtype, step: (still & (1 << k)) === 0 ? "unit" : "zero", alias: this.#aliases[k] }));
  }

  #describe({ pointers }: Loop, size: number, inputs: readonly View[], outputs: readonly View[], still: number): void {
    const { heap, descriptionAt } = this.#engine;
    const words = heap.i32;
    let at = descriptionAt / 4;
    words[at] = size;
    words[at + 1] = 1;
    at += 2;
    for (let i = 0; i < pointers.length; i++) {
      const k = pointers[i];
      const { dtype } = k < inputs.length ? inputs[k] : outputs[k - inputs.length];
      words[at] = this.#addresses[k];
      words[at + 1] = 0;
      words[at + 2] = (still & (1 << k)) === 0 ? sizeOfElement(dtype) : 0;
      at += 3;
    }
  }

  /** Copies the outputs that visited the memory back to where they live. */
  #leave(outputs: readonly View[], given: number, size: number, guests: number): void {
    const { heap } = this.#engine;
    for (let k = 0; k < outputs.length; k++) {
      if ((guests & (1 << (given + k))) === 0) continue;
      const { storage, offset, dtype } = outputs[k];
      const address = this.#addresses[given + k];
      if (dtype === "float32") copyFloats(heap.f32, address >>> 2, storage.data as Float32Array, offset, size);
      else copy(heap.elements(dtype), address / bytesOf[dtype], storage.data as TypedArray, offset, size);
    }
  }
}

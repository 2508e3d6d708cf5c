import { type DType, isDense, type Kernel, type Shape, sameShape, sizeOf, type TypedArray, type View } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import { copy, copyFloats } from "../../memory/staging.ts";
import { WasmStorage } from "../../memory/storage.ts";
import { codeOf, KEYED, type Loops } from "./loops.ts";
import { runShared } from "./share.ts";

/** How a view takes part in one run. */
interface Part {
  dtype: DType;
  /** Of an element. */
  bytes: number;
  step: "unit" | "zero";
  /** The first view that lies exactly on it. */
  alias: number;
  address: number;
  /** Whether it must be copied into the memory and out of it. */
  guest: boolean;
}

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
  readonly #parts: Part[] = Array.from({ length: KEYED }, () => ({ dtype: "float32", bytes: 4, step: "unit", alias: 0, address: 0, guest: false }));

  constructor(engine: Engine, loops: Loops) {
    this.#engine = engine;
    this.#loops = loops;
  }

  /** Runs a kernel, if its views are such; tells whether they were. */
  run(kernel: Kernel, inputs: readonly View[], uniforms: readonly number[], outputs: readonly View[]): boolean {
    const { shape } = outputs[0];
    const size = sizeOf(shape);
    const count = inputs.length + outputs.length;
    if (size === 0 || count > KEYED) return false;
    const key = this.#place(shape, size, inputs, outputs);
    if (key < 0) return false;
    const parts = this.#parts;
    const loop = this.#loops.of(kernel, key, parts, count);
    const { heap, descriptionAt } = this.#engine;
    for (let k = 0; k < inputs.length; k++) if (parts[k].guest) this.#copyIn(inputs[k], parts[k], size);
    if (uniforms.length > 0) this.#loops.describe(loop, uniforms);
    const words = heap.i32;
    let at = descriptionAt / 4;
    words[at++] = size;
    words[at++] = 1;
    for (let i = 0; i < loop.pointers.length; i++) {
      const { address, step, bytes } = parts[loop.pointers[i]];
      words[at++] = address;
      words[at++] = 0;
      words[at++] = step === "unit" ? bytes : 0;
    }
    runShared(this.#engine, loop);
    for (let k = 0; k < outputs.length; k++) {
      const part = parts[inputs.length + k];
      if (part.guest) this.#copyOut(outputs[k], part, size);
    }
    return true;
  }

  /** Gives every view its class and its address; the key of the classes, or -1 where a view is of another kind or there is no room. */
  #place(shape: Shape, size: number, inputs: readonly View[], outputs: readonly View[]): number {
    const { heap, arenaAt, arenaEnd } = this.#engine;
    const count = inputs.length + outputs.length;
    const { strides } = outputs[0];
    if (!isDense(outputs[0])) return -1;
    let key = 0;
    let free = arenaAt;
    for (let k = 0; k < count; k++) {
      const view = k < inputs.length ? inputs[k] : outputs[k - inputs.length];
      const part = this.#parts[k];
      const { storage, dtype } = view;
      // Results usually share shape and strides with their operands, to the object.
      if ((view.shape === shape && view.strides === strides) || (sameShape(view.shape, shape) && isDense(view))) part.step = "unit";
      else if (k < inputs.length && isOne(view.shape)) part.step = "zero";
      else return -1;
      part.dtype = dtype;
      part.bytes = dtype === "float32" ? 4 : bytesOf[dtype];
      part.alias = k;
      const resident = storage instanceof WasmStorage && storage.heap === heap ? storage.pointer : 0;
      if (resident < 0) return -1;
      part.guest = resident === 0;
      if (!part.guest) part.address = resident + view.offset * part.bytes;
      if (k >= inputs.length) {
        for (let j = 0; j < k && part.alias === k; j++) {
          const other = j < inputs.length ? inputs[j] : outputs[j - inputs.length];
          if (other.storage !== storage) continue;
          if (other.offset !== view.offset || this.#parts[j].step !== part.step || other.dtype !== dtype) return -1;
          part.alias = j;
          part.address = this.#parts[j].address;
        }
      }
      if (part.guest && part.alias === k) {
        part.address = free;
        free += ((part.step === "unit" ? size : 1) * part.bytes + 15) & ~15;
        if (free > arenaEnd) return -1;
      }
      key = key * 32 + codeOf(k, part);
    }
    return key;
  }

  #copyIn({ storage, offset }: View, { dtype, address, step, bytes }: Part, size: number): void {
    const { heap } = this.#engine;
    const length = step === "unit" ? size : 1;
    if (dtype === "float32") copyFloats(storage.data as Float32Array, offset, heap.f32, address / 4, length);
    else copy(storage.data as TypedArray, offset, heap.elements(dtype), address / bytes, length);
  }

  #copyOut({ storage, offset }: View, { dtype, address, bytes }: Part, size: number): void {
    const { heap } = this.#engine;
    if (dtype === "float32") copyFloats(heap.f32, address / 4, storage.data as Float32Array, offset, size);
    else copy(heap.elements(dtype), address / bytes, storage.data as TypedArray, offset, size);
  }
}

import type { DType, Kernel, View } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import { DenseMaps } from "./dense.ts";
import type { ViewClass } from "./loop.ts";
import { codeOf, KEYED, type Loop, Loops } from "./loops.ts";
import { runShared } from "./share.ts";
import { SmallMaps } from "./small.ts";
import { Straightener } from "./straight.ts";
import { type Walk, walkOf } from "./walk.ts";

/** Runs formulas over views. */
export class Elementwise {
  readonly #engine: Engine;
  readonly #loops: Loops;
  readonly #small: SmallMaps;
  readonly #dense: DenseMaps;
  readonly #straightener: Straightener;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#loops = new Loops(engine);
    this.#small = new SmallMaps(engine, this.#loops);
    this.#dense = new DenseMaps(engine, this.#loops);
    this.#straightener = new Straightener(engine);
  }

  /** Forgets compiled loops, after the engine's abilities changed. */
  reset(): void {
    this.#loops.reset();
    this.#straightener.reset();
  }

  /** `Backend.map`. */
  map(kernel: Kernel, inputs: readonly View[], uniforms: readonly number[], outputs: readonly View[]): void {
    if (this.#small.run(kernel, inputs, uniforms, outputs) || this.#dense.run(kernel, inputs, uniforms, outputs)) return;
    const views = inputs.length === 0 ? outputs : [...inputs, ...outputs];
    const walk = walkOf(outputs[0].shape, views);
    if (walk.size === 0) return;
    const { staging } = this.#engine;
    const addresses: number[] = [];
    const dtypes: DType[] = [];
    try {
      for (let k = 0; k < views.length; k++) {
        addresses.push(staging.announce(views[k], k < inputs.length ? "read" : "write"));
        dtypes.push(views[k].dtype);
      }
      staging.enter();
      for (let k = 0; k < views.length; k++) addresses[k] = staging.address(views[k], addresses[k]);
    } catch (error) {
      staging.cancel();
      throw error;
    }
    try {
      this.run(kernel, dtypes, addresses, walk, inputs.length, uniforms);
    } finally {
      staging.leave();
    }
  }

  /** Runs a kernel over operands that are in the memory: dtypes and addresses of inputs, then outputs. */
  run(kernel: Kernel, dtypes: readonly DType[], addresses: readonly number[], walk: Walk, inputs: number, uniforms: readonly number[]): void {
    if (this.#straightener.copied(kernel, dtypes, addresses, walk)) return;
    this.#straightener.run(dtypes, addresses, walk, inputs, (places, straight) => {
      const inner = straight.strides[straight.strides.length - 1];
      const classes = dtypes.map(
        (dtype, k): ViewClass => ({
          dtype,
          step: inner[k] === 1 ? "unit" : inner[k] === 0 ? "zero" : "any",
          alias: k < inputs ? k : aliasOf(k, dtypes, places, straight),
        }),
      );
      const codes = classes.map(({ dtype, step, alias }, k) => codeOf(alias < k ? alias : -1, dtype, step));
      const key = codes.length <= KEYED ? codes.reduce((all, code) => all * 32 + code) : codes.join();
      const loop = this.#loops.find(kernel, key) ?? this.#loops.make(kernel, key, classes);
      this.#loops.describe(loop, uniforms);
      this.#rows(loop, dtypes, places, straight);
    });
  }

  #rows(loop: Loop, dtypes: readonly DType[], addresses: readonly number[], { sizes, strides }: Walk): void {
    const { heap, descriptionAt } = this.#engine;
    const { pointers } = loop;
    const words = heap.i32;
    const at = descriptionAt / 4;
    const rank = sizes.length;
    const inner = strides[rank - 1];
    const rows = rank > 1 ? strides[rank - 2] : undefined;
    words[at] = sizes[rank - 1];
    words[at + 1] = rows === undefined ? 1 : sizes[rank - 2];
    for (let i = 0; i < pointers.length; i++) {
      const k = pointers[i];
      const size = bytesOf[dtypes[k]];
      words[at + 2 + 3 * i] = addresses[k];
      words[at + 3 + 3 * i] = rows === undefined ? 0 : rows[k] * size;
      words[at + 4 + 3 * i] = inner[k] * size;
    }
    if (rank <= 2) {
      runShared(this.#engine, loop);
      return;
    }
    const index = new Array<number>(rank - 2).fill(0);
    for (;;) {
      runShared(this.#engine, loop);
      let d = rank - 3;
      for (; d >= 0; d--) {
        const turn = ++index[d] === sizes[d];
        if (turn) index[d] = 0;
        const by = turn ? 1 - sizes[d] : 1;
        for (let i = 0; i < pointers.length; i++) words[at + 2 + 3 * i] += by * strides[d][pointers[i]] * bytesOf[dtypes[pointers[i]]];
        if (!turn) break;
      }
      if (d < 0) return;
    }
  }
}

/** The first view before the k-th that lies exactly on it, else itself. */
function aliasOf(k: number, dtypes: readonly DType[], addresses: readonly number[], { strides }: Walk): number {
  for (let j = 0; j < k; j++) if (addresses[j] === addresses[k] && dtypes[j] === dtypes[k] && strides.every((row) => row[j] === row[k])) return j;
  return k;
}

import type { DType, Kernel, View } from "@gradtape/core";
import { functions } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import { costOf } from "./cost.ts";
import { reciprocalsOf } from "./evaluate.ts";
import type { FunctionName } from "./lanes.ts";
import { description, lanesFor, loopModule, pointersOf, type ViewClass } from "./loop.ts";
import { runShared, type Shareable } from "./share.ts";
import { callsOf, rarelyCalled } from "./spelling.ts";
import { type Walk, walkOf } from "./walk.ts";

interface Loop extends Shareable {
  readonly doubleUniforms: boolean;
  /** The uniforms whose reciprocals the loop wants too. */
  readonly reciprocals: readonly number[];
}

const host = Object.fromEntries(Object.entries(functions).map(([name, { evaluate }]) => [name, evaluate]));

/** Runs formulas: one compiled loop per kernel and class of views, kept as long as the kernel. */
export class Elementwise {
  readonly #engine: Engine;
  #loops = new WeakMap<Kernel, Map<number | string, Loop>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Forgets compiled loops, after the engine's abilities changed. */
  reset(): void {
    this.#loops = new WeakMap();
  }

  /** `Backend.map`. */
  map(kernel: Kernel, inputs: readonly View[], uniforms: readonly number[], outputs: readonly View[]): void {
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
    const loop = this.#loop(kernel, dtypes, addresses, walk, inputs);
    this.#describe(loop, uniforms);
    this.#rows(loop, dtypes, addresses, walk);
  }

  #loop(kernel: Kernel, dtypes: readonly DType[], addresses: readonly number[], walk: Walk, inputs: number): Loop {
    let loops = this.#loops.get(kernel);
    if (loops === undefined) this.#loops.set(kernel, (loops = new Map()));
    const inner = walk.strides[walk.strides.length - 1];
    const count = dtypes.length;
    // A number while it holds all views exactly, because making a string costs more than a small loop.
    let key = 0;
    let rest = "";
    for (let k = 0; k < count; k++) {
      const alias = k < inputs ? k : aliasOf(k, dtypes, addresses, walk);
      const code = alias < k ? 12 + alias : codes[dtypes[k]] * 3 + (inner[k] === 1 ? 0 : inner[k] === 0 ? 1 : 2);
      if (k < 10) key = key * 32 + code;
      else rest += `,${code}`;
    }
    const name = rest === "" ? key : key + rest;
    let loop = loops.get(name);
    if (loop === undefined) {
      const classes = dtypes.map(
        (dtype, k): ViewClass => ({
          dtype,
          step: inner[k] === 1 ? "unit" : inner[k] === 0 ? "zero" : "any",
          alias: k < inputs ? k : aliasOf(k, dtypes, addresses, walk),
        }),
      );
      loops.set(name, (loop = this.#compile(kernel, classes)));
    }
    return loop;
  }

  #compile(kernel: Kernel, classes: readonly ViewClass[]): Loop {
    const { fused, wide, heap } = this.#engine;
    const lanes = lanesFor(classes);
    const expressions = kernel.outputs.map((output) => output.expression);
    for (const name of callsOf(lanes, expressions))
      if (!rarelyCalled.has(name)) this.#engine.report.note("map", `${name} has no vector form in ${lanes.type}; called for each element`);
    const module = loopModule(kernel, classes, { fused, shared: heap.shared, unroll: wide ? 2 : 1 });
    const { run } = this.#engine.instantiate(module, host as Record<FunctionName, () => number>);
    const pointers = pointersOf(classes);
    const reciprocals = reciprocalsOf(kernel, lanes);
    return {
      run: run as Loop["run"],
      pointers,
      written: pointers.map((k) => classes.some(({ alias }, view) => alias === k && view >= kernel.inputs.length)),
      bytes: description.uniforms(pointers.length) + 8 * (kernel.uniforms.length + reciprocals.length),
      cost: costOf(lanes, classes, expressions),
      doubleUniforms: lanes.count === 2,
      reciprocals,
    };
  }

  #describe(loop: Loop, uniforms: readonly number[]): void {
    const { heap, descriptionAt } = this.#engine;
    const at = descriptionAt + description.uniforms(loop.pointers.length);
    if (at + 16 * uniforms.length > this.#engine.descriptionEnd)
      throw new RangeError(`map: ${loop.pointers.length} tensors and ${uniforms.length} numbers are too many`);
    for (let k = 0; k < uniforms.length; k++)
      if (loop.doubleUniforms) heap.f64[at / 8 + k] = uniforms[k];
      else heap.f32[at / 4 + 2 * k] = uniforms[k];
    const after = at / 4 + 2 * uniforms.length;
    for (let k = 0; k < loop.reciprocals.length; k++) heap.f32[after + 2 * k] = 1 / uniforms[loop.reciprocals[k]];
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

const codes = { float32: 0, float64: 1, int32: 2, bool: 3 } as const;

/** The first view before the k-th that lies exactly on it, else itself. */
function aliasOf(k: number, dtypes: readonly DType[], addresses: readonly number[], { strides }: Walk): number {
  for (let j = 0; j < k; j++) if (addresses[j] === addresses[k] && dtypes[j] === dtypes[k] && strides.every((row) => row[j] === row[k])) return j;
  return k;
}

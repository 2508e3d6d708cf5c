import { type DType, functions, type Kernel } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import type { Step } from "./access.ts";
import { costOf } from "./cost.ts";
import { reciprocalsOf } from "./evaluate.ts";
import type { FunctionName } from "./lanes.ts";
import { description, lanesFor, loopModule, pointersOf, type ViewClass } from "./loop.ts";
import type { Shareable } from "./share.ts";

/** A compiled loop, and what describing a run of it depends on. */
export interface Loop extends Shareable {
  readonly doubleUniforms: boolean;
  /** The uniforms whose reciprocals the loop wants too. */
  readonly reciprocals: readonly number[];
}

/** How many views a key that is a number tells apart; more need a longer one. */
export const KEYED = 10;

/** The functions of the formula table, for kernels to call. */
export const hostFunctions = Object.fromEntries(Object.entries(functions).map(([name, { evaluate }]) => [name, evaluate]));
const dtypeCode = { float32: 0, float64: 3, int32: 6, bool: 9 } as const;
const stepCode = { unit: 0, zero: 1, any: 2 } as const;

/** The class of a view as a number below 32: the view before it on which it lies, or where there is none, -1, its dtype and step. */
export const codeOf = (alias: number, dtype: DType, step: Step): number =>
  alias >= 0 ? 12 + alias : (dtype === "float32" ? 0 : dtypeCode[dtype]) + (step === "unit" ? 0 : stepCode[step]);

/** The loops of an engine: one per kernel and tuple of classes, kept as long as the kernel. */
export class Loops {
  readonly #engine: Engine;
  #loops = new WeakMap<Kernel, Map<number | string, Loop>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Forgets compiled loops, after the engine's abilities changed. */
  reset(): void {
    this.#loops = new WeakMap();
  }

  /** The loop for views whose codes make this key, if there is one yet. */
  find(kernel: Kernel, key: number | string): Loop | undefined {
    return this.#loops.get(kernel)?.get(key);
  }

  /** Compiles the loop for views of these classes. */
  make(kernel: Kernel, key: number | string, classes: readonly ViewClass[]): Loop {
    let loops = this.#loops.get(kernel);
    if (loops === undefined) this.#loops.set(kernel, (loops = new Map()));
    const loop = this.#compile(kernel, classes);
    loops.set(key, loop);
    return loop;
  }

  #compile(kernel: Kernel, classes: readonly ViewClass[]): Loop {
    const { fused, wide, heap } = this.#engine;
    const lanes = lanesFor(classes);
    const expressions = kernel.outputs.map((output) => output.expression);
    const module = loopModule(kernel, classes, { fused, shared: heap.shared, wide });
    const { run } = this.#engine.instantiate(module, hostFunctions as Record<FunctionName, () => number>);
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

  /** Writes the uniforms into the description of the next run. Error: too many operands. */
  describe({ pointers, doubleUniforms, reciprocals }: Loop, uniforms: readonly number[]): void {
    const { heap, descriptionAt, descriptionEnd } = this.#engine;
    const at = descriptionAt + description.uniforms(pointers.length);
    if (at + 16 * uniforms.length > descriptionEnd)
      throw new RangeError(`map: ${pointers.length} tensors and ${uniforms.length} numbers are too many`);
    for (let k = 0; k < uniforms.length; k++)
      if (doubleUniforms) heap.f64[at / 8 + k] = uniforms[k];
      else heap.f32[at / 4 + 2 * k] = uniforms[k];
    const after = at / 4 + 2 * uniforms.length;
    for (let k = 0; k < reciprocals.length; k++) heap.f32[after + 2 * k] = 1 / uniforms[reciprocals[k]];
  }
}

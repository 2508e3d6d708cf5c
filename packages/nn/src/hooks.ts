import type { Module } from "./module.ts";

/** Sees the inputs of a module before its `forward`; an array that it returns replaces them. */
export type ForwardPreHook = (module: Module, inputs: readonly unknown[]) => unknown;

/** Sees inputs and output of a module after its `forward`; what it returns, unless undefined, replaces the output. */
export type ForwardHook = (module: Module, inputs: readonly unknown[], output: unknown) => unknown;

/** The hooks of one module, called in the order in which they were registered. */
export class Hooks {
  readonly #before = new Set<{ readonly hook: ForwardPreHook }>();
  readonly #after = new Set<{ readonly hook: ForwardHook }>();

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.#before.size + this.#after.size === 0;
  }

  /** Adds a hook before `forward`; the result removes it. */
  addPre(hook: ForwardPreHook): () => void {
    return added(this.#before, { hook });
  }

  /** Adds a hook after `forward`; the result removes it. */
  add(hook: ForwardHook): () => void {
    return added(this.#after, { hook });
  }

  /** Runs `forward` between the hooks. */
  run(module: Module, inputs: readonly unknown[], forward: (inputs: readonly unknown[]) => unknown): unknown {
    if (this.isEmpty) return forward(inputs);
    let given = inputs;
    for (const { hook } of this.#before) {
      const changed = hook(module, given);
      if (changed === undefined) continue;
      if (!Array.isArray(changed))
        throw new TypeError(
          `registerForwardPreHook: a hook of ${module.constructor.name} returned no array; inputs are replaced by an array of them`,
        );
      given = changed;
    }
    let output = forward(given);
    for (const { hook } of this.#after) {
      const changed = hook(module, given, output);
      if (changed !== undefined) output = changed;
    }
    return output;
  }
}

function added<T>(set: Set<T>, item: T): () => void {
  set.add(item);
  return () => void set.delete(item);
}

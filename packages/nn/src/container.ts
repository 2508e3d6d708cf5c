import type { Tensor } from "@gradtape/core";
import { ReLU } from "./activation.ts";
import { Linear } from "./linear.ts";
import { isPlain, Module } from "./module.ts";

/** A module of one tensor in and one out. */
export interface Layer extends Module {
  forward(x: Tensor): Tensor;
}

/** Layers applied one after the other; their keys are "0", "1", … */
export class Sequential extends Module {
  readonly #layers: readonly Layer[];

  constructor(...layers: Layer[]) {
    super();
    this.#layers = layers;
    layers.forEach((layer, k) => {
      if (!(layer instanceof Module)) throw new TypeError(`Sequential: argument ${k} is not a module`);
    });
    Object.assign(this, Object.fromEntries(layers.map((layer, k) => [`${k}`, layer])));
  }

  /** Number of layers. */
  get length(): number {
    return this.#layers.length;
  }

  /** The layer at an index. */
  at(index: number): Layer | undefined {
    return this.#layers.at(index);
  }

  override forward(x: Tensor): Tensor {
    const layers = this.#layers;
    let y = x;
    for (let k = 0; k < layers.length; k++) {
      const [layer, next] = [layers[k], layers[k + 1]];
      // One product does both; nobody sees what lies between.
      if (isPlain(layer, Linear) && isPlain(next, ReLU)) y = y.linearRelu(layer.weight, layer.bias, { linear: layer, relu: layers[++k] });
      else y = layer.forward(y);
    }
    return y;
  }

  [Symbol.iterator](): Iterator<Layer> {
    return this.#layers[Symbol.iterator]();
  }
}

/** Modules in a list, with the keys "0", "1", …; it has no forward of its own. */
export class ModuleList<M extends Module = Module> extends Module {
  readonly #items: M[] = [];

  constructor(modules: Iterable<M> = []) {
    super();
    for (const module of modules) this.append(module);
  }

  /** Number of modules. */
  get length(): number {
    return this.#items.length;
  }

  /** The module at an index; negative ones count from the end. */
  at(index: number): M | undefined {
    return this.#items.at(index);
  }

  /** Adds a module at the end. Returns the list. */
  append(module: M): this {
    if (!(module instanceof Module)) throw new TypeError(`ModuleList: item ${this.#items.length} is not a module`);
    Object.assign(this, { [`${this.#items.length}`]: module });
    this.#items.push(module);
    return this;
  }

  override forward(): never {
    throw new Error("ModuleList: a list has no forward; go through its modules");
  }

  [Symbol.iterator](): Iterator<M> {
    return this.#items[Symbol.iterator]();
  }
}

/** Modules by name; it has no forward of its own. */
export class ModuleDict<M extends Module = Module> extends Module {
  readonly #items = new Map<string, M>();

  constructor(modules: Readonly<Record<string, M>> = {}) {
    super();
    for (const [name, module] of Object.entries(modules)) this.set(name, module);
  }

  /** Number of modules. */
  get size(): number {
    return this.#items.size;
  }

  /** The module of a name. */
  get(name: string): M | undefined {
    return this.#items.get(name);
  }

  /** Adds a module under a name, or replaces it. Returns the record. */
  set(name: string, module: M): this {
    if (!(module instanceof Module)) throw new TypeError(`ModuleDict: "${name}" is not a module`);
    if (name in this && !this.#items.has(name)) throw new TypeError(`ModuleDict: "${name}" is a name that every module has; use another`);
    Object.assign(this, { [name]: module });
    this.#items.set(name, module);
    return this;
  }

  override forward(): never {
    throw new Error("ModuleDict: a record has no forward; call its modules");
  }

  [Symbol.iterator](): Iterator<[string, M]> {
    return this.#items[Symbol.iterator]();
  }
}

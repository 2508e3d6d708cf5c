import type { Tensor } from "@gradtape/core";
import { Module } from "./module.ts";

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
    return this.#layers.reduce((y, layer) => layer.forward(y) as Tensor, x);
  }

  [Symbol.iterator](): Iterator<Layer> {
    return this.#layers[Symbol.iterator]();
  }
}

import { Parameter, showShape, type Tensor } from "@gradtape/core";
import { Module } from "./module.ts";

/** Parameters in a list, with the keys "0", "1", …; it has no forward of its own. Tensors become parameters. */
export class ParameterList extends Module {
  readonly #items: Parameter[] = [];

  constructor(values: Iterable<Tensor> = []) {
    super();
    for (const value of values) this.append(value);
  }

  /** Number of parameters. */
  get length(): number {
    return this.#items.length;
  }

  /** The parameter at an index; negative ones count from the end. */
  at(index: number): Parameter | undefined {
    return this.#items.at(index);
  }

  /** Adds a parameter at the end. Returns the list. */
  append(value: Tensor): this {
    const parameter = value instanceof Parameter ? value : new Parameter(value);
    Object.assign(this, { [`${this.#items.length}`]: parameter });
    this.#items.push(parameter);
    return this;
  }

  override forward(): never {
    throw new Error("ParameterList: a list has no forward; use its parameters");
  }

  override extraRepr(): string {
    return this.#items.map(({ dtype, shape }) => `${dtype} ${showShape(shape)}`).join(", ");
  }

  [Symbol.iterator](): Iterator<Parameter> {
    return this.#items[Symbol.iterator]();
  }
}

import { checkOptions, type DType, type Generator, type Tensor } from "@gradtape/core";
import { Linear } from "../linear.ts";
import { Module } from "../module.ts";
import { type Activation, activated, activationOf } from "../nonlinearity.ts";

/** Options of `MLP`. */
export interface MLPOptions {
  /** Between the layers. Default "relu". */
  readonly activation?: Activation;
  /** Default float32. */
  readonly dtype?: DType;
  /** Draws the initial values; the default generator unless given. */
  readonly generator?: Generator;
}

/** Linear layers with a nonlinearity between them; their keys are "fc1", "fc2", … */
export class MLP extends Module {
  readonly #layers: readonly Linear[];
  readonly #activation: (x: Tensor) => Tensor;

  /** @param sizes features of the input, of every hidden layer and of the output. */
  constructor(sizes: readonly number[], options: MLPOptions = {}) {
    super();
    checkOptions("MLP", options, ["activation", "dtype", "generator"]);
    const { activation = "relu", ...made } = options;
    if (sizes.length < 2) throw new RangeError(`MLP: sizes are those of the input and of one layer at least, got [${sizes.join(",")}]`);
    this.#layers = sizes.slice(1).map((out, k) => new Linear(sizes[k], out, made));
    this.#activation = activationOf("MLP", activation);
    Object.assign(this, Object.fromEntries(this.#layers.map((layer, k) => [`fc${k + 1}`, layer])));
  }

  /** `[…, sizes[0]]` → `[…, sizes.at(-1)]`. */
  override forward(x: Tensor): Tensor {
    const last = this.#layers.length - 1;
    return this.#layers.reduce((y, layer, k) => (k === last ? layer.forward(y) : activated(layer, this.#activation, y)), x);
  }
}

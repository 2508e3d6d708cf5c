import type { Tensor } from "@gradtape/core";
import { Linear } from "./linear.ts";
import { isPlain } from "./module.ts";

/** A nonlinearity by its name, or as a function of a tensor. */
export type Activation = keyof typeof activations | ((x: Tensor) => Tensor);

const activations = {
  relu: (x: Tensor): Tensor => x.relu(),
  gelu: (x: Tensor): Tensor => x.gelu(),
  silu: (x: Tensor): Tensor => x.silu(),
  tanh: (x: Tensor): Tensor => x.tanh(),
  sigmoid: (x: Tensor): Tensor => x.sigmoid(),
};

/** The function of an activation by its name. */
export function activationOf(name: string, activation: Activation): (x: Tensor) => Tensor {
  if (typeof activation === "function") return activation;
  if (!Object.hasOwn(activations, activation))
    throw new TypeError(
      `${name}: unknown activation "${String(activation)}"; use one of ${Object.keys(activations).join(", ")}, or a function of a tensor`,
    );
  return activations[activation];
}

/** A linear layer and an activation after it; a ReLU in one product with it, unless somebody sees what lies between. */
export const activated = (layer: Linear, activation: (x: Tensor) => Tensor, x: Tensor): Tensor =>
  activation === activations.relu && isPlain(layer, Linear)
    ? x.linearRelu(layer.weight, layer.bias, { linear: layer })
    : activation(layer.forward(x));

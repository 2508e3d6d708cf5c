import type { Tensor } from "@gradtape/core";

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

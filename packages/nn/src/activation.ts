import type { Tensor } from "@gradtape/core";
import { Module } from "./module.ts";

/** Rectified linear unit `max(x, 0)` on every element. */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.relu();
  }
}

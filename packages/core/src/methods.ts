import { cpu } from "./backend/device.ts";
import { hasManual } from "./backend/ownership.ts";
import { reference } from "./backend/reference/reference.ts";
import * as ops from "./ops/index.ts";
import type { KeepDim, ValuesAndIndices } from "./ops/reduction.ts";
import type { UnfoldOptions } from "./ops/window.ts";
import { useArithmetic } from "./tape/arithmetic.ts";
import * as autograd from "./tape/autograd.ts";
import { composed } from "./tape/ownership.ts";
import { Tensor } from "./tensor/tensor.ts";

type Ops = typeof ops & typeof autograd;

/** Ops whose overloads a mapped type would lose. */
interface Overloaded {
  /** The maximum of all elements; ties share the gradient. */
  max(): Tensor;
  /** `{ values, indices }` of the maxima along a dimension. */
  max(dim: number, options?: KeepDim): ValuesAndIndices;
  /** The minimum of all elements; ties share the gradient. */
  min(): Tensor;
  /** `{ values, indices }` of the minima along a dimension. */
  min(dim: number, options?: KeepDim): ValuesAndIndices;
  /** Patches of images as columns; `[N,C,H,W]` → `[N, C·kH·kW, positions]`. */
  unfold(options: UnfoldOptions): Tensor;
  /** Windows of one dimension as a view, their elements as a last dimension. */
  unfold(dim: number, size: number, step?: number): Tensor;
  /** Makes a leaf of a tensor without a past: `backward()` will leave a gradient in its `grad`. Returns the tensor. */
  requireGrad(): this;
  /** Lets `backward()` keep the gradient of an interior tensor in `grad`. Returns the tensor. */
  retainGrad(): this;
}

type Mapped = {
  [K in keyof Ops as K extends keyof Overloaded ? never : K]: Ops[K] extends (x: Tensor, ...rest: infer Rest) => infer Result
    ? (...rest: Rest) => Result
    : never;
};

/** Every op as a method of the tensor that is its first argument. */
export interface TensorMethods extends Mapped, Overloaded {}

for (const [name, op] of Object.entries({ ...ops, ...autograd })) {
  const call = op as (x: Tensor, ...rest: unknown[]) => unknown;
  Object.defineProperty(Tensor.prototype, name, {
    // One and two arguments, the most usual, without an array of them.
    value: function (this: Tensor, ...rest: unknown[]) {
      if (hasManual()) return composed(() => call(this, ...rest));
      return rest.length === 1 ? call(this, rest[0]) : rest.length === 0 ? call(this) : call(this, ...rest);
    },
    writable: true,
    configurable: true,
  });
}

useArithmetic({ add: ops.add, sumTo: ops.sumTo, onesLike: ops.newOnes, cast: ops.to });
cpu.setBackend(reference);

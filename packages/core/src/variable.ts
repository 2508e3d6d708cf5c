import { copyKernel, type Kernel } from "./backend/kernel.ts";
import { allocate, type View } from "./backend/view.ts";
import { tensor } from "./creation.ts";
import { sameShape, showShape } from "./shape.ts";
import { requireGrad } from "./tape/autograd.ts";
import { type NestedNumbers, Tensor } from "./tensor/tensor.ts";

/**
 * The only tensor that changes: in place, through `assign` or `update`, each of which counts up its version, so that a backward pass refuses a value
 * saved before. Buffers of modules and the state of optimizers are variables; parameters are variables that require a gradient.
 */
export class Variable extends Tensor {
  /** Takes a copy of the values. */
  constructor(values: Tensor | NestedNumbers) {
    const source = values instanceof Tensor ? values : tensor(values);
    super(copyOf(source));
  }

  /** How often the values were changed in place. */
  get version(): number {
    return this.storage.version;
  }

  /** Overwrites the values; the shape stays. */
  assign(values: Tensor | NestedNumbers): this {
    const source = values instanceof Tensor ? values : tensor(values, { dtype: this.dtype });
    if (!sameShape(source.shape, this.shape))
      throw new RangeError(`assign: values of shape ${showShape(source.shape)} do not fit a variable of shape ${showShape(this.shape)}`);
    update(copyKernel, [source], [], [this]);
    return this;
  }

  /** Takes over other memory of the same shape, with its dtype and device: how a module moves without losing the identity of its parameters. */
  become(values: Tensor): this {
    if (!sameShape(values.shape, this.shape))
      throw new RangeError(`become: values of shape ${showShape(values.shape)} do not fit a variable of shape ${showShape(this.shape)}`);
    const { storage, dtype, shape, strides, offset } = copyOf(values);
    Object.assign(this, { storage, dtype, shape, strides, offset });
    if (this.node !== null) {
      this.node = null;
      requireGrad(this);
    }
    return this;
  }

  /**
   * Takes over a recorded tensor, its past included: gradients flow through the variable to whatever made that tensor, and `backward()` leaves the
   * variable's own in `grad` too. `become()` makes a leaf of it again. What was recorded with the old values keeps them.
   */
  follow(recorded: Tensor): this {
    if (!sameShape(recorded.shape, this.shape) || recorded.dtype !== this.dtype)
      throw new RangeError(
        `follow: a tensor of shape ${showShape(recorded.shape)} and ${recorded.dtype} does not fit a variable of shape ${showShape(this.shape)} and ${this.dtype}`,
      );
    const { storage, strides, offset, node } = recorded;
    Object.assign(this, { storage, strides, offset, node });
    if (node !== null) node.retainsGrad = true;
    return this;
  }
}

/** The values in fresh memory that lives as long as the variable. */
function copyOf(source: View): View {
  const { device } = source.storage;
  const view = allocate(device, source.dtype, source.shape, "variable");
  device.backend.map(copyKernel, [source], [], [view]);
  return view;
}

/** A variable that requires a gradient: what an optimizer trains. */
export class Parameter extends Variable {
  constructor(values: Tensor | NestedNumbers) {
    super(values);
    requireGrad(this);
  }
}

/** Runs a kernel that overwrites variables in place, in one pass; they may be its inputs too. */
export function update(kernel: Kernel, inputs: readonly View[], uniforms: readonly number[], variables: readonly Variable[]): void {
  variables[0].device.backend.map(kernel, inputs, uniforms, variables);
  for (const variable of variables) variable.storage.version++;
}

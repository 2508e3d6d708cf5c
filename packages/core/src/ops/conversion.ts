import { Device } from "../backend/device.ts";
import { copyKernel, kernel } from "../backend/kernel.ts";
import { allocate, type View } from "../backend/view.ts";
import { checkDType, type DType, isFloat } from "../dtype.ts";
import type { Shape } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Op, operation } from "../tape/op.ts";
import { contiguousData, Tensor } from "../tensor/tensor.ts";

const truth = kernel("y = x != 0");

const castOp: Op<{ readonly dtype: DType }> = operation({
  name: "to",
  primitive: true,
  saves: { inputs: [], output: false },
  forward: ([x], { dtype }) => {
    const input = x as Tensor;
    const output = allocate(input.device, dtype, input.shape);
    input.device.backend.map(dtype === "bool" ? truth : copyKernel, [input], [], [output]);
    return output;
  },
  vjp: [(g, { dtypes }) => (isFloat(dtypes[0]) ? g.to(dtypes[0]) : g)],
});

const moveOp: Op<{ readonly device: Device; readonly from: Device }> = operation({
  name: "toDevice",
  saves: { inputs: [], output: false },
  forward: ([x], { device }) => {
    const input = x as Tensor;
    const output = allocate(device, input.dtype, input.shape);
    device.backend.write(contiguousData(input), output);
    return output;
  },
  vjp: [(g, { attrs }) => g.to(attrs.from)],
});

/**
 * The values as another dtype (floats lose their fraction towards 0 on the way to int32, everything but 0 becomes true), or on another device; gradients
 * flow back to where they came from. The tensor itself where nothing changes.
 */
export function to(x: Tensor, target: DType | Device): Tensor {
  if (target instanceof Device) return x.device === target ? x : apply(moveOp, [x], { device: target, from: x.device });
  checkDType("to", target);
  return x.dtype === target ? x : apply(castOp, [x], { dtype: target });
}

const fillKernel = kernel("y = value", ["value"]);

/** A fresh dense view holding one value. */
export function filled(device: Device, dtype: DType, shape: Shape, value: number): View {
  const view = allocate(device, dtype, shape);
  device.backend.map(fillKernel, [], [value], [view]);
  return view;
}

/** Zeros of the tensor's dtype and device, of its shape or another. */
export const newZeros = (x: Tensor, shape?: Shape): Tensor => new Tensor(filled(x.device, x.dtype, shape ?? x.shape, 0));

/** Ones of the tensor's dtype and device, of its shape or another. */
export const newOnes = (x: Tensor, shape?: Shape): Tensor => new Tensor(filled(x.device, x.dtype, shape ?? x.shape, 1));

const cloneOp: Op<null> = operation({
  name: "clone",
  saves: { inputs: [], output: false },
  forward: ([x]) => {
    const input = x as Tensor;
    const output = allocate(input.device, input.dtype, input.shape);
    input.device.backend.map(copyKernel, [input], [], [output]);
    return output;
  },
  vjp: [(g) => g],
});

/** A copy in memory of its own, through which gradients flow: what later changes the source in place does not reach it. */
export const clone = (x: Tensor): Tensor => apply(cloneOp, [x], null);

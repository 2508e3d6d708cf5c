import ndarray, { type NdArray } from "ndarray";
import ops from "ndarray-ops";
import { cpu } from "./backend/device.ts";
import { copyKernel, type Kernel } from "./backend/kernel.ts";
import { ReferenceBackend } from "./backend/reference/reference.ts";
import { broadcastView, hostData, type View } from "./backend/view.ts";
import { isFloat, type TypedArray } from "./dtype.ts";
import { fromData, type Tensor } from "./tensor/tensor.ts";

/*
 * The door to the ndarray ecosystem, a module of its own: ndarray-ops generates code when it is loaded, which a page under a strict content policy forbids.
 */

/** An ndarray on the same memory as a tensor of the host, without a copy. Writing to it changes the tensor: for variables and tools only. */
export const toNdarray = (view: View): NdArray<TypedArray> => ndarray(hostData(view), [...view.shape], [...view.strides], view.offset);

/** A tensor with a copy of `x`'s values, changed in place by a function of the ndarray ecosystem. No gradient flows through it. */
export function withNdarray(x: Tensor, change: (values: NdArray<TypedArray>) => void): Tensor {
  const copy = fromData(x.data(), x.dtype, x.shape, cpu);
  change(toNdarray(copy));
  return copy;
}

type Unary = (output: NdArray, a: NdArray) => void;
type Binary = (output: NdArray, a: NdArray, b: NdArray) => void;

/** Functions that ndarray-ops has with the same meaning at every point; its max and min lose NaN, its round differs at halves. */
const unary: Readonly<Record<string, Unary>> = {
  neg: ops.neg,
  abs: ops.abs,
  exp: ops.exp,
  log: ops.log,
  sqrt: ops.sqrt,
  floor: ops.floor,
  ceil: ops.ceil,
  sin: ops.sin,
  cos: ops.cos,
  tan: ops.tan,
  asin: ops.asin,
  acos: ops.acos,
  atan: ops.atan,
};
const binary: Readonly<Record<string, Binary>> = { add: ops.add, sub: ops.sub, mul: ops.mul, div: ops.div, atan2: ops.atan2 };

/** The reference backend with copies, and kernels of one function, computed by ndarray-ops: a second opinion for conformance tests. */
class NdarrayBackend extends ReferenceBackend {
  override readonly name: string = "ndarray";

  override map(kernel: Kernel, inputs: readonly View[], uniforms: readonly number[], outputs: readonly View[]): void {
    if (!this.#single(kernel, inputs, outputs)) super.map(kernel, inputs, uniforms, outputs);
  }

  #single(kernel: Kernel, inputs: readonly View[], outputs: readonly View[]): boolean {
    const [output] = outputs;
    if (outputs.length !== 1 || kernel.uniforms.length > 0 || inputs.some((view) => view.dtype !== output.dtype)) return false;
    const operand = (view: View): NdArray<TypedArray> => toNdarray(broadcastView(view, output.shape));
    if (kernel === copyKernel) {
      ops.assign(toNdarray(output), operand(inputs[0]));
      return true;
    }
    const { expression } = kernel.outputs[0];
    if (expression.kind !== "call" || !isFloat(output.dtype)) return false;
    const views = expression.args.flatMap((arg) => (arg.kind === "name" ? [inputs[kernel.inputs.indexOf(arg.name)]] : []));
    if (views.length !== expression.args.length) return false;
    const [a, b] = views.map(operand);
    if (Object.hasOwn(unary, expression.fn)) unary[expression.fn](toNdarray(output), a);
    else if (Object.hasOwn(binary, expression.fn)) binary[expression.fn](toNdarray(output), a, b);
    else return false;
    return true;
  }
}

/** A backend on ndarray and ndarray-ops; `cpu.setBackend(ndarrayBackend)` computes with it. */
export const ndarrayBackend: ReferenceBackend = new NdarrayBackend();

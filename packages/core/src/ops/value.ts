import { Kernel } from "../backend/kernel.ts";
import { allocate, allocateStorage, isDense } from "../backend/view.ts";
import { type DType, isFloat, promote } from "../dtype.ts";
import type { Expression } from "../formula/index.ts";
import { broadcastShapes, sameShape, sizeOf } from "../shape.ts";
import type { Operand } from "../tape/op.ts";
import { Tensor } from "../tensor/tensor.ts";

/** What the result's dtype is: that of the inputs, a number at least (bool becomes int32), a float at least, or `bool`. */
export type ResultType = "same" | "number" | "float" | "bool";

/** What an elementwise operation computes. */
export interface Meaning {
  readonly names: readonly string[];
  readonly expression: Expression;
  readonly result: ResultType;
}

/** The kernel for operands of which some are numbers, and the places of both kinds. */
export interface Form {
  readonly kernel: Kernel;
  readonly tensors: readonly number[];
  readonly numbers: readonly number[];
  /** Whether the kernel's uniforms are just the numbers. */
  readonly plain: boolean;
}

/** `mask` has a bit for each operand that is a number. */
export function formWith({ names, expression }: Meaning, mask: number): Form {
  const places = names.map((_, k) => k);
  const numbers = places.filter((k) => (mask & (1 << k)) !== 0);
  const tensors = places.filter((k) => (mask & (1 << k)) === 0);
  const named = (at: readonly number[]): string[] => at.map((k) => names[k]);
  const kernel = new Kernel({ y: expression }, named(tensors), named(numbers));
  return { kernel, tensors, numbers, plain: sameNames(kernel.uniforms, named(numbers)) };
}

const sameNames = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((name, k) => name === b[k]);

const none: readonly number[] = [];

function uniformsOf({ kernel, numbers, plain }: Form, operands: readonly Operand[], names: readonly string[]): readonly number[] {
  if (numbers.length === 0) return none;
  if (plain) return numbers.map((k) => operands[k] as number);
  return kernel.uniformValues(Object.fromEntries(numbers.map((k) => [names[k], operands[k] as number])));
}

/** The value of an elementwise operation, a tensor in fresh memory. Errors: numbers alone; shapes that do not broadcast. */
export function valueOf(op: string, form: Form, operands: readonly Operand[], { names, result }: Meaning): Tensor {
  if (form.tensors.length === 0) throw new TypeError(`${op}: got numbers alone; one operand at least is a tensor`);
  const tensors = form.numbers.length === 0 ? (operands as readonly Tensor[]) : form.tensors.map((k) => operands[k] as Tensor);
  const output = outputFor(op, tensors, resultType(operands, tensors, result));
  output.storage.device.backend.map(form.kernel, tensors, uniformsOf(form, operands, names), [output]);
  return output;
}

/** Fresh memory of the shape to which tensors broadcast. */
function outputFor(op: string, tensors: readonly Tensor[], dtype: DType): Tensor {
  const [first] = tensors;
  for (let k = 1; k < tensors.length; k++) if (!sameShape(tensors[k].shape, first.shape)) return broadcastOutput(op, tensors, dtype);
  return isDense(first)
    ? new Tensor(first, allocateStorage(first.device, dtype, sizeOf(first.shape)))
    : new Tensor(allocate(first.device, dtype, first.shape));
}

const broadcastOutput = (op: string, tensors: readonly Tensor[], dtype: DType): Tensor =>
  new Tensor(allocate(tensors[0].device, dtype, broadcastShapes(op, ...tensors.map(({ shape }) => shape))));

/** Numbers are weak: they widen integers to float32 when they are fractional, never float32 to float64. */
function resultType(operands: readonly Operand[], tensors: readonly Tensor[], result: ResultType): DType {
  if (result === "bool") return "bool";
  let { dtype } = tensors[0];
  for (let k = 1; k < tensors.length; k++) if (tensors[k].dtype !== dtype) dtype = promote(dtype, tensors[k].dtype);
  if (isFloat(dtype)) return dtype;
  if (result === "float" || operands.some((operand) => typeof operand === "number" && Number.isFinite(operand) && !Number.isInteger(operand)))
    return "float32";
  return result === "number" ? promote(dtype, "int32") : dtype;
}

import { addBias } from "../backend/accumulate.ts";
import type { Backend } from "../backend/backend.ts";
import { type Convolution, convolve, convolveInput, convolveWeight } from "../backend/convolution.ts";
import { allocate, type View } from "../backend/view.ts";
import { perDimension } from "../backend/window.ts";
import { promote } from "../dtype.ts";
import { type Shape, showShape } from "../shape.ts";
import { apply } from "../tape/apply.ts";
import { type Flows, type Op, type Operand, operation, type Saves } from "../tape/op.ts";
import { checkOptions } from "../tape/options.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Options of `conv1d`, `conv2d` and `conv3d`: one number for all dimensions or one for each. */
export interface ConvolutionOptions {
  /** Step from one position to the next. Default 1. */
  readonly stride?: number | readonly number[];
  /** Zeros on each side, default 0; "same" keeps the size (stride 1 only), "valid" adds none. */
  readonly padding?: number | readonly number[] | "same" | "valid";
  /** Distance of the kernel's elements. Default 1. */
  readonly dilation?: number | readonly number[];
  /** Number of groups into which the channels fall. Default 1. */
  readonly groups?: number;
}

/** Options of `convTranspose1d`, `convTranspose2d` and `convTranspose3d`. */
export interface TransposedConvolutionOptions extends Omit<ConvolutionOptions, "padding"> {
  /** Elements that the output loses on each side. Default 0. */
  readonly padding?: number | readonly number[];
  /** Elements that the output gets at its end, to choose among the sizes that a stride maps to one. Default 0. */
  readonly outputPadding?: number | readonly number[];
}

/** The three products between input, weight and gradient; each one's derivatives are the other two. */
interface Products {
  readonly forward: Op<Convolution>;
  readonly transposed: Op<Convolution>;
  readonly weight: Op<Convolution>;
}

type Product = "convolve" | "convolveInput" | "convolveWeight";
const composed = { convolve, convolveInput, convolveWeight } as const;

/** The product of two operands, by the backend's kernel where it has one, plus the bias of each channel. */
function compute(product: Product, [left, right, offset]: readonly Operand[], shape: Shape, c: Convolution): View {
  const [a, b] = [left, right] as Tensor[];
  const dtype = promote(a.dtype, b.dtype);
  const output = allocate(a.device, dtype, shape);
  const [x, w] = [a.to(dtype), b.to(dtype)];
  const backend: Backend = a.device.backend;
  if (backend[product]?.(x, w, output, c) !== true) composed[product](x, w, output, c);
  if (offset !== undefined) addBias(output, offset as Tensor, c.output.length);
  return output;
}

const perChannel = (g: Tensor): Tensor => g.sum(g.shape.flatMap((_, d) => (d === 1 ? [] : [d])));

function products(n: number): Products {
  const saves = ([toInput, toWeight]: Flows): Saves => ({
    inputs: [...(toWeight === null ? [] : [0]), ...(toInput === null ? [] : [1])],
    output: false,
  });
  const forward: Op<Convolution> = operation({
    name: `conv${n}d`,
    saves,
    forward: (operands, c) => {
      const [x, weight] = operands as Tensor[];
      return compute("convolve", operands, [x.shape[0], weight.shape[0], ...c.output], c);
    },
    vjp: [
      (g, { inputs: [, weight], attrs }) => apply(transposed, [g, weight as Tensor], attrs),
      (g, { inputs: [x], attrs }) => apply(weightGradient, [x as Tensor, g], attrs),
      perChannel,
    ],
  });
  const transposed: Op<Convolution> = operation({
    name: `convTranspose${n}d`,
    saves,
    forward: (operands, c) => {
      const [g, weight] = operands as Tensor[];
      return compute("convolveInput", operands, [g.shape[0], weight.shape[1] * c.groups, ...c.input], c);
    },
    vjp: [
      (g, { inputs: [, weight], attrs }) => apply(forward, [g, weight as Tensor], attrs),
      (g, { inputs: [x], attrs }) => apply(weightGradient, [g, x as Tensor], attrs),
      perChannel,
    ],
  });
  const weightGradient: Op<Convolution> = operation({
    name: `conv${n}dWeight`,
    saves,
    forward: (operands, c) => {
      const [x, g] = operands as Tensor[];
      return compute("convolveWeight", operands, [g.shape[1], x.shape[1] / c.groups, ...c.kernel], c);
    },
    vjp: [
      (h, { inputs: [, g], attrs }) => apply(transposed, [g as Tensor, h], attrs),
      (h, { inputs: [x], attrs }) => apply(forward, [x as Tensor, h], attrs),
    ],
  });
  return { forward, transposed, weight: weightGradient };
}

const dimensions: readonly Products[] = [1, 2, 3].map(products);

/** Runs an operation on batches for an input with or without a batch dimension. */
function batched(op: string, n: number, x: Tensor, work: (x: Tensor) => Tensor): Tensor {
  if (x.ndim === n + 2) return work(x);
  if (x.ndim === n + 1) return work(x.unsqueeze(0)).squeeze(0);
  throw new RangeError(`${op}: takes an input of ${n + 1} dimensions or ${n + 2} with a batch, got ${showShape(x.shape)}`);
}

function checkOperands(op: string, n: number, x: Tensor, weight: Tensor, bias: Tensor | null | undefined, outputs: number): void {
  if (weight.ndim !== n + 2)
    throw new RangeError(`${op}: a weight has ${n + 2} dimensions, got ${showShape(weight.shape)} for an input ${showShape(x.shape)}`);
  if (bias !== undefined && bias !== null && (bias.ndim !== 1 || bias.shape[0] !== outputs))
    throw new RangeError(`${op}: a bias for weight ${showShape(weight.shape)} has shape [${outputs}], got ${showShape(bias.shape)}`);
}

function groupsOf(op: string, { groups = 1 }: { readonly groups?: number }): number {
  if (!Number.isInteger(groups) || groups < 1) throw new RangeError(`${op}: groups is an integer of at least 1, got ${groups}`);
  return groups;
}

function convolution(n: number, x: Tensor, weight: Tensor, bias: Tensor | null | undefined, options: ConvolutionOptions): Tensor {
  const op = dimensions[n - 1].forward;
  const { name } = op;
  checkOptions(name, options, ["stride", "padding", "dilation", "groups"]);
  const groups = groupsOf(name, options);
  checkOperands(name, n, x, weight, bias, weight.shape[0]);
  return batched(name, n, x, (batch) => {
    const [, channels, ...input] = batch.shape;
    const [out, within, ...size] = weight.shape;
    if (channels !== within * groups || out % groups !== 0)
      throw new RangeError(
        `${name}: input ${showShape(x.shape)} has ${channels} channels, weight ${showShape(weight.shape)} in ${groups} group${groups > 1 ? "s" : ""} takes ${within * groups} and gives ${out}, which the groups must divide`,
      );
    const stride = perDimension(name, "stride", options.stride ?? 1, n, 1);
    const dilation = perDimension(name, "dilation", options.dilation ?? 1, n, 1);
    const reach = size.map((k, d) => dilation[d] * (k - 1));
    const same = options.padding === "same";
    if (same && stride.some((s) => s !== 1)) throw new RangeError(`${name}: padding "same" needs stride 1, got ${showShape(stride)}`);
    const named = same ? reach.map((r) => Math.floor(r / 2)) : options.padding === "valid" ? 0 : (options.padding ?? 0);
    if (typeof named === "string") throw new TypeError(`${name}: unknown padding "${named}"; use a number, "same" or "valid"`);
    const padding = perDimension(name, "padding", named, n, 0);
    const output = input.map((length, d) => (same ? length : Math.floor((length + 2 * padding[d] - reach[d] - 1) / stride[d]) + 1));
    if (output.some((length) => length < 1) || size.some((k) => k < 1))
      throw new RangeError(`${name}: kernel ${showShape(size)} does not fit input ${showShape(x.shape)} with padding ${showShape(padding)}`);
    return apply(op, bias ? [batch, weight, bias] : [batch, weight], { kernel: size, stride, padding, dilation, input, output, groups });
  });
}

function transposedConvolution(n: number, x: Tensor, weight: Tensor, bias: Tensor | null | undefined, options: TransposedConvolutionOptions): Tensor {
  const op = dimensions[n - 1].transposed;
  const { name } = op;
  checkOptions(name, options, ["stride", "padding", "outputPadding", "dilation", "groups"]);
  const groups = groupsOf(name, options);
  checkOperands(name, n, x, weight, bias, weight.shape[1] * groups);
  return batched(name, n, x, (batch) => {
    const [, channels, ...output] = batch.shape;
    const [taken, , ...size] = weight.shape;
    if (channels !== taken || taken % groups !== 0)
      throw new RangeError(
        `${name}: input ${showShape(x.shape)} has ${channels} channels, weight ${showShape(weight.shape)} takes ${taken}, which ${groups} groups must divide`,
      );
    const stride = perDimension(name, "stride", options.stride ?? 1, n, 1);
    const dilation = perDimension(name, "dilation", options.dilation ?? 1, n, 1);
    const padding = perDimension(name, "padding", options.padding ?? 0, n, 0);
    const more = perDimension(name, "outputPadding", options.outputPadding ?? 0, n, 0);
    if (more.some((extra, d) => extra >= Math.max(stride[d], dilation[d])))
      throw new RangeError(
        `${name}: outputPadding ${showShape(more)} must be smaller than stride ${showShape(stride)} or dilation ${showShape(dilation)}`,
      );
    const input = output.map((length, d) => (length - 1) * stride[d] - 2 * padding[d] + dilation[d] * (size[d] - 1) + more[d] + 1);
    if (input.some((length) => length < 1))
      throw new RangeError(
        `${name}: nothing is left of input ${showShape(x.shape)} with kernel ${showShape(size)} and padding ${showShape(padding)}`,
      );
    return apply(op, bias ? [batch, weight, bias] : [batch, weight], { kernel: size, stride, padding, dilation, input, output, groups });
  });
}

/** Convolution (cross-correlation) over one dimension: `[N,in,L]`, weight `[out,in/groups,k]`, bias `[out]` → `[N,out,L']`; without a batch too. */
export const conv1d = (x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvolutionOptions = {}): Tensor =>
  convolution(1, x, weight, bias, options);

/** Convolution (cross-correlation) over two dimensions: `[N,in,H,W]`, weight `[out,in/groups,kH,kW]`, bias `[out]` → `[N,out,H',W']`; without a batch too. */
export const conv2d = (x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvolutionOptions = {}): Tensor =>
  convolution(2, x, weight, bias, options);

/** Convolution (cross-correlation) over three dimensions: `[N,in,D,H,W]`, weight `[out,in/groups,kD,kH,kW]`, bias `[out]`; without a batch too. */
export const conv3d = (x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvolutionOptions = {}): Tensor =>
  convolution(3, x, weight, bias, options);

/** Transposed convolution, the gradient of `conv1d`'s input: `[N,in,L]`, weight `[in,out/groups,k]`, bias `[out]`; without a batch too. */
export const convTranspose1d = (x: Tensor, weight: Tensor, bias?: Tensor | null, options: TransposedConvolutionOptions = {}): Tensor =>
  transposedConvolution(1, x, weight, bias, options);

/** Transposed convolution, the gradient of `conv2d`'s input: `[N,in,H,W]`, weight `[in,out/groups,kH,kW]`, bias `[out]`; without a batch too. */
export const convTranspose2d = (x: Tensor, weight: Tensor, bias?: Tensor | null, options: TransposedConvolutionOptions = {}): Tensor =>
  transposedConvolution(2, x, weight, bias, options);

/** Transposed convolution, the gradient of `conv3d`'s input: `[N,in,D,H,W]`, weight `[in,out/groups,kD,kH,kW]`, bias `[out]`; without a batch too. */
export const convTranspose3d = (x: Tensor, weight: Tensor, bias?: Tensor | null, options: TransposedConvolutionOptions = {}): Tensor =>
  transposedConvolution(3, x, weight, bias, options);

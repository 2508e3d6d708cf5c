import { type Tensor, tensor } from "@gradtape/core";
import { core } from "./library.ts";
import { camelCase } from "./naming.ts";

/** What an op gives: one tensor, a list, or a record of tensors. */
export type Result = Tensor | readonly Tensor[];

/** How a recorded op is called here: its inputs as PyTorch orders them, its options in camelCase. */
export type Adapter = (inputs: readonly (Tensor | null)[], attrs: Attrs, expression: string) => Result;

// biome-ignore lint/suspicious/noExplicitAny: options of every op pass through one table
type Attrs = Readonly<Record<string, any>>;

interface ValuesAndIndices {
  readonly values: Tensor;
  readonly indices: Tensor;
}

/** Without what is undefined or null; nothing at all when nothing is left. */
function optionsOf(given: Attrs): Attrs | undefined {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined && value !== null);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** A call whose last argument, the options, is left out where there are none. */
const call = (name: string, args: readonly unknown[], given: Attrs = {}): Tensor => {
  const left = optionsOf(given);
  return left === undefined ? core[name](...args) : core[name](...args, left);
};

/** `core.name(x, dim, { … })`. */
const overDims =
  (name: string): Adapter =>
  ([x], { dim, ...rest }) =>
    call(name, [x, ...(dim === undefined && Object.keys(rest).length === 0 ? [] : [dim])], rest);

/** `core.name(x, dims, { correction, keepDim })`, where PyTorch says `unbiased`. */
const spread =
  (name: string): Adapter =>
  ([x], { dim, unbiased, ...rest }) =>
    call(name, [x, dim], unbiased === undefined ? rest : { ...rest, correction: unbiased ? 1 : 0 });

const listed = (result: unknown): Result => [(result as ValuesAndIndices).values, (result as ValuesAndIndices).indices];
const many = (result: unknown): Result => result as readonly Tensor[];

/** `core.name(…inputs, a, b)` with these options as positional arguments, the others in an object. */
const positional =
  (name: string, ...keys: readonly string[]): Adapter =>
  (inputs, attrs) =>
    call(
      name,
      [...inputs, ...keys.map((key) => attrs[key]).filter((value) => value !== undefined)],
      Object.fromEntries(Object.entries(attrs).filter(([key]) => !keys.includes(key))),
    );

/** A number as a tensor of no dimensions, for the left side of an operation. */
const scalar = (value: number, like: Tensor | null): Tensor => tensor(value, { dtype: (like as Tensor).dtype, device: (like as Tensor).device });

/** `core.name(x, target, { …named inputs, …options })`. */
const withTarget =
  (name: string, ...named: readonly string[]): Adapter =>
  ([x, target, ...rest], attrs) =>
    call(name, [x, target], { ...attrs, ...Object.fromEntries(named.map((key, k) => [key, rest[k]])) });

/** `core.name(x, { …named inputs, …options })`. */
const named =
  (name: string, ...keys: readonly string[]): Adapter =>
  ([x, ...rest], attrs) =>
    call(name, [x], { ...attrs, ...Object.fromEntries(keys.map((key, k) => [key, rest[k]])) });

const slice: Adapter = ([x], { dim, start, end, step }) => {
  const { ndim } = x as Tensor;
  const at = dim < 0 ? dim + ndim : dim;
  return core.slice(x, ...Array.from({ length: at }, () => null), [start, end, step]);
};

const batchNorm: Adapter = ([x, weight, bias, mean, variance], attrs) =>
  call("batchNorm", [x], { ...attrs, weight, bias, runningMean: mean, runningVar: variance });

/**
 * The ops that are not `core.camelCaseName(…inputs, { …options })`, which is what a name without a row means. This table is the contract between
 * PyTorch's names and ours.
 */
export const adapters: Readonly<Record<string, Adapter>> = {
  // elementwise: the second operand may be a number
  add: ([a, b]) => core.add(a, b ?? a),
  add_scalar: ([a], { other }) => core.add(a, other),
  sub_scalar: ([a], { other }) => core.sub(a, other),
  mul_scalar: ([a], { other }) => core.mul(a, other),
  div_scalar: ([a], { other }) => core.div(a, other),
  rsub_scalar: ([a], { other }) => core.sub(scalar(other, a), a),
  rdiv_scalar: ([a], { other }) => core.div(scalar(other, a), a),
  add_alpha: ([a, b], { alpha }) => core.add(a, core.mul(b, alpha)),
  pow_scalar: ([a], { exponent }) => core.pow(a, exponent),
  rpow_scalar: ([a], { base }) => core.pow(scalar(base, a), a),
  square: ([a], _, expression) => (expression.startsWith("a * a") ? core.mul(a, a) : core.square(a)),
  masked_fill: positional("maskedFill", "value"),
  lerp: positional("lerp", "weight"),
  // reductions: dims, then options
  sum: overDims("sum"),
  mean: overDims("mean"),
  prod: overDims("prod"),
  amax: overDims("amax"),
  amin: overDims("amin"),
  max: overDims("max"),
  min: overDims("min"),
  max_dim: (inputs, attrs, expression) => listed(overDims("max")(inputs, attrs, expression)),
  min_dim: (inputs, attrs, expression) => listed(overDims("min")(inputs, attrs, expression)),
  argmax: overDims("argmax"),
  argmin: overDims("argmin"),
  logsumexp: overDims("logSumExp"),
  norm: overDims("norm"),
  var: spread("variance"),
  std: spread("std"),
  softmax: overDims("softmax"),
  log_softmax: overDims("logSoftmax"),
  cumsum: overDims("cumsum"),
  cumprod: overDims("cumprod"),
  sort: ([x], attrs) => listed(call("sort", [x], attrs)),
  topk: ([x], { k, ...rest }) => listed(call("topk", [x, k], rest)),
  // linear algebra
  einsum: (tensors, { equation }) => core.einsum(equation, tensors),
  scaled_dot_product_attention: ([q, k, v, mask], attrs) => call("scaledDotProductAttention", [q, k, v], { ...attrs, mask }),
  // shapes: what PyTorch requires is positional
  transpose: positional("transpose", "dim0", "dim1"),
  permute: positional("permute", "dims"),
  reshape: ([x], { shape }, expression) => core.reshape(expression.startsWith("a.transpose(0, 1)") ? core.transpose(x, 0, 1) : x, shape),
  expand: positional("expand", "size"),
  squeeze: positional("squeeze", "dim"),
  unsqueeze: positional("unsqueeze", "dim"),
  flip: positional("flip", "dims"),
  select: positional("select", "dim", "index"),
  narrow: positional("narrow", "dim", "start", "length"),
  slice,
  index_select: ([x, index], { dim }) => core.indexSelect(x, dim, index),
  gather: ([x, index], { dim }) => core.gather(x, dim, index),
  index: ([x, ...indices]) => core.index(x, indices),
  scatter: ([x, index, source], { dim }) => core.scatter(x, dim, index, source),
  scatter_add: ([x, index, source], { dim }) => core.scatterAdd(x, dim, index, source),
  index_add: ([x, index, source], { dim }) => core.indexAdd(x, dim, index, source),
  cat: (tensors, { dim }) => core.concat(tensors, dim),
  stack: (tensors, { dim }) => core.stack(tensors, dim),
  split: ([x], { splitSize, dim }) => many(call("split", [x, splitSize], { dim })),
  chunk: ([x], { chunks, dim }) => many(call("chunk", [x, chunks], { dim })),
  unbind: ([x], { dim }) => many(core.unbind(x, dim)),
  pad: ([x], { pad, mode, value }) => call("pad", [x], { padding: pad, mode, value }),
  roll: positional("roll", "shifts", "dims"),
  repeat: positional("repeat", "repeats"),
  repeat_interleave: positional("repeatInterleave", "repeats"),
  movedim: positional("movedim", "source", "destination"),
  pixel_shuffle: positional("pixelShuffle", "upscaleFactor"),
  one_hot: positional("oneHot", "numClasses"),
  // normalisation: everything but x is an option
  batch_norm: batchNorm,
  layer_norm: named("layerNorm", "weight", "bias"),
  group_norm: named("groupNorm", "weight", "bias"),
  instance_norm: named("instanceNorm", "weight", "bias"),
  rms_norm: ([x, weight], attrs) => call("rmsNorm", [x], { ...attrs, normalizedShape: weight?.shape, weight }),
  // losses: input, target, options
  cross_entropy: withTarget("crossEntropy", "weight"),
  nll_loss: withTarget("nllLoss", "weight"),
  binary_cross_entropy: withTarget("binaryCrossEntropy", "weight"),
  binary_cross_entropy_with_logits: withTarget("binaryCrossEntropyWithLogits", "weight", "posWeight"),
  // compositions
  detach: ([a]) => core.mul(a, core.detach(a)),
  shared_graph: ([a]) => core.prod(core.add(core.exp(a), core.mul(a, core.sum(a)))),
  broadcast_reduce: ([a, b]) => core.sum(core.mul(core.add(a, b), a), 0),
  clone_views: ([a]) =>
    core.add(core.mul(core.select(a, 0, 0), core.sum(core.select(a, 1, 0))), core.sum(core.select(core.transpose(a, 0, 1), 0, 1))),
};

/** Inputs that the op changes in place, by position; PyTorch changes running statistics so. They are given as variables. */
export const changedInputs: Readonly<Record<string, Readonly<Record<string, number>>>> = { batch_norm: { running_mean: 3, running_var: 4 } };

/** The adapter of an op: its row, or the call that a name without a row means. */
export const adapterOf = (op: string): Adapter => adapters[op] ?? ((inputs, attrs) => call(camelCase(op), inputs, attrs));

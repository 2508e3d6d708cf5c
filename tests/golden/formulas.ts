import { grad, type Tensor } from "@gradtape/core";
import { core } from "./library.ts";
import { decodeTensor, type Fields, isRecordedTensor, type Place } from "./recording.ts";

type Constants = Readonly<Record<string, Tensor>>;

/** A scalar function of the inputs and named constants. */
export type ScalarFunction = (inputs: readonly Tensor[], constants: Constants) => Tensor;

/** The constants of a formula as tensors; those that a formula differentiates (`gradient_penalty`'s X) may require gradients. */
export const attrTensors = (attrs: Fields, place: Place): Constants =>
  Object.fromEntries(Object.entries(attrs).flatMap(([name, value]) => (isRecordedTensor(value) ? [[name, decodeTensor(value, place)]] : [])));

const affine = (x: Tensor, weight: Tensor, bias: Tensor): Tensor => core.matmul(x, weight.transpose(0, 1)).add(bias);

const mlp =
  (activation: string): ScalarFunction =>
  ([w1, b1, w2, b2], { X, Y }) =>
    affine(core[activation](affine(X, w1, b1)), w2, b2)
      .sub(Y)
      .square()
      .mean();

/** The recorded scalar functions, by the name of their case after the slash. */
export const formulas: Readonly<Record<string, ScalarFunction>> = {
  sum_cubes: ([x]) => x.pow(3).sum(),
  logsumexp: ([x]) => core.logSumExp(x, 0),
  softmax_cross_entropy: ([x], { target }) => core.crossEntropy(x, target),
  rosenbrock: ([x]) => {
    const head = x.slice([null, -1]);
    return head
      .neg()
      .add(1)
      .pow(2)
      .add(x.slice([1, null]).sub(head.pow(2)).pow(2).mul(100))
      .sum();
  },
  mixed: ([x, y]) => x.sin().mul(y.exp()).div(x.mul(x).mul(y).mul(y).add(1)).sum(),
  mlp_tanh: mlp("tanh"),
  mlp_sigmoid: mlp("sigmoid"),
  mlp_softplus: mlp("softplus"),
  mlp_relu: mlp("relu"),
  mlp_gelu: mlp("gelu"),
  mlp_silu: mlp("silu"),
  mlp_elu: mlp("elu"),
  mlp_cross_entropy: ([w1, b1, w2, b2], { X, target }) => core.crossEntropy(affine(affine(X, w1, b1).tanh(), w2, b2), target),
  gradient_penalty: ([w, u], { X }) => {
    const x = X.detach().clone().requireGrad();
    const slope = grad(x.matmul(w.transpose(0, 1)).tanh().matmul(u).sum(), x, { createGraph: true });
    return core.norm(slope, 1).sub(1).pow(2).mean();
  },
  division_sqrt_log: ([x, y]) => x.log().mul(y.sqrt()).div(x.add(y)).sum(),
  pow_rsqrt: ([x]) => x.pow(2.5).add(x.rsqrt()).add(x.reciprocal()).sum(),
  norm: ([a, x]) => core.norm(a.matmul(x)),
  layer_norm: ([x, weight, bias]) =>
    core
      .layerNorm(x, { normalizedShape: x.shape.slice(-1), weight, bias })
      .pow(3)
      .sum(),
  batch_norm: ([x], { K }) => core.batchNorm(x, { training: true }).pow(3).mul(K).sum(),
  conv2d: ([x, w, b]) => core.conv2d(x, w, b, { padding: 1 }).tanh().pow(2).sum(),
  attention: ([q, k, v], { K }) => q.matmul(k.transpose(0, 1)).div(Math.sqrt(q.shape[1])).softmax(-1).matmul(v).mul(K).sum(),
  log_softmax_weighted: ([x], { K }) => x.logSoftmax(1).mul(K).sum(),
  bce_with_logits: ([x], { t }) => core.binaryCrossEntropyWithLogits(x, t),
  gather_cumsum: ([x], { idx }) => core.cumsum(x, 0).indexSelect(0, idx).pow(3).sum(),
  max_pool_relu: ([x]) => core.maxPool1d(x.relu().mul(x), { kernelSize: 2 }).pow(2).sum(),
  variance: ([x]) => core.variance(x, 1).pow(2).sum(),
};

/** The functions whose derivatives are recorded one after the other. */
export const chains: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  x4: (x) => x.pow(4),
  tanh: (x) => x.tanh(),
  exp_sin: (x) => x.sin().exp(),
  sigmoid: (x) => x.sigmoid(),
  log: (x) => x.mul(x).add(1).log(),
};

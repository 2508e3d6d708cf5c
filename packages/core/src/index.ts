import "./methods.ts";

export type { Backend, Lifetime, MemoryReport, Pooling, Reduction, Scan } from "./backend/backend.ts";
export { composeKernel, type Part } from "./backend/composition.ts";
export type { Convolution } from "./backend/convolution.ts";
export { cpu, Device } from "./backend/device.ts";
export { copyKernel, gateKernel, Kernel, kernel } from "./backend/kernel.ts";
export type { AdaptivePoolOptions, PoolOptions } from "./backend/pool.ts";
export { reference } from "./backend/reference/reference.ts";
export { free, own, region } from "./backend/region.ts";
export { mapRows } from "./backend/rowcomposition.ts";
export { type Named, POSITION, type RowFold, RowKernel, type RowPass } from "./backend/rows.ts";
export { allocate, broadcastView, hostData, hostStorage, isDense, restride, type Storage, type View } from "./backend/view.ts";
export type { Window } from "./backend/window.ts";
export * from "./creation.ts";
export { type DType, dtypes, isFloat, promote, type TypedArray } from "./dtype.ts";
export {
  differentiate,
  type Expression,
  evaluate,
  Formula,
  FormulaError,
  formula,
  functions,
  type Line,
  names as freeNames,
  nearest,
  parseExpression,
  type ScalarFunction,
  type Symbols,
  simplify,
  type TracedLine,
  toLatex,
  toText,
} from "./formula/index.ts";
export type { AffineOptions } from "./ops/affine.ts";
export { einsum } from "./ops/einsum.ts";
export {
  type ElementwiseOp,
  type ElementwiseOptions,
  elementwise,
  elementwiseOp,
  type FunctionOptions,
  type Tuned,
  type Tuning,
} from "./ops/elementwise.ts";
export * from "./ops/index.ts";
export * from "./ops/join.ts";
export type { LossOptions, LossReduction } from "./ops/loss.ts";
export type { ResultType } from "./ops/value.ts";
export { philox, plainWords, useWordSource, type WordSource } from "./philox.ts";
export * from "./random.ts";
export { type Dims, type Shape, sameShape, showShape, sizeOf } from "./shape.ts";
export { detectAnomaly } from "./tape/anomaly.ts";
export { apply, enableGrad, isGradEnabled, type Listener, listen, noGrad } from "./tape/apply.ts";
export { detach, peekGradient, registerHook, registerPostAccumulateGradHook, replaceGradient, requireGrad, retainGrad } from "./tape/autograd.ts";
export { backward, type GradOptions, grad } from "./tape/backward.ts";
export { type CustomGradient, customGrad, defineOp } from "./tape/custom.ts";
export { type Differentiable, type GradcheckOptions, gradcheck, gradgradcheck } from "./tape/gradcheck.ts";
export { assertNoLeaks, memoryReport } from "./tape/leaks.ts";
export { type GradientHook, TapeNode } from "./tape/node.ts";
export type { Gate, Op, Operand, Saved, Saves, VJP } from "./tape/op.ts";
export { checkOptions } from "./tape/options.ts";
export { keep, scope } from "./tape/ownership.ts";
export { type BackwardListener, type BackwardOptions, type BackwardStep, listenBackward } from "./tape/pass.ts";
export { inScope, type Scope } from "./tape/scope.ts";
export { callSite, withSources } from "./tape/source.ts";
export { Tape, type TapeEntry, type TapeStep } from "./tape/tape.ts";
export { type NestedNumbers, Tensor } from "./tensor/tensor.ts";
export { checkpoint } from "./transform/checkpoint.ts";
export { type DerivativeOptions, hessian, hvp, jacobian, vjp, vmap } from "./transform/derivatives.ts";
export { type Dual, jvp } from "./transform/forward.ts";
export { Parameter, update, Variable } from "./variable.ts";

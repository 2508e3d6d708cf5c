import { region } from "../backend/region.ts";
import { checkDifferentiable, Tensor } from "../tensor/tensor.ts";
import { noGrad } from "./apply.ts";
import { type GradientHook, TapeNode } from "./node.ts";

export { backward } from "./backward.ts";

/** The same values without a past: no gradient flows through the result. */
export const detach = (x: Tensor): Tensor => (x.node === null ? x : new Tensor(x));

/** Makes a leaf of a tensor without a past: `backward()` will leave a gradient in its `grad`. Returns the tensor. */
export function requireGrad<T extends Tensor>(x: T): T {
  checkDifferentiable("requireGrad", x.dtype);
  x.node ??= new TapeNode(null, x);
  return x;
}

/** Lets `backward()` keep the gradient of an interior tensor in `grad`. Returns the tensor. */
export function retainGrad<T extends Tensor>(x: T): T {
  nodeOf("retainGrad", x).retainsGrad = true;
  return x;
}

/** Calls `hook` with the gradient when it arrives here; what the hook returns replaces it. Returns a function that removes the hook. */
export function registerHook(x: Tensor, hook: GradientHook): () => void {
  const node = nodeOf("registerHook", x);
  node.hooks = [...(node.hooks ?? []), hook];
  return () => {
    node.hooks = node.hooks?.filter((other) => other !== hook);
  };
}

/** Calls `hook` with the accumulated gradient after each `backward()` has added to it. Returns a function that removes the hook. */
export function registerPostAccumulateGradHook(x: Tensor, hook: (gradient: Tensor) => void): () => void {
  const node = nodeOf("registerPostAccumulateGradHook", x);
  if (!node.retainsGrad) throw new Error("registerPostAccumulateGradHook: only leaves and tensors with retainGrad() accumulate a gradient");
  node.accumulateHooks = [...(node.accumulateHooks ?? []), hook];
  return () => {
    node.accumulateHooks = node.accumulateHooks?.filter((other) => other !== hook);
  };
}

function nodeOf(op: string, x: Tensor): TapeNode {
  if (x.node === null) throw new Error(`${op}: this tensor does not require a gradient, so none will arrive; create it with { requiresGrad: true }`);
  return x.node;
}

/** The gradient of a tensor for a moment's use, without giving up that its memory is reused after `zeroGrad()`: for optimizers and clipping. */
export const peekGradient = (x: Tensor): Tensor | null => x.node?.peekGrad() ?? null;

/** Replaces the gradient of a tensor by a function of it, without recording; temporaries and the old gradient are freed at once. */
export function replaceGradient(x: Tensor, change: (gradient: Tensor) => Tensor): void {
  const gradient = peekGradient(x);
  if (gradient === null) return;
  let fresh = false;
  const changed = region(
    () => noGrad(() => change(gradient)),
    (result) => [result],
    () => {
      fresh = true;
    },
  );
  x.node?.setGrad(changed, fresh);
}

import { isFloat } from "../dtype.ts";
import { showShape } from "../shape.ts";
import { contiguousData, type Tensor } from "../tensor/tensor.ts";
import { listen } from "./apply.ts";
import type { Op, Operand } from "./op.ts";
import { type BackwardStep, isInBackward, listenBackward } from "./pass.ts";
import { pathOf } from "./scope.ts";
import { callSite, withSources } from "./source.ts";

/** The first value that is not a number, or infinite although all inputs were finite; `undefined` when there is none. */
function firstBad(x: Tensor): { readonly at: number; readonly value: number } | undefined {
  if (!isFloat(x.dtype) || x.storage.data === undefined) return undefined;
  const values = contiguousData(x);
  for (let at = 0; at < values.length; at++) if (!Number.isFinite(values[at])) return { at, value: values[at] };
  return undefined;
}

const isClean = (operand: Operand | undefined | null): boolean =>
  operand === undefined || operand === null || (typeof operand === "number" ? !Number.isNaN(operand) : firstBad(operand) === undefined);

function describe(operand: Operand): string {
  if (typeof operand === "number") return `${operand}`;
  return operand.size <= 8
    ? operand.detach().toString().replaceAll("\n", " ")
    : `${operand.dtype} ${showShape(operand.shape)} from ${operand.detach().amin().item()} to ${operand.detach().amax().item()}`;
}

function checkForward(op: Op, inputs: readonly Operand[], output: Tensor): void {
  const bad = isInBackward() ? undefined : firstBad(output);
  if (bad === undefined || !inputs.every(isClean)) return;
  const module = pathOf(output.node?.scope ?? null);
  const where = output.node?.source ?? callSite() ?? "an unknown line";
  throw new Error(
    `detectAnomaly: ${op.name}${module === "" ? "" : ` in ${module}`} made the first ${bad.value}, at position ${bad.at} of its output ${showShape(output.shape)}, called at ${where}, from ${inputs.map(describe).join(" and ")}`,
  );
}

function checkBackward({ node, incoming, outgoing }: BackwardStep): void {
  if (!isClean(incoming)) return;
  outgoing.forEach((gradient, k) => {
    const bad = gradient === null ? undefined : firstBad(gradient);
    if (bad === undefined) return;
    const saved = node.saved?.inputs.flatMap((operand) => (operand === undefined ? [] : [describe(operand)])) ?? [];
    const from = saved.length === 0 ? "" : `, from the saved ${saved.join(" and ")}`;
    throw new Error(
      `detectAnomaly: the gradient of ${node.name} for input ${k} is the first ${bad.value} of the backward pass, at position ${bad.at}; the operation was called at ${node.source ?? "an unknown line"}${from}`,
    );
  });
}

/**
 * Runs `fn`, forward and backward, and throws at the first operation that makes NaN or Infinity out of finite inputs: the error names the operation, its module, the
 * line that called it, and its inputs. Every operation then costs a stack trace and a look at its values.
 */
export function detectAnomaly<T>(fn: () => T): T {
  const stops = [listen(({ op, inputs, output }) => checkForward(op, inputs, output)), listenBackward(checkBackward)];
  try {
    return withSources(fn);
  } finally {
    for (const stop of stops) stop();
  }
}

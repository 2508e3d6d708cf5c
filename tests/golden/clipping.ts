import { Parameter, zeros } from "@gradtape/core";
import { optim } from "./library.ts";
import { camelCase, optionValue } from "./naming.ts";
import { type Case, checked, decodeTensor, type Fields, type RecordedTensor } from "./recording.ts";
import type { Context } from "./replay.ts";

interface ClippingCase extends Fields {
  readonly function: string;
  readonly max_norm?: number;
  readonly norm_type?: number | string;
  readonly clip_value?: number;
  readonly grads: readonly ((RecordedTensor & Fields) | null)[];
  readonly expected: { readonly grads: readonly ((RecordedTensor & Fields) | null)[]; readonly total_norm?: number };
}

/** Replays the clipping of gradients: what becomes of them, and the norm before. */
export function replayClipping(recorded: Case, { comparison, place, tolerance }: Context): void {
  const run = checked<ClippingCase>(recorded, { function: "string", grads: "list", expected: "object" });
  const parameters = run.grads.map((gradient) => {
    const parameter = new Parameter(zeros(gradient?.shape ?? [2], place));
    parameter.grad = gradient === null ? null : decodeTensor(gradient, place);
    return parameter;
  });
  const clip = optim[camelCase(run.function)];
  const limit = run.max_norm ?? run.clip_value;
  const norm = run.norm_type === undefined ? clip(parameters, limit) : clip(parameters, limit, { normType: optionValue(run.norm_type) });
  if (run.expected.total_norm !== undefined) comparison.number("total norm", norm, run.expected.total_norm, tolerance);
  run.expected.grads.forEach((want, i) => void comparison.tensor(`gradient ${i}`, parameters[i].grad, want, tolerance));
}

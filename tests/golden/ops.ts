import { grad, type Tensor, Variable } from "@gradtape/core";
import { adapterOf, changedInputs } from "./adapters.ts";
import { replayDerivatives, replayHessian } from "./derivatives.ts";
import { options } from "./naming.ts";
import { type Case, checked, decodeTensor, type Fields, type RecordedTensor } from "./recording.ts";
import type { Context } from "./replay.ts";

type Recorded = (RecordedTensor & Fields) | null;

interface OpCase extends Fields {
  readonly op: string;
  readonly expr: string;
  readonly inputs: readonly Recorded[];
  readonly attrs: Fields;
  readonly output?: Recorded;
  readonly grad_output?: Recorded;
  readonly outputs?: readonly Recorded[];
  readonly grad_outputs?: readonly Recorded[];
  readonly input_grads: readonly Recorded[];
  readonly extra_outputs?: { readonly [name: string]: Recorded };
}

/** Replays an op, or the higher derivatives of a composition of ops. */
export function replayOp(recorded: Case, context: Context): void {
  if (recorded.op === "hvp") replayHessian(recorded, context);
  else if (recorded.op === "derivative_chain") replayDerivatives(recorded, context);
  else replayGradients(recorded, context);
}

/** Replays an op's value and the gradients of its inputs. */
function replayGradients(recorded: Case, context: Context): void {
  const run = checked<OpCase>(recorded, { op: "string", expr: "string", inputs: "list", attrs: "object", input_grads: "list" });
  const { comparison, place, tolerance } = context;
  const changed = changedInputs[run.op] ?? {};
  const inputs = run.inputs.map((input, i) => {
    if (input === null) return null;
    const made = decodeTensor(input, place, run.input_grads[i] !== null);
    return Object.values(changed).includes(i) ? new Variable(made) : made;
  });
  const result = adapterOf(run.op)(inputs, options(run.attrs), run.expr);
  const outputs = Array.isArray(result) ? (result as readonly Tensor[]) : [result as Tensor];
  const wanted = run.outputs ?? [run.output ?? null];
  if (outputs.length !== wanted.length) throw new Error(`expected ${wanted.length} outputs, got ${outputs.length}`);
  wanted.forEach((want, k) => void comparison.tensor(wanted.length > 1 ? `output ${k}` : "output", outputs[k], want, tolerance));
  compareGradients(run, inputs, outputs, context);
  for (const [name, want] of Object.entries(run.extra_outputs ?? {}))
    comparison.tensor(`${name} after the call`, inputs[changed[name]], want, tolerance);
}

function compareGradients(
  run: OpCase,
  inputs: readonly (Tensor | null)[],
  outputs: readonly Tensor[],
  { comparison, place, tolerance }: Context,
): void {
  const incoming = run.grad_outputs ?? [run.grad_output ?? null];
  const roots = outputs.flatMap((output, k) => {
    const gradient = incoming[k];
    return gradient === null ? [] : [{ output, gradient: decodeTensor(gradient, place) }];
  });
  const leaves = inputs.flatMap((input, i) => (run.input_grads[i] === null ? [] : [{ i, input: input as Tensor }]));
  if (roots.length === 0 || leaves.length === 0) return;
  const gradients = grad(
    roots.map(({ output }) => output),
    leaves.map(({ input }) => input),
    { gradients: roots.map(({ gradient }) => gradient), allowUnused: true },
  );
  leaves.forEach(({ i }, k) => void comparison.tensor(`gradient of input ${i}`, gradients[k], run.input_grads[i], tolerance));
}

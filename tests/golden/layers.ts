import { noGrad, Tensor } from "@gradtape/core";
import { type Module, moveTo } from "./library.ts";
import { buildModule } from "./modules.ts";
import { camelCase, options } from "./naming.ts";
import { type Case, checked, decodeTensor, type Fields, type Place, type RecordedTensor } from "./recording.ts";
import type { Context } from "./replay.ts";

type Recorded = (RecordedTensor & Fields) | null;
type State = Readonly<Record<string, Recorded>>;

interface Pass {
  readonly outputs: readonly Recorded[];
  readonly grad_outputs: readonly Recorded[];
  readonly param_grads: State;
  readonly input_grads: readonly Recorded[];
  readonly buffers_after?: State;
}

interface LayerCase extends Fields {
  readonly module: string;
  readonly kwargs: Fields;
  readonly architecture?: string;
  readonly note?: string;
  readonly state_dict: State & Fields;
  readonly warmup_inputs?: readonly (RecordedTensor & Fields)[];
  readonly buffers_after_warmup?: State & Fields;
  readonly input_names?: readonly string[];
  readonly inputs: readonly Recorded[];
  readonly train: Pass & Fields;
  readonly eval: (Pass & Fields) | "same as train";
}

/** PyTorch's key of a parameter's path. */
const snakeCase = (path: string): string => path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Decodes a recorded `state_dict`. */
export const decodeState = (state: State, place: Place): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(state).flatMap(([key, values]) => (values === null ? [] : [[key, decodeTensor(values, place)]])));

/** Compares a module's parameters or buffers, by PyTorch's keys. */
export function compareState(label: string, module: Module, want: State, { comparison, tolerance }: Pick<Context, "comparison" | "tolerance">): void {
  const got = module.stateDict();
  for (const [key, values] of Object.entries(want)) comparison.tensor(`${label} ${key}`, got[key], values, tolerance);
}

/** Replays a module: loads its state, runs it forward and backward in training and in evaluation mode, compares outputs, gradients and buffers. */
export function replayLayer(recorded: Case, context: Context): void {
  const run = checked<LayerCase>(recorded, { module: "string", kwargs: "object", state_dict: "object", inputs: "list", train: "object" });
  const module = buildModule(run.module, run.kwargs, run.architecture);
  moveTo(module, context.place);
  module.loadStateDict(decodeState(run.state_dict, context.place));
  module.train();
  for (const input of run.warmup_inputs ?? []) noGrad(() => module.forward(decodeTensor(input, context.place)));
  if (run.buffers_after_warmup !== undefined) compareState("warm-up:", module, run.buffers_after_warmup, context);
  replayPass("train", run, run.train, module, context);
  module.eval();
  replayPass("eval", run, run.eval === "same as train" ? run.train : run.eval, module, context);
}

function replayPass(mode: string, run: LayerCase, pass: Pass, module: Module, context: Context): void {
  const { comparison, place, tolerance } = context;
  const inputs = run.inputs.map((input, i) => (input === null ? null : decodeTensor(input, place, pass.input_grads[i] !== null)));
  module.zeroGrad();
  const outputs = flat(call(run, module, inputs));
  if (outputs.length !== pass.outputs.length) throw new Error(`${mode}: expected ${pass.outputs.length} outputs, got ${outputs.length}`);
  pass.outputs.forEach((want, k) => void comparison.tensor(`${mode} output ${k}`, outputs[k], want, tolerance));
  const terms = pass.grad_outputs.flatMap((gradient, k) =>
    gradient === null ? [] : [(outputs[k] as Tensor).mul(decodeTensor(gradient, place)).sum()],
  );
  terms.reduce((sum, term) => sum.add(term)).backward();
  const parameters = new Map([...module.namedParameters()].map(([path, parameter]) => [snakeCase(path), parameter]));
  for (const [key, want] of Object.entries(pass.param_grads))
    comparison.tensor(`${mode} gradient of ${key}`, parameters.get(key)?.grad, want, tolerance);
  pass.input_grads.forEach((want, i) => {
    if (want !== null) comparison.tensor(`${mode} gradient of input ${i}`, inputs[i]?.grad, want, tolerance);
  });
  if (mode === "train" && pass.buffers_after !== undefined) compareState("after training:", module, pass.buffers_after, context);
}

const flat = (output: unknown): unknown[] => (Array.isArray(output) ? output.flatMap(flat) : [output]);

/** Calls a module: attention and transformer layers take masks as options, an LSTM its state as a pair. */
function call({ module: name, input_names: names = [], note = "" }: LayerCase, module: Module, inputs: readonly (Tensor | null)[]): unknown {
  const optional = (from: number): Record<string, unknown> =>
    Object.fromEntries(inputs.slice(from).map((input, k) => [camelCase(names[from + k]), input]));
  if (name === "MultiheadAttention") return module.forward(...inputs.slice(0, 3), { ...callOptions(note), ...optional(3) });
  if (name === "TransformerEncoderLayer" && inputs.length > 1) return module.forward(inputs[0], optional(1));
  if (name === "LSTM" && inputs.length > 1) return module.forward(inputs[0], inputs.slice(1));
  return module.forward(...inputs.filter((input) => input instanceof Tensor));
}

/** `call options {'need_weights': True}` of a note, in camelCase. */
function callOptions(note: string): Record<string, unknown> {
  const [, text] = /call options (\{[^}]*\})/.exec(note) ?? [];
  if (text === undefined) return {};
  return options(JSON.parse(text.replaceAll("'", '"').replaceAll("True", "true").replaceAll("False", "false").replaceAll("None", "null")) as Fields);
}

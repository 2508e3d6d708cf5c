import { crossEntropy, noGrad, type Parameter, type Tensor, tensor } from "@gradtape/core";
import { compareState, decodeState } from "./layers.ts";
import { lessonData } from "./lesson.ts";
import { type Module, moveTo, optim, optimizers } from "./library.ts";
import { buildNetwork } from "./modules.ts";
import { options } from "./naming.ts";
import { requireClasses } from "./optimizers.ts";
import { type Case, checked, decodeTensor, type Fields, type Json, MalformedRecording, type Place, type RecordedTensor } from "./recording.ts";
import { type Context, Skip } from "./replay.ts";
import { buildScheduler, type SchedulerSpec } from "./schedulers.ts";

type State = Readonly<Record<string, RecordedTensor & Fields>>;

/** A training run as it is recorded. */
export interface TrainingCase extends Fields {
  readonly architecture: Fields;
  readonly optimizer: string;
  readonly options: Fields;
  readonly scheduler?: SchedulerSpec;
  readonly clip_grad_norm?: number;
  readonly decay_only_matrices?: boolean;
  readonly steps: number;
  readonly expected: Fields & {
    readonly loss: readonly Json[];
    readonly lr: readonly Json[];
    readonly final_summary?: Readonly<Record<string, { readonly sum: number; readonly norm: number }>>;
    readonly final_params?: State;
    readonly final_buffers?: State;
  };
}

/** What a run trains on: the initial state of its network, and the loss of a step. */
interface Task {
  readonly state: Record<string, Tensor>;
  readonly batch: (step: number) => { readonly inputs: Tensor; readonly targets: Tensor };
}

interface Curves {
  readonly losses: number[];
  readonly norms: number[];
  readonly rates: number[];
  readonly network: Module;
}

/** Replays a training run: loss, gradient norm and rate of every step, parameters and buffers at the end. */
export function replayTraining(recorded: Case, context: Context): void {
  if (recorded.optimizer === undefined) throw new Skip("holds the data of other cases");
  const run = checked<TrainingCase>(recorded, {
    architecture: "object",
    optimizer: "string",
    options: "object",
    steps: "number",
    expected: "object",
  });
  requireClasses(run.optimizer, run.scheduler);
  if (run.generator !== undefined) replayLesson(run, context);
  else replayRun(run, context);
}

function replayRun(run: TrainingCase, { comparison, place, folder, tolerance }: Context): void {
  const data = folder.flatMap(({ cases }) => cases).find(({ name }) => name === run.data);
  if (data === undefined) throw new MalformedRecording(`malformed case: no case is called ${String(run.data)}`);
  const { losses, norms, rates, network } = train(run, taskOf(data, place), place);
  const { expected } = run;
  comparison.numbers("loss", losses, expected.loss, tolerance);
  comparison.numbers("gradient norm", norms, expected.grad_norm, tolerance);
  comparison.numbers("lr", rates, expected.lr, tolerance);
  const ofParameters = { comparison, tolerance: { ...tolerance, atol: 1e-10 } };
  // Sums gather what PyTorch's own rounding leaves in many parameters: the recordings' validate.py holds them to 1e-9. Keys' biases are the reason: their
  // gradient is 0 but for rounding, and Adam divides it by little more than eps.
  const ofSums = { ...tolerance, atol: 1e-9 };
  const state = network.stateDict();
  for (const [key, { sum, norm }] of Object.entries(expected.final_summary ?? {})) {
    comparison.number(`sum of ${key}`, state[key]?.sum(), sum, ofSums);
    comparison.number(`norm of ${key}`, state[key]?.square().sum().sqrt(), norm, ofSums);
  }
  compareState("final", network, { ...expected.final_params, ...expected.final_buffers }, ofParameters);
}

function replayLesson(run: TrainingCase, { comparison, place, tolerance }: Context): void {
  const data = lessonData(run, comparison);
  const at = (dtype: Place["dtype"]): Curves => train(run, data({ ...place, dtype }), { ...place, dtype });
  const single = at("float32");
  const rtol = typeof run.rtol === "number" ? run.rtol : tolerance.rtol;
  comparison.numbers("float32 loss", single.losses, run.expected.loss, { rtol, atol: 0 });
  comparison.numbers("lr", single.rates, run.expected.lr, { rtol: 1e-9, atol: 0 });
  if (place.dtype === "float32") return;
  const double = at("float64");
  comparison.numbers("float64 loss", double.losses, run.expected.loss_float64, { rtol: 1e-9, atol: 0 });
  comparison.numbers("float64 gradient norm", double.norms, run.expected.grad_norm_float64, { rtol: 1e-9, atol: 0 });
}

function taskOf(data: Fields, place: Place): Task {
  const state = decodeState(data.initial_params as unknown as State, place);
  const at = (key: string): Tensor => decodeTensor(data[key] as unknown as RecordedTensor, place);
  if (data.tokens !== undefined) {
    const tokens = at("tokens");
    const batch = { inputs: tokens.slice(null, [null, -1]), targets: tokens.slice(null, [1, null]) };
    return { state, batch: () => batch };
  }
  return { state, batch: batches(at("X"), at("y"), data.batch_size as number | undefined) };
}

/** Step k takes the rows (k * size + j) mod n; all rows without a size. */
export function batches(inputs: Tensor, targets: Tensor, size?: number): Task["batch"] {
  if (size === undefined) return () => ({ inputs, targets });
  const n = targets.size;
  return (step) => {
    const rows = tensor(
      Int32Array.from({ length: size }, (_, j) => (step * size + j) % n),
      { device: inputs.device },
    );
    return { inputs: inputs.indexSelect(0, rows), targets: targets.indexSelect(0, rows) };
  };
}

function train(run: TrainingCase, task: Task, place: Place): Curves {
  const network = buildNetwork(run.architecture);
  moveTo(network, place);
  network.loadStateDict(task.state);
  network.train();
  const parameters = network.parameters();
  const optimizer = new optimizers[run.optimizer](groupsOf(run, parameters), options(run.options));
  const scheduler = run.scheduler === undefined ? undefined : buildScheduler(run.scheduler, optimizer);
  const curves: Curves = { losses: [], norms: [], rates: [], network };
  for (let step = 0; step < run.steps; step++) {
    const { inputs, targets } = task.batch(step);
    optimizer.zeroGrad();
    const logits = network.forward(inputs) as Tensor;
    const loss = crossEntropy(logits.reshape([-1, logits.shape[logits.ndim - 1]]), targets.reshape([-1]));
    loss.backward();
    curves.losses.push(loss.item());
    curves.rates.push(optimizer.paramGroups[0].lr);
    curves.norms.push(run.clip_grad_norm === undefined ? totalNorm(parameters) : Number(optim.clipGradNorm(parameters, run.clip_grad_norm)));
    optimizer.step();
    scheduler?.step();
  }
  return curves;
}

/** With `decay_only_matrices`, weight decay is for parameters of two dimensions or more. */
function groupsOf(run: TrainingCase, parameters: readonly Parameter[]): unknown {
  if (run.decay_only_matrices !== true) return parameters;
  return [{ params: parameters.filter(({ ndim }) => ndim >= 2) }, { params: parameters.filter(({ ndim }) => ndim < 2), weightDecay: 0 }];
}

const totalNorm = (parameters: readonly Parameter[]): number =>
  Math.sqrt(noGrad(() => parameters.reduce((sum, { grad }) => sum + (grad?.square().sum().item() ?? 0), 0)));

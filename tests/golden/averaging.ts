import { decodeState } from "./layers.ts";
import { type Module, moveTo, optim, optimizers } from "./library.ts";
import { sequentialOf } from "./modules.ts";
import { type Case, checked, decodeTensor, type Fields, type Json, type Place, type RecordedTensor } from "./recording.ts";
import { type Context, Skip } from "./replay.ts";
import { buildScheduler, drivenOptimizer, type SchedulerSpec } from "./schedulers.ts";

type State = Readonly<Record<string, RecordedTensor & Fields>>;

/** What the replay asks of averaged weights. */
interface Averaged {
  readonly nAveraged: number;
  updateParameters(model: Module): void;
  /** Averages by the model's keys; buffers too when they are averaged. */
  stateDict(): Readonly<Record<string, unknown>>;
}

interface AveragingCase extends Fields {
  readonly decay?: number;
  readonly use_buffers: boolean;
  readonly initial: State & Fields;
  readonly models: readonly (State & Fields)[];
  readonly expected: { readonly averaged: readonly (State & Fields)[]; readonly n_averaged: number };
}

interface UpdateCase extends Fields {
  readonly initial: State & Fields;
  readonly batches: readonly (RecordedTensor & Fields)[];
  readonly expected: { readonly state: State & Fields; readonly num_batches_tracked: number };
}

interface RateCase extends Fields {
  readonly base_lrs: readonly number[];
  readonly schedulers: readonly SchedulerSpec[];
  readonly phases: readonly { readonly scheduler: number; readonly steps: number }[];
  readonly lrs: readonly Json[];
}

/** Replays the averaging of weights (SWA and EMA), `updateBn`, and SWA's schedule. */
export function replayAveraging(recorded: Case, context: Context): void | Promise<void> {
  switch (recorded.kind) {
    case "swa":
    case "ema":
      return replayAverages(checked<AveragingCase>(recorded, { initial: "object", models: "list", expected: "object" }), context);
    case "update_bn":
      return replayUpdate(checked<UpdateCase>(recorded, { initial: "object", batches: "list", expected: "object" }), context);
    case "swalr":
      return replayRates(checked<RateCase>(recorded, { base_lrs: "list", schedulers: "list", phases: "list", lrs: "list" }), context);
    default:
      throw new Skip(`the tool does not know the kind ${String(recorded.kind)}`);
  }
}

function modelOf(state: State, place: Place): Module {
  const model = sequentialOf(new Map(Object.entries(state).map(([key, { shape }]) => [key, shape])));
  moveTo(model, place);
  load(model, state, place);
  return model;
}

const load = (model: Module, state: State, place: Place): void => void model.loadStateDict({ ...model.stateDict(), ...decodeState(state, place) });

function replayAverages(run: AveragingCase, { comparison, place, tolerance }: Context): void {
  const AveragedModel = optim.AveragedModel as unknown as new (model: Module, options: object) => Averaged;
  const model = modelOf(run.initial, place);
  const averaged = new AveragedModel(model, { useBuffers: run.use_buffers, ...(run.decay === undefined ? {} : { decay: run.decay }) });
  const compare = (label: string, want: State): void => {
    const got = averaged.stateDict();
    for (const [key, values] of Object.entries(want)) comparison.tensor(`${label}: ${key}`, got[key], values, tolerance);
  };
  compare("before any update", run.initial);
  run.models.forEach((state, k) => {
    load(model, state, place);
    averaged.updateParameters(model);
    compare(`after update ${k + 1}`, run.expected.averaged[k]);
  });
  comparison.number("nAveraged", averaged.nAveraged, run.expected.n_averaged, { rtol: 0, atol: 0 });
}

async function replayUpdate(run: UpdateCase, { comparison, place, tolerance }: Context): Promise<void> {
  const model = modelOf(run.initial, place);
  await optim.updateBn(
    run.batches.map((batch) => decodeTensor(batch, place)),
    model,
  );
  const state = model.stateDict();
  for (const [key, want] of Object.entries(run.expected.state)) comparison.tensor(key, state[key], want, tolerance);
  for (const [key, count] of Object.entries(state))
    if (key.endsWith("num_batches_tracked")) comparison.number(key, count, run.expected.num_batches_tracked, { rtol: 0, atol: 0 });
}

function replayRates(run: RateCase, { comparison, place, tolerance }: Context): void {
  void optimizers.SGD;
  const optimizer = drivenOptimizer(run.base_lrs, 0, place);
  const schedulers = run.schedulers.map((spec) => buildScheduler(spec, optimizer));
  const check = (k: number): void => {
    const atol = 1e-12 * Math.max(...run.base_lrs);
    comparison.numbers(
      `lr after step ${k}`,
      optimizer.paramGroups.map(({ lr }) => lr),
      run.lrs[k],
      { rtol: tolerance.rtol, atol },
    );
  };
  let k = 0;
  check(k);
  for (const { scheduler, steps } of run.phases)
    for (let i = 0; i < steps; i++) {
      optimizer.step();
      schedulers[scheduler].step();
      check(++k);
    }
}

import { concat, noGrad, Parameter, type Tensor, tensor } from "@gradtape/core";
import { Missing, type Optimizer, optimizers, schedulers } from "./library.ts";
import { camelCase, options } from "./naming.ts";
import { type Case, checked, decodeTensor, decodeValues, type Fields, isRecordedTensor, type Json, type RecordedTensor } from "./recording.ts";
import { type Context, Skip } from "./replay.ts";
import { buildScheduler, type SchedulerSpec, schedulerNames } from "./schedulers.ts";

/** Our names of PyTorch's state, where they are not its names in camelCase; `null`: not kept, because it follows from the step count. */
const stateNames: Readonly<Record<string, string | null>> = {
  exp_avg: "m",
  exp_avg_sq: "v",
  max_exp_avg_sq: "vMax",
  momentum_buffer: "buffer",
  square_avg: "squareAverage",
  grad_avg: "gradAverage",
};

/** Scenarios whose gradients leave float32's range or precision. */
const wideScenarios: readonly Json[] = ["huge", "tiny", "mixed"];

interface Group extends Fields {
  readonly params: readonly number[];
}

interface OptimizerCase extends Fields {
  readonly optimizer: string;
  readonly options: Fields;
  readonly param_groups: readonly Group[];
  readonly scheduler?: SchedulerSpec;
  readonly rtol: number;
  readonly atol: number;
  readonly params: readonly (RecordedTensor & Fields)[];
}

interface GivenGradients extends OptimizerCase {
  readonly grads: readonly (readonly ((RecordedTensor & Fields) | null)[])[];
  readonly expected: {
    readonly params: readonly (readonly (RecordedTensor & Fields)[])[];
    readonly state?: readonly (Fields | null)[];
    readonly lr?: readonly Json[];
    readonly momentum?: readonly Json[];
  };
}

interface WithObjective extends OptimizerCase {
  readonly objective: Fields;
  readonly steps: number;
  readonly expected: {
    readonly params: readonly (readonly (RecordedTensor & Fields)[])[];
    readonly loss_before_step: readonly Json[];
    readonly func_evals: readonly number[];
    readonly n_iter: readonly number[];
  };
}

/** Throws `Missing` with every class that is absent. */
export function requireClasses(optimizer: string, scheduler?: SchedulerSpec): void {
  const absent = [() => optimizers[optimizer], ...(scheduler === undefined ? [] : schedulerNames(scheduler)).map((name) => () => schedulers[name])];
  const missing = absent.flatMap((find) => {
    try {
      find();
    } catch (error) {
      if (error instanceof Missing) return error.names;
      throw error;
    }
    return [];
  });
  if (missing.length > 0) throw new Missing([...new Set(missing)]);
}

/** Replays an optimizer: the parameters after every step, the rates it used, its state at the end. */
export function replayOptimizer(recorded: Case, context: Context): void {
  const run = checked<OptimizerCase>(recorded, { optimizer: "string", options: "object", params: "list", expected: "object" });
  if (context.place.dtype === "float32" && wideScenarios.includes(recorded.scenario)) throw new Skip(`scenario ${recorded.scenario} needs float64`);
  requireClasses(run.optimizer, run.scheduler);
  const parameters = run.params.map((values) => new Parameter(decodeTensor(values, context.place)));
  if (recorded.objective !== undefined)
    replayObjective(checked<WithObjective>(recorded, { objective: "object", steps: "number" }), parameters, context);
  else replayGradients(checked<GivenGradients>(recorded, { grads: "list", param_groups: "list" }), parameters, context);
}

function replayGradients(run: GivenGradients, parameters: Parameter[], { comparison, place }: Context): void {
  const { expected, rtol, atol } = run;
  const optimizer = new optimizers[run.optimizer](groupsOf(run.param_groups, parameters), options(run.options));
  const scheduler = run.scheduler === undefined ? undefined : buildScheduler(run.scheduler, optimizer);
  run.grads.forEach((gradients, k) => {
    if (expected.lr !== undefined)
      comparison.numbers(
        `lr of step ${k}`,
        optimizer.paramGroups.map(({ lr }) => lr),
        expected.lr[k],
        { rtol, atol },
      );
    if (expected.momentum !== undefined) comparison.numbers(`momentum of step ${k}`, momenta(optimizer), expected.momentum[k], { rtol, atol });
    gradients.forEach((gradient, i) => {
      parameters[i].grad = gradient === null ? null : decodeTensor(gradient, place);
    });
    optimizer.step();
    scheduler?.step();
    parameters.forEach(
      (parameter, i) => void comparison.tensor(`parameter ${i} after step ${k + 1}`, parameter, expected.params[k][i], { rtol, atol }),
    );
  });
  expected.state?.forEach((state, i) => {
    if (state !== null) compareState(`state of parameter ${i}`, optimizer.stateOf(parameters[i]), state, rtol, comparison);
  });
}

/** Parameter groups; a single group without options of its own is given as a plain list of parameters. */
function groupsOf(groups: readonly Group[], parameters: readonly Parameter[]): unknown {
  const made = groups.map(({ params, ...rest }) => ({ ...options(rest), params: params.map((i) => parameters[i]) }));
  return made.length === 1 && Object.keys(made[0]).length === 1 ? made[0].params : made;
}

const momenta = (optimizer: Optimizer): (number | undefined)[] => optimizer.paramGroups.map(({ momentum, betas }) => momentum ?? betas?.[0]);

function compareState(label: string, got: Readonly<Record<string, unknown>>, want: Fields, rtol: number, comparison: Context["comparison"]): void {
  for (const [name, value] of Object.entries(want)) {
    const ours = stateNames[name] === undefined ? camelCase(name) : stateNames[name];
    if (value === null || ours === null) continue;
    if (isRecordedTensor(value)) {
      const peak = decodeValues(value).reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
      comparison.tensor(`${label}: ${name}`, got[ours], value, { rtol, atol: 1e-12 * peak });
    } else comparison.number(`${label}: ${name}`, got[ours], value, { rtol, atol: 1e-12 * Math.abs(Number(value)) });
  }
}

/** The functions that a closure minimizes, of all parameters as one vector. */
const objectives: Readonly<Record<string, (spec: Fields, like: Tensor) => (x: Tensor) => Tensor>> = {
  rosenbrock: (spec) => (x) => {
    const head = x.slice([0, -1]);
    const a = spec.a as number;
    return head
      .sub(a)
      .square()
      .add(
        x
          .slice([1, null])
          .sub(head.square())
          .square()
          .mul(spec.b as number),
      )
      .sum();
  },
  quadratic: (spec, like) => {
    const A = tensor(spec.A as number[][], { dtype: like.dtype, device: like.device });
    const b = tensor(spec.b as number[], { dtype: like.dtype, device: like.device });
    return (x) => x.matmul(A.matmul(x)).mul(0.5).sub(b.matmul(x));
  },
};

function replayObjective(run: WithObjective, parameters: Parameter[], { comparison }: Context): void {
  const { rtol, atol, expected } = run;
  const make = objectives[run.objective.name as string];
  if (make === undefined) throw new Skip(`the tool does not know the objective ${String(run.objective.name)}`);
  const objective = make(run.objective, parameters[0]);
  const optimizer = new optimizers[run.optimizer](parameters, options(run.options));
  const closure = (): Tensor => {
    optimizer.zeroGrad();
    const loss = objective(concat(parameters.map((parameter) => parameter.reshape([-1]))));
    loss.backward();
    return loss;
  };
  for (let k = 0; k < run.steps; k++) {
    comparison.number(`loss of step ${k}`, optimizer.step(closure), expected.loss_before_step[k], { rtol, atol });
    parameters.forEach(
      (parameter, i) => void comparison.tensor(`parameter ${i} after step ${k + 1}`, parameter, expected.params[k][i], { rtol, atol }),
    );
    const state = noGrad(() => optimizer.stateOf(parameters[0]));
    comparison.number(`func_evals after step ${k + 1}`, state.funcEvals, expected.func_evals[k], { rtol: 0, atol: 0 });
    comparison.number(`n_iter after step ${k + 1}`, state.nIter, expected.n_iter[k], { rtol: 0, atol: 0 });
  }
}

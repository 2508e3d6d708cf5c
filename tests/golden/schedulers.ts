import { Parameter, zeros } from "@gradtape/core";
import { type Optimizer, optimizers, type Scheduler, schedulers } from "./library.ts";
import { camelCase, options } from "./naming.ts";
import { type Case, checked, decodeNumber, type Fields, type Json, type Place } from "./recording.ts";
import type { Context } from "./replay.ts";

/** A scheduler by PyTorch's name and options. */
export interface SchedulerSpec extends Fields {
  readonly scheduler: string;
  readonly options: Fields;
}

interface Lambda extends Fields {
  readonly name: string;
  readonly [parameter: string]: string | number;
}

/** The named lambdas of the recordings; `e` is the epoch. */
const lambdas: Readonly<Record<string, (p: Readonly<Record<string, number>>) => (e: number) => number>> = {
  exp: (p) => (e) => p.gamma ** e,
  const: (p) => () => p.value,
  inv_step: (p) => (e) => 1 / (1 + Math.floor(e / p.every)),
  linear_floor: (p) => (e) => Math.max(p.floor, 1 - e / p.total),
  warmup_inv_sqrt: (p) => (e) => Math.min((e + 1) / p.warmup, Math.sqrt(p.warmup / (e + 1))),
  half_cosine: (p) => (e) => 0.5 * (1 + Math.cos((Math.PI * Math.min(e, p.total)) / p.total)),
  alternate: (p) => (e) => (e % 2 === 0 ? p.a : p.b),
  inv: (p) => (e) => 1 / (1 + p.decay * e),
};

function lambdaOf(spec: Json): unknown {
  if (Array.isArray(spec)) return spec.map(lambdaOf);
  const { name, ...parameters } = checked<Lambda>(spec as Fields, { name: "string" });
  const make = lambdas[name];
  if (make === undefined) throw new Error(`malformed case: no lambda is called ${name}`);
  return make(parameters as Readonly<Record<string, number>>);
}

/** Every class that a scheduler and its parts need, so that all missing ones are named at once. */
export function schedulerNames(spec: SchedulerSpec): string[] {
  const parts = (spec.options.schedulers ?? []) as readonly SchedulerSpec[];
  return [...parts.flatMap(schedulerNames), spec.scheduler];
}

/** Builds a scheduler, and the schedulers that it is made of, on an optimizer. */
export function buildScheduler(spec: SchedulerSpec, optimizer: Optimizer): Scheduler {
  const { scheduler, options: recorded } = checked<SchedulerSpec>(spec, { scheduler: "string", options: "object" });
  const { schedulers: parts, lr_lambda: lambda, ...rest } = recorded;
  const made: Record<string, unknown> = options(rest);
  if (parts !== undefined) made.schedulers = (parts as readonly SchedulerSpec[]).map((part) => buildScheduler(part, optimizer));
  if (lambda !== undefined) made[camelCase("lr_lambda")] = lambdaOf(lambda);
  return new schedulers[scheduler](optimizer, made);
}

interface SchedulerCase extends SchedulerSpec {
  readonly base_lrs: readonly number[];
  readonly momentum?: number;
  readonly steps: number;
  readonly record_every?: number;
  readonly metrics?: readonly Json[];
  readonly epochs?: readonly number[];
  readonly resume?: { readonly save_after_step: number };
  readonly lrs: readonly Json[];
  readonly momenta?: readonly Json[];
}

/** An SGD with one parameter in each group, for a scheduler to drive. */
export function drivenOptimizer(baseLrs: readonly number[], momentum: number, place: Place): Optimizer {
  const groups = baseLrs.map((lr) => ({ params: [new Parameter(zeros([1], place))], lr }));
  return new optimizers.SGD(groups, { lr: baseLrs[0], momentum });
}

/** Replays a schedule: the rates after every step, and the momenta where they cycle. */
export function replayScheduler(recorded: Case, { comparison, place, recording }: Context): void {
  const run = checked<SchedulerCase>(recorded, { scheduler: "string", options: "object", base_lrs: "list", steps: "number", lrs: "list" });
  const { base_lrs: baseLrs, momentum = 0, record_every: every = 1, resume } = run;
  const rtol = typeof recording.header.rtol === "number" ? recording.header.rtol : 1e-9;
  const tolerance = { rtol, atol: 1e-12 * Math.max(...baseLrs) };
  let optimizer = drivenOptimizer(baseLrs, momentum, place);
  let scheduler = buildScheduler(run, optimizer);
  const check = (k: number): void => {
    if (k % every !== 0) return;
    const rates = optimizer.paramGroups.map(({ lr }) => lr);
    comparison.numbers(`lr after step ${k}`, rates, run.lrs[k / every], tolerance);
    comparison.numbers(`getLastLr() after step ${k}`, scheduler.getLastLr(), run.lrs[k / every], tolerance);
    if (run.momenta !== undefined) {
      const momenta = optimizer.paramGroups.map((group) => group.momentum);
      comparison.numbers(`momentum after step ${k}`, momenta, run.momenta[k / every], { rtol, atol: 1e-12 });
    }
  };
  check(0);
  for (let k = 0; k < run.steps; k++) {
    optimizer.step();
    if (run.metrics !== undefined) scheduler.step(decodeNumber(run.metrics[k]));
    else if (run.epochs !== undefined) scheduler.step(run.epochs[k]);
    else scheduler.step();
    check(k + 1);
    if (resume?.save_after_step !== k + 1) continue;
    const saved = { optimizer: optimizer.stateDict(), scheduler: scheduler.stateDict() };
    optimizer = drivenOptimizer(baseLrs, momentum, place);
    scheduler = buildScheduler(run, optimizer);
    optimizer.loadStateDict(saved.optimizer);
    scheduler.loadStateDict(saved.scheduler);
    check(k + 1);
  }
}

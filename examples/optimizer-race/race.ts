import { Tensor } from "gradtape";
import type { Entrant } from "./entrants.ts";
import type { Attempt, Problem } from "./problems.ts";

/** A rate that was tried: the loss that it ended with (null where it diverged), and when it reached the threshold for good. */
export interface Tried {
  readonly lr: number;
  readonly loss: number | null;
  readonly steps: number | null;
}

/** How one optimizer did in one problem. */
export interface Result {
  readonly optimizer: string;
  readonly problem: string;
  readonly lr: number;
  /** What was tried to find the rate. */
  readonly search: readonly Tried[];
  /** Loss before every step, and after the last. */
  readonly losses: readonly number[];
  readonly path: readonly (readonly [number, number])[];
  /** The loss at the end: the last one on a surface, the mean of the last ten batches on digits. */
  readonly final: number;
  readonly accuracy: number | null;
  /** Steps until the threshold was reached for good; null when it was not. */
  readonly stepsToThreshold: number | null;
  /** Time of a step, loss, gradient and update: the median. */
  readonly msPerStep: number;
  /** How often the gradient was computed, per step. */
  readonly gradientsPerStep: number;
  /** Numbers that the optimizer keeps, per number that it trains. */
  readonly statePerParameter: number;
}

interface Run extends Pick<Result, "losses" | "path" | "msPerStep" | "gradientsPerStep" | "accuracy" | "statePerParameter"> {
  readonly diverged: boolean;
}

/** Runs one attempt; stops early when the loss leaves all bounds. */
function attempt(problem: Problem, entrant: Entrant, lr: number, steps: number): Run {
  const trial = problem.begin();
  const optimizers = entrant.make(trial.parameters, lr);
  if (problem.surface !== undefined) withoutDecay(optimizers);
  const losses: number[] = [];
  const path = trial.point === undefined ? [] : [trial.point()];
  let gradients = 0;
  const times: number[] = [];
  let diverged = false;
  for (let step = 0; step < steps && !diverged; step++) {
    const closure = (): Tensor => {
      for (const optimizer of optimizers) optimizer.zeroGrad();
      const loss = trial.loss(step);
      loss.backward();
      gradients++;
      return loss;
    };
    const [first, ...rest] = optimizers;
    const begin = performance.now();
    losses.push(first.step(closure) as number);
    for (const optimizer of rest) optimizer.step();
    times.push(performance.now() - begin);
    if (trial.point !== undefined) path.push(trial.point());
    diverged = !(losses[step] < 10 * losses[0] + 1e3);
  }
  const msPerStep = times.sort((a, b) => a - b)[times.length >> 1];
  losses.push(trial.loss(steps).item());
  const accuracy = trial.accuracy?.() ?? null;
  diverged ||= !Number.isFinite(losses[losses.length - 1]);
  return {
    losses,
    path,
    msPerStep,
    gradientsPerStep: gradients / (losses.length - 1),
    accuracy,
    statePerParameter: stateOf(optimizers, trial),
    diverged,
  };
}

/** On a surface there is nothing to regularise: decay would only move the minimum. */
function withoutDecay(optimizers: ReturnType<Entrant["make"]>): void {
  for (const group of optimizers.flatMap(({ paramGroups }) => paramGroups)) if ("weightDecay" in group) Object.assign(group, { weightDecay: 0 });
}

/** Counted in what a checkpoint would hold. */
function stateOf(optimizers: ReturnType<Entrant["make"]>, { parameters }: Attempt): number {
  const tensors = optimizers.flatMap((optimizer) => Object.values(optimizer.stateDict().state).flatMap((state) => Object.values(state)));
  const kept = tensors.reduce<number>((sum, value) => sum + (value instanceof Tensor ? value.size : 0), 0);
  return kept / parameters.reduce((sum, { size }) => sum + size, 0);
}

/** Losses as they are judged: on digits the mean over ten batches up to each. */
export function judged(problem: Problem, losses: readonly number[]): number[] {
  if (problem.surface !== undefined) return [...losses];
  return losses.map((_, k) => {
    const part = losses.slice(Math.max(0, k - 9), k + 1);
    return part.reduce((sum, loss) => sum + loss, 0) / part.length;
  });
}

/** The first step from which on the losses stay at or below the threshold; null when they do not. */
function stepsTo(threshold: number, losses: readonly number[]): number | null {
  const above = losses.findLastIndex((loss) => !(loss <= threshold));
  return above + 1 === losses.length ? null : above + 1;
}

function tried(problem: Problem, entrant: Entrant, lr: number): Tried {
  const { losses, diverged } = attempt(problem, entrant, lr, problem.searchSteps);
  // The mean of the last tenth, so that luck in the last step does not count.
  const last = losses.slice(-Math.ceil(losses.length / 10));
  const loss = diverged ? null : last.reduce((sum, value) => sum + value, 0) / last.length;
  // On digits fast and unstable rates pass a threshold too, and then fail: there the loss at the end decides.
  const judges = problem.surface !== undefined && !diverged;
  return { lr, loss, steps: judges ? stepsTo(problem.threshold, losses) : null };
}

/** Who reaches the threshold first is better; of those who do not, who ends lower. */
const isBetter = (a: Tried, b: Tried): boolean =>
  a.steps !== null || b.steps !== null ? (a.steps ?? Infinity) < (b.steps ?? Infinity) : (a.loss ?? Infinity) < (b.loss ?? Infinity);

/** Looks for a rate: first the entrant's, then both neighbours of the best, at a factor of 3 and then of 1.7. */
function search(problem: Problem, entrant: Entrant): Tried[] {
  const [only, ...more] = entrant.rates;
  if (more.length === 0) return [{ lr: only, loss: null, steps: null }];
  const found = entrant.rates.map((lr) => tried(problem, entrant, lr));
  for (const factor of [3, 1.7]) {
    const { lr } = best(found);
    for (const near of [lr / factor, lr * factor]) found.push(tried(problem, entrant, Number(near.toPrecision(2))));
  }
  return found.sort((a, b) => a.lr - b.lr);
}

const best = (found: readonly Tried[]): Tried => found.reduce((a, b) => (isBetter(b, a) ? b : a));

/** Runs one optimizer in one problem, with the rate that suits it. */
export function compete(problem: Problem, entrant: Entrant): Result {
  const found = search(problem, entrant);
  const { lr } = best(found);
  const { diverged: _, ...run } = attempt(problem, entrant, lr, problem.steps);
  const curve = judged(problem, run.losses);
  return {
    optimizer: entrant.name,
    problem: problem.name,
    lr,
    search: found,
    final: curve[curve.length - 1],
    stepsToThreshold: stepsTo(problem.threshold, curve),
    ...run,
  };
}

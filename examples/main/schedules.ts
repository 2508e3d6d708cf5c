import { optim } from "gradtape";

type MakeSchedule = (optimizer: optim.Optimizer, steps: number) => optim.LRScheduler;

/** Schedules over a number of steps, without a warm-up. */
const plain: Readonly<Record<string, MakeSchedule>> = {
  cosine: (optimizer, steps) => new optim.CosineAnnealingLR(optimizer, { tMax: steps }),
  step: (optimizer, steps) => new optim.StepLR(optimizer, { stepSize: Math.ceil(steps / 3), gamma: 0.1 }),
  linear: (optimizer, steps) => new optim.LinearLR(optimizer, { startFactor: 1, endFactor: 0, totalIters: steps }),
  constant: (optimizer) => new optim.LinearLR(optimizer, { startFactor: 1, totalIters: 1 }),
};

/** Names of the schedules; `warmup-` puts a linear warm-up before each. */
export const schedules: readonly string[] = Object.keys(plain).flatMap((name) => [name, `warmup-${name}`]);

/** Whether a schedule of this name begins with a warm-up. */
export const hasWarmup = (name: string): boolean => name.startsWith("warmup-");

/** Makes the schedule: a warm-up from a hundredth of the rate over `warmup` steps, then the named one over the rest. */
export function makeSchedule(name: string, optimizer: optim.Optimizer, steps: number, warmup: number): optim.LRScheduler {
  const make = plain[name.replace(/^warmup-/, "")];
  if (warmup === 0) return make(optimizer, steps);
  return new optim.SequentialLR(optimizer, {
    schedulers: [new optim.LinearLR(optimizer, { startFactor: 0.01, totalIters: warmup }), make(optimizer, steps - warmup)],
    milestones: [warmup],
  });
}

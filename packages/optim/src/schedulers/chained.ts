import { fold } from "./fold.ts";
import { partsOf } from "./part.ts";
import { type Change, changed, changeOf, type Schedule, scaling } from "./schedule.ts";
import { type AnyOptimizer, groupCount, LRScheduler } from "./scheduler.ts";

/**
 * Schedules applied to the same value, one after the other, at every step: each makes of the value what the one before it left. Where all only scale,
 * the scales multiply; else the affine maps of the steps are composed from step 0 on, remembered, and do not depend on the order of asking.
 */
export function chain(schedules: readonly Schedule[]): Schedule {
  const carries = schedules.every((schedule) => schedule.carries === true);
  const scales = schedules.flatMap(({ scale }) => scale ?? []);
  const change = (step: number, base: number): Change =>
    schedules.reduce<Change>(
      ({ factor, shift }, schedule) => {
        const next = changeOf(schedule, step, base);
        return { factor: next.factor * factor, shift: next.factor * shift + next.shift };
      },
      { factor: 1, shift: 0 },
    );
  if (scales.length === schedules.length)
    return Object.assign(
      scaling((step) => scales.reduce((product, scale) => product * scale(step), 1)),
      { change, carries },
    );
  const follow = fold((base) => changed(base, change(0, base)), change);
  return Object.assign((step: number, base: number): number => follow(step, base), { change, carries });
}

/** Options of `ChainedScheduler`. */
export interface ChainedSchedulerOptions {
  /** Schedulers of the same optimizer. */
  readonly schedulers: readonly LRScheduler[];
}

/**
 * Steps several schedulers together, each on the rate that the one before it left. As in PyTorch those that only scale multiply; `CosineAnnealingLR` and
 * `SWALR` move the rate they find; the others (`LambdaLR`, `CosineAnnealingWarmRestarts`, `CyclicLR`, `OneCycleLR`) set theirs outright, so they come first.
 * A `SequentialLR` inside scales by what it does alone, so that its milestones do not undo its siblings as they do in PyTorch.
 */
export class ChainedScheduler extends LRScheduler {
  constructor(optimizer: AnyOptimizer, options: ChainedSchedulerOptions) {
    const name = "ChainedScheduler";
    const groups = groupCount(name, optimizer);
    const { schedulers } = partsOf<ChainedSchedulerOptions>(name, options, {});
    const schedules = Array.from({ length: groups }, (_, k) => chain(schedulers.map((part) => part.schedule(k))));
    const momentum = (step: number, group: number): number | undefined =>
      schedulers.reduce<number | undefined>((value, part) => part.momentumAt(step, group) ?? value, undefined);
    super(optimizer, schedules, { name, momentum, parts: schedulers });
  }
}

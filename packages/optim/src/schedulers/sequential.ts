import { required, risingSteps } from "../setting.ts";
import { fold } from "./fold.ts";
import { partsOf } from "./part.ts";
import { type Change, changeOf, type Phase, rescaling, type Schedule, scaling } from "./schedule.ts";
import { type AnyOptimizer, groupCount, LRScheduler } from "./scheduler.ts";

/** Which part is on at a step, and for how many steps it has been. */
function placeOf(milestones: readonly number[], step: number): { readonly part: number; readonly local: number } {
  const part = milestones.filter((at) => at <= step).length;
  return { part, local: step - (milestones[part - 1] ?? 0) };
}

/** The phases of schedules that follow one another; those of a sequence inside take its place, as far as its turn goes. */
function phasesOf(schedules: readonly Schedule[], milestones: readonly number[]): readonly Phase[] {
  return schedules.flatMap((schedule, k) => {
    const [start, end] = [milestones[k - 1] ?? 0, milestones[k] ?? Infinity];
    const inner = schedule.phases ?? [{ start: 0, schedule }];
    return inner.map((phase) => ({ ...phase, start: start + phase.start })).filter((phase) => phase.start < end);
  });
}

/** One schedule after the other, each from its own step 0 and from the base value; one that carries goes on from the value that it finds. */
export function sequence(schedules: readonly Schedule[], milestones: readonly number[]): Schedule {
  if (schedules.length === 0 || milestones.length !== schedules.length - 1)
    throw new RangeError(
      `SequentialLR: ${schedules.length} schedules need ${Math.max(0, schedules.length - 1)} milestones, got ${milestones.length}`,
    );
  const phases = phasesOf(schedules, milestones);
  const starts = phases.slice(1).map(({ start }) => start);
  const value = (step: number, base: number): number => {
    const { part, local } = placeOf(starts, step);
    return carried[part] === undefined ? phases[part].schedule(local, base) : carried[part](local, base);
  };
  const carried = phases.map(({ start, schedule }) => {
    const found = (base: number): number => (start === 0 ? base : value(start - 1, base));
    return schedule.carries === true ? fold(found, (step, base) => changeOf(schedule, step, base)) : undefined;
  });
  const change = (step: number, base: number): Change => {
    const { part, local } = placeOf(starts, step);
    if (part === 0 || local > 0) return changeOf(phases[part].schedule, local, base);
    return rescaling(value(step - 1, base), value(step, base));
  };
  const plain = phases.every(({ schedule }) => schedule.scale !== undefined) ? scaling((step) => value(step, 1)) : value;
  const carries = phases[0].schedule.carries === true;
  return Object.assign((step: number, base: number): number => plain(step, base), plain, { change, carries, phases });
}

/** Options of `SequentialLR`. */
export interface SequentialLROptions {
  /** Schedulers of the same optimizer, one after the other. */
  readonly schedulers: readonly LRScheduler[];
  /** Steps at which the next one takes over, rising, one fewer than the schedulers. */
  readonly milestones: readonly number[];
}

/**
 * One schedule after the other; each starts at its own step 0 and from the base rate when its milestone comes (`MultiplicativeLR` goes on from the rate it
 * finds, as in PyTorch). Parts may be compositions themselves. Because every rate is a closed form of the step, resuming is exact at any step; PyTorch's is
 * not (its issues 67586 and 162591), and it cannot enter a `ChainedScheduler` at a milestone.
 */
export class SequentialLR extends LRScheduler {
  constructor(optimizer: AnyOptimizer, options: SequentialLROptions) {
    const name = "SequentialLR";
    const groups = groupCount(name, optimizer);
    const { schedulers, milestones } = partsOf<SequentialLROptions>(name, options, { milestones: [required, risingSteps("strictly")] });
    const at = [...milestones];
    const schedules = Array.from({ length: groups }, (_, k) =>
      sequence(
        schedulers.map((part) => part.schedule(k)),
        at,
      ),
    );
    const momentum = (step: number, group: number): number | undefined => {
      const { part, local } = placeOf(at, step);
      return schedulers[part].momentumAt(local, group);
    };
    super(optimizer, schedules, { name, momentum, parts: schedulers });
  }
}

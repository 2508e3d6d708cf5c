import { required, risingSteps } from "../setting.ts";
import { fold } from "./fold.ts";
import { partsOf } from "./part.ts";
import { type Change, changeOf, rescaling, type Schedule, scaling } from "./schedule.ts";
import { type AnyOptimizer, groupCount, LRScheduler } from "./scheduler.ts";

interface Place {
  readonly part: number;
  /** Steps since that part began. */
  readonly local: number;
}

function placeOf(milestones: readonly number[], step: number): Place {
  const part = milestones.filter((at) => at <= step).length;
  return { part, local: step - (milestones[part - 1] ?? 0) };
}

/** One schedule after the other, each from its own step 0 and from the base value; one that carries goes on from the value that it finds. */
export function sequence(schedules: readonly Schedule[], milestones: readonly number[]): Schedule {
  if (milestones.length !== schedules.length - 1)
    throw new RangeError(`SequentialLR: ${schedules.length} schedules need ${schedules.length - 1} milestones, got ${milestones.length}`);
  const found = (part: number, base: number): number => (part === 0 ? base : value(milestones[part - 1] - 1, base));
  const carried = schedules.map((schedule, part) =>
    fold(
      (base) => found(part, base),
      (step, base) => changeOf(schedule, step, base),
    ),
  );
  const value = (step: number, base: number): number => {
    const { part, local } = placeOf(milestones, step);
    if (schedules[part].carries !== true) return schedules[part](local, base);
    const { scale } = schedules[part];
    return scale === undefined ? carried[part](local, base) : found(part, base) * scale(local);
  };
  const change = (step: number, base: number): Change => {
    const { part, local } = placeOf(milestones, step);
    if (part === 0 || local > 0) return changeOf(schedules[part], local, base);
    return schedules[part].carries === true ? { factor: 1, shift: 0 } : rescaling(value(step - 1, base), value(step, base));
  };
  const carries = schedules[0].carries === true;
  const scales = schedules.every(({ scale }) => scale !== undefined);
  return Object.assign(scales ? scaling((step) => value(step, 1)) : value, { change, carries });
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

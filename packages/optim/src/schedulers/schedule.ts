/** What one step does to the value that is there: `value` becomes `factor * value + shift`. */
export interface Change {
  readonly factor: number;
  readonly shift: number;
}

/**
 * A hyper-parameter over time: its value at a step (0, 1, 2 …) in closed form, from the base value that the group was given. Any function
 * `(step, base) => value` is a schedule; those of this package also know how they chain.
 */
export interface Schedule {
  (step: number, base: number): number;
  /**
   * What arriving at `step` does to a value that others may have changed too: PyTorch's chainable form. Every such step is an affine map, so chains
   * of schedules are compositions of affine maps. Without it the schedule sets its own value, whatever is there.
   */
  readonly change?: (step: number, base: number) => Change;
  /** Where the schedule only scales, `value = base * scale(step)`: the scale. Scales multiply, so a chain of them is again a closed form. */
  readonly scale?: (step: number) => number;
  /** Whether it goes on from the value that it finds when its turn comes in a sequence, instead of starting from the base. */
  readonly carries?: boolean;
  /** What a sequence consists of, so that a sequence of sequences is one. */
  readonly phases?: readonly Phase[];
}

/** A part of a sequence and the step at which it begins. */
export interface Phase {
  readonly start: number;
  readonly schedule: Schedule;
}

/** The change that makes a value `value`, whatever it was. */
export const settingTo = (value: number): Change => ({ factor: 0, shift: value });

/** What arriving at `step` does to a value, for any schedule. */
export const changeOf = (schedule: Schedule, step: number, base: number): Change => schedule.change?.(step, base) ?? settingTo(schedule(step, base));

/** Applies a change. */
export const changed = (value: number, { factor, shift }: Change): number => factor * value + shift;

/** The change that leads a value in the ratio of `before` to `now`; from 0 there is no ratio, and it is set outright. */
export function rescaling(before: number, now: number): Change {
  if (now === before) return { factor: 1, shift: 0 };
  return before === 0 ? settingTo(now) : { factor: now / before, shift: 0 };
}

/** A schedule that multiplies the base value by `scale(step)`. */
export function scaling(scale: (step: number) => number): Schedule {
  const change = (step: number, base: number): Change => {
    if (step === 0) return { factor: scale(0), shift: 0 };
    const before = scale(step - 1);
    return before === 0 ? rescaling(0, base * scale(step)) : rescaling(before, scale(step));
  };
  return Object.assign((step: number, base: number): number => base * scale(step), { scale, change });
}

/** The values of a schedule at steps 0 … `steps` - 1, for plots and tables; no optimizer is needed. */
export function samples(schedule: Schedule, steps: number, options: { readonly base?: number } = {}): number[] {
  const { base = 1 } = options;
  if (!(Number.isInteger(steps) && steps >= 0)) throw new RangeError(`samples: steps is a whole number of at least 0, got ${steps}`);
  return Array.from({ length: steps }, (_, step) => schedule(step, base));
}

import { type Change, changed } from "./schedule.ts";

const stride = 128;
const mostBases = 64;

/** The values of a recursion, always computed upward from its start, so that they do not depend on the order in which they are asked for. */
class Trajectory {
  readonly #next: (step: number, value: number) => number;
  /** Values at steps 0, 128, 256 …: a look back costs at most that many steps, and a million steps cost 8,000 numbers. */
  readonly #marks: number[];
  #step = 0;
  #value: number;

  constructor(start: number, next: (step: number, value: number) => number) {
    this.#next = next;
    this.#marks = [start];
    this.#value = start;
  }

  at(step: number): number {
    if (step < this.#step) {
      const mark = Math.floor(step / stride);
      this.#step = mark * stride;
      this.#value = this.#marks[mark];
    }
    while (this.#step < step) {
      this.#value = this.#next(++this.#step, this.#value);
      if (this.#step === this.#marks.length * stride) this.#marks.push(this.#value);
    }
    return this.#value;
  }
}

/**
 * The value after changes 1 … `step` of a start value: O(steps) once, remembered, and the same bits whatever was asked before.
 * @param start the value at step 0, for a base.
 */
export function fold(start: (base: number) => number, change: (step: number, base: number) => Change): (step: number, base: number) => number {
  const trajectories = new Map<number, Trajectory>();
  return (step, base) => {
    let trajectory = trajectories.get(base);
    if (trajectory === undefined) {
      if (trajectories.size === mostBases) trajectories.clear();
      trajectory = new Trajectory(start(base), (k, value) => changed(value, change(k, base)));
      trajectories.set(base, trajectory);
    }
    return trajectory.at(Math.floor(step));
  };
}

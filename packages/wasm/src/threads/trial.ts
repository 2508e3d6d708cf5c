/** First jobs, which do not count: workers compile the kernel meanwhile. */
const WARM = 32;
/** Jobs of a trial of the other way. The first of them does not count: it may have to wake the workers. */
const TRIAL = 8;
/** Jobs between trials, and the most there may be when threads lose one trial after the other. */
const INTERVAL = 128;
const LONGEST = 1024;
/** How much a new measurement counts. */
const SHARE = 1 / 16;
/** A measurement counts as at most so many times the usual one, so that one accident does not decide. */
const WORST = 4;

/**
 * Whether one kernel gains from threads, by trial: jobs go the way that was faster of late, and from time to time some go the other way. On a busy machine,
 * or one whose cores share their units, two threads may be slower than one, and nothing but trying tells.
 */
export class Trial {
  /** Whether the next job shall be split. */
  split = true;
  #best = true;
  /** Time for a unit of work, on the way that is best and, in a trial, on the other. */
  #rate = 0;
  #other = 0;
  #left = WARM;
  #warm = true;
  #interval = INTERVAL;

  /** Notes how long a job took for the work that there was. */
  note(time: number, work: number): void {
    this.#left--;
    const inTrial = this.split !== this.#best;
    if (inTrial) {
      if (this.#left < TRIAL - 1) this.#other += this.#capped(time / work) / (TRIAL - 1);
    } else if (!this.#warm) this.#rate += (this.#rate === 0 ? 1 : SHARE) * (this.#capped(time / work) - this.#rate);
    if (this.#left === 0) this.#turn(inTrial);
  }

  #capped(rate: number): number {
    return this.#rate === 0 ? rate : Math.min(rate, WORST * this.#rate);
  }

  #turn(inTrial: boolean): void {
    if (inTrial && this.#other < this.#rate) {
      this.#best = this.split;
      this.#rate = this.#other;
      this.#interval = INTERVAL;
    } else if (inTrial && !this.#best) this.#interval = Math.min(LONGEST, 2 * this.#interval);
    const next = inTrial || this.#warm;
    this.split = next ? this.#best : !this.#best;
    this.#left = next ? this.#interval : TRIAL;
    this.#other = 0;
    this.#warm = false;
  }
}

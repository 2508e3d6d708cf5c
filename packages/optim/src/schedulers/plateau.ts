import type { Tensor } from "@gradtape/core";
import { belowOne, count, nonNegative, oneOf, perGroup, settings, spread } from "../setting.ts";
import { type AnyOptimizer, groupCount } from "./scheduler.ts";

/** Options of `ReduceLROnPlateau`. */
export interface ReduceLROnPlateauOptions {
  /** Whether the metric should fall (default) or rise. */
  readonly mode?: "min" | "max";
  /** Factor of a reduction, below 1. Default 0.1. */
  readonly factor?: number;
  /** Steps without improvement that are let pass. Default 10. */
  readonly patience?: number;
  /** How much better counts as better. Default 1e-4. */
  readonly threshold?: number;
  /** Whether the threshold is a share of the best ("rel", default) or a distance ("abs"). */
  readonly thresholdMode?: "rel" | "abs";
  /** Steps after a reduction in which nothing is counted. Default 0. */
  readonly cooldown?: number;
  /** Lowest rate, for all groups or one for each. Default 0. */
  readonly minLr?: number | readonly number[];
  /** Reductions by no more than this are left out. Default 1e-8. */
  readonly eps?: number;
}

/** Where a `ReduceLROnPlateau` stands: plain data. */
export interface PlateauStateDict {
  readonly scheduler: "ReduceLROnPlateau";
  readonly step: number;
  /** Best metric so far; null before any. */
  readonly best: number | null;
  readonly badSteps: number;
  readonly cooldown: number;
  readonly lrs: readonly number[];
}

/** Reduces the rate when a metric has stopped improving. The only scheduler that needs to be told something, so it has no closed form. */
export class ReduceLROnPlateau {
  readonly optimizer: AnyOptimizer;
  /** Name in errors and checkpoints. */
  readonly name = "ReduceLROnPlateau";
  readonly #options: Required<ReduceLROnPlateauOptions>;
  #step = 0;
  #best: number | null = null;
  #badSteps = 0;
  #cooldown = 0;

  constructor(optimizer: AnyOptimizer, options: ReduceLROnPlateauOptions = {}) {
    this.#options = settings<ReduceLROnPlateauOptions>("ReduceLROnPlateau", options, {
      mode: ["min", oneOf("min", "max")],
      factor: [0.1, belowOne],
      patience: [10, count],
      threshold: [1e-4, nonNegative],
      thresholdMode: ["rel", oneOf("rel", "abs")],
      cooldown: [0, count],
      minLr: [0, perGroup(nonNegative)],
      eps: [1e-8, nonNegative],
    });
    spread(this.name, "minLr", this.#options.minLr, groupCount(this.name, optimizer));
    this.optimizer = optimizer;
  }

  /** Steps so far. */
  get lastStep(): number {
    return this.#step;
  }

  /** Best metric so far; `null` before any. */
  get best(): number | null {
    return this.#best;
  }

  /** Takes the metric of one step or epoch, a number or a tensor of one element; NaN is never better. */
  step(metric: number | Tensor): void {
    const value = typeof metric === "number" ? metric : metric?.item?.();
    if (typeof value !== "number") throw new TypeError(`${this.name}: step(metric) needs the metric to watch, such as the validation loss`);
    const { patience, cooldown } = this.#options;
    const better = this.#isBetter(value);
    const cooling = this.#cooldown > 0;
    const bad = better || cooling ? 0 : this.#badSteps + 1;
    const lrs = bad > patience ? this.#reduced() : undefined;
    this.#step++;
    if (better) this.#best = value;
    if (cooling) this.#cooldown--;
    this.#badSteps = bad;
    if (lrs === undefined) return;
    this.#cooldown = cooldown;
    this.#badSteps = 0;
    this.#set(lrs);
  }

  #isBetter(value: number): boolean {
    const { mode, threshold, thresholdMode } = this.#options;
    const sign = mode === "min" ? -1 : 1;
    const best = this.#best ?? -sign * Infinity;
    return sign * value > sign * (thresholdMode === "rel" ? best * (1 + sign * threshold) : best + sign * threshold);
  }

  #reduced(): number[] {
    const { factor, minLr, eps } = this.#options;
    const lowest = spread(this.name, "minLr", minLr, this.optimizer.paramGroups.length);
    return this.getLastLr().map((lr, k) => {
      const next = Math.max(lr * factor, lowest[k]);
      return lr - next > eps ? next : lr;
    });
  }

  #set(lrs: readonly number[]): void {
    this.optimizer.paramGroups.forEach((group, k) => void (group.lr = lrs[k]));
  }

  /** The rates that the groups have now. */
  getLastLr(): number[] {
    return this.optimizer.paramGroups.map((group) => group.lr as number);
  }

  /** Where it stands, to be saved. */
  stateDict(): PlateauStateDict {
    return {
      scheduler: "ReduceLROnPlateau",
      step: this.#step,
      best: this.#best,
      badSteps: this.#badSteps,
      cooldown: this.#cooldown,
      lrs: this.getLastLr(),
    };
  }

  /** Continues from a saved state. Errors, before anything changes: another scheduler's state, other groups. */
  loadStateDict(state: PlateauStateDict): void {
    if (state?.scheduler !== this.name) throw new Error(`${this.name}: this is the state of ${String(state?.scheduler ?? "no scheduler")}`);
    const groups = this.optimizer.paramGroups.length;
    const counts = [state.step, state.badSteps, state.cooldown];
    if (!counts.every((n) => Number.isInteger(n) && n >= 0) || state.lrs?.length !== groups)
      throw new RangeError(`${this.name}: the saved state has counts [${counts.join(", ")}] and ${state.lrs?.length} rates for ${groups} groups`);
    this.#step = state.step;
    this.#best = state.best;
    this.#badSteps = state.badSteps;
    this.#cooldown = state.cooldown;
    this.#set(state.lrs);
  }
}

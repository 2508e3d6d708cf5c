import { noGrad, type Tensor } from "@gradtape/core";
import { getTotalNorm } from "./clip.ts";
import type { AnyOptimizer } from "./schedulers/scheduler.ts";
import { flag, positive, positiveInteger, type Range, settings } from "./setting.ts";

/** Options of `GradScaler`. */
export interface GradScalerOptions {
  /** First scale. Default 65536. */
  readonly initScale?: number;
  /** Factor of the scale after `growthInterval` good steps, above 1. Default 2. */
  readonly growthFactor?: number;
  /** Factor of the scale after a bad step, below 1. Default 0.5. */
  readonly backoffFactor?: number;
  /** Good steps in a row before the scale grows. Default 2000. */
  readonly growthInterval?: number;
  /** Whether it does anything. Default true. */
  readonly enabled?: boolean;
}

/** Where a `GradScaler` stands: plain numbers. */
export interface GradScalerStateDict {
  readonly scale: number;
  readonly growthTracker: number;
}

type Stage = "unscaled" | "stepped";

const smallest = 2 ** -126;
const above1: Range = { text: "a finite number above 1", holds: (value) => typeof value === "number" && value > 1 && value < Infinity };
const below1: Range = { text: "above 0 and below 1", holds: (value) => typeof value === "number" && value > 0 && value < 1 };

/**
 * Dynamic loss scaling: gradients are computed from a scaled loss, so that small ones do not vanish in narrow floating point, and scaled back before the
 * step; a step whose gradients hold infinities or NaN is skipped and the scale reduced. Micikevicius et al. 2018, arXiv:1710.03740, section 3.2. Scales are
 * powers of two by default, so scaling and unscaling round nothing.
 * ```
 * scaler.scale(loss).backward();
 * scaler.unscale(optimizer);             // only to look at the gradients, or to clip them
 * clipGradNorm(model.parameters(), 1);
 * scaler.step(optimizer);
 * scaler.update();
 * ```
 */
export class GradScaler {
  readonly #options: Required<GradScalerOptions>;
  #scale: number;
  #growthTracker = 0;
  readonly #stages = new Map<AnyOptimizer, { stage: Stage; readonly overflowed: boolean }>();

  constructor(options: GradScalerOptions = {}) {
    this.#options = settings<GradScalerOptions>("GradScaler", options, {
      initScale: [2 ** 16, positive],
      growthFactor: [2, above1],
      backoffFactor: [0.5, below1],
      growthInterval: [2000, positiveInteger],
      enabled: [true, flag],
    });
    this.#scale = this.#options.initScale;
  }

  /** Whether it does anything. */
  get enabled(): boolean {
    return this.#options.enabled;
  }

  /** The scale; 1 when not enabled. */
  getScale(): number {
    return this.enabled ? this.#scale : 1;
  }

  /** The loss times the scale; call `backward()` on that. */
  scale(loss: Tensor): Tensor {
    return this.enabled ? loss.mul(this.#scale) : loss;
  }

  /** Divides the gradients of an optimizer's parameters by the scale, once between updates; `step` does it where this was not called. */
  unscale(optimizer: AnyOptimizer): void {
    if (!this.enabled) return;
    const at = this.#stages.get(optimizer);
    if (at !== undefined)
      throw new Error(`GradScaler: unscale(${optimizer.name}) after ${at.stage === "stepped" ? "step()" : "unscale()"}; call update() first`);
    const parameters = optimizer.paramGroups.flatMap(({ params }) => params).filter(({ grad }) => grad !== null);
    noGrad(() => {
      for (const parameter of parameters) parameter.grad = (parameter.grad as Tensor).mul(1 / this.#scale);
    });
    const largest = getTotalNorm(
      parameters.map(({ grad }) => grad as Tensor),
      { normType: Infinity },
    );
    this.#stages.set(optimizer, { stage: "unscaled", overflowed: !Number.isFinite(largest) });
  }

  /**
   * Steps the optimizer, unless a gradient holds an infinity or NaN: then parameters and state stay as they are. With a closure, runs it once first (it calls
   * `backward()` on the scaled loss) and returns the loss it gives.
   */
  step(optimizer: AnyOptimizer, closure?: () => Tensor): number | undefined {
    if (!this.enabled) return optimizer.step(closure);
    const before = this.#stages.get(optimizer);
    if (before?.stage === "stepped") throw new Error(`GradScaler: step(${optimizer.name}) twice; call update() after each step`);
    if (before !== undefined && closure !== undefined)
      throw new Error(`GradScaler: a closure makes new gradients, and those of ${optimizer.name} are already unscaled; leave unscale() out`);
    const loss = closure?.().item();
    if (before === undefined) this.unscale(optimizer);
    const { overflowed } = this.#stages.get(optimizer) as { overflowed: boolean };
    if (!overflowed) optimizer.step();
    this.#stages.set(optimizer, { stage: "stepped", overflowed });
    return loss;
  }

  /** Ends an iteration: reduces the scale after an overflow, lets it grow after enough good steps, or sets it to `scale`. */
  update(scale?: number): void {
    if (!this.enabled) return;
    if (scale !== undefined && !(scale > 0 && scale < Infinity)) throw new RangeError(`GradScaler: a scale is a finite number above 0, got ${scale}`);
    if (scale === undefined && this.#stages.size === 0) throw new Error("GradScaler: update() before any step(optimizer) or unscale(optimizer)");
    const { growthFactor, backoffFactor, growthInterval } = this.#options;
    const overflowed = [...this.#stages.values()].some((at) => at.overflowed);
    this.#stages.clear();
    if (scale !== undefined) this.#scale = scale;
    else if (overflowed) {
      this.#scale = Math.max(smallest, this.#scale * backoffFactor);
      this.#growthTracker = 0;
    } else if (++this.#growthTracker === growthInterval) {
      this.#scale = Math.min(Number.MAX_VALUE, this.#scale * growthFactor);
      this.#growthTracker = 0;
    }
  }

  /** Where it stands, to be saved between iterations. */
  stateDict(): GradScalerStateDict {
    return { scale: this.#scale, growthTracker: this.#growthTracker };
  }

  /** Continues from a saved state; an error, before anything changes, when it is none. */
  loadStateDict(state: GradScalerStateDict): void {
    const { scale, growthTracker } = state ?? {};
    if (!(scale > 0 && scale < Infinity && Number.isInteger(growthTracker) && growthTracker >= 0))
      throw new RangeError(`GradScaler: a state has a scale above 0 and a growthTracker of at least 0, got ${scale} and ${growthTracker}`);
    this.#scale = scale;
    this.#growthTracker = growthTracker;
    this.#stages.clear();
  }
}

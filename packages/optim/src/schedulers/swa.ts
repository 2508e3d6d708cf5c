import { count, nonNegative, oneOf, perGroup, required, settings, spread } from "../setting.ts";
import { type Change, type Schedule, settingTo } from "./schedule.ts";
import { type AnyOptimizer, groupCount, LRScheduler } from "./scheduler.ts";

/** Options of `anneal`. */
export interface AnnealOptions {
  /** Value at the end. */
  readonly to: number;
  /** Steps until then; 0 is at once. Default 10. */
  readonly steps?: number;
  /** Half a cosine (default) or a straight line. */
  readonly strategy?: "cos" | "linear";
}

/** From the base value to `to` over `steps` steps, then flat. */
export function anneal(options: AnnealOptions): Schedule {
  const { to, steps, strategy } = settings<AnnealOptions>("anneal", options, {
    to: [required, nonNegative],
    steps: [10, count],
    strategy: ["cos", oneOf("cos", "linear")],
  });
  const weight = (step: number): number => {
    const t = steps === 0 ? 1 : Math.min(1, step / steps);
    return strategy === "cos" ? (1 - Math.cos(Math.PI * t)) / 2 : t;
  };
  const change = (step: number): Change => {
    const before = step === 0 ? 0 : weight(step - 1);
    if (before === 1) return settingTo(to);
    const factor = (1 - weight(step)) / (1 - before);
    return { factor, shift: to * (1 - factor) };
  };
  return Object.assign((step: number, base: number): number => to * weight(step) + base * (1 - weight(step)), { change });
}

/** Options of `SWALR`. */
export interface SWALROptions {
  /** Rate at the end, for all groups or one for each. */
  readonly swaLr: number | readonly number[];
  /** Steps until then; 0 is at once. Default 10. */
  readonly annealEpochs?: number;
  /** Half a cosine (default) or a straight line. */
  readonly annealStrategy?: "cos" | "linear";
}

/**
 * Anneals the rate from where it is to `swaLr`, where it stays while weights are averaged. Izmailov et al. 2018, arXiv:1803.05407, section 3.2. Made beside
 * another scheduler of the same optimizer, its first `step()` takes over from the rate that the other left.
 */
export class SWALR extends LRScheduler {
  constructor(optimizer: AnyOptimizer, options: SWALROptions) {
    const name = "SWALR";
    const { swaLr, annealEpochs, annealStrategy } = settings<SWALROptions>(name, options, {
      swaLr: [required, perGroup(nonNegative)],
      annealEpochs: [10, count],
      annealStrategy: ["cos", oneOf("cos", "linear")],
    });
    const ends = spread(name, "swaLr", swaLr, groupCount(name, optimizer));
    super(
      optimizer,
      ends.map((to) => anneal({ to, steps: annealEpochs, strategy: annealStrategy })),
      { name },
    );
  }
}

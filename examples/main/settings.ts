import { nearest } from "gradtape";
import { type Hyperparameters, optimizers, usualHyperparameters } from "./optimizers.ts";
import { hasWarmup, schedules } from "./schedules.ts";

/** Everything that decides which numbers a run gives: plain data, saved with its checkpoint. */
export interface Settings {
  /** "digits" for drawn ones, "mnist" for files. */
  readonly dataset: "digits" | "mnist";
  /** Training digits to draw; a fifth as many for the test. */
  readonly examples: number;
  readonly optimizer: string;
  readonly lr: number;
  readonly weightDecay: number | null;
  readonly momentum: number | null;
  readonly schedule: string;
  readonly steps: number;
  readonly warmup: number;
  readonly batch: number;
  readonly seed: number;
}

/** Steps of a run unless told otherwise: eight epochs of the drawn digits. */
export const usualSteps = 5_000;

/** Fills in what was not given. Errors: an unknown name (the nearest is suggested), a warm-up that does not fit. */
export function completeSettings(given: Partial<Settings>): Settings {
  const { dataset = "digits", examples = 20_000, optimizer = "adamw", schedule = "warmup-cosine", steps = usualSteps, batch = 32, seed = 0 } = given;
  checkName("--optimizer", optimizer, [...optimizers.keys()]);
  checkName("--schedule", schedule, schedules);
  const { warmup = hasWarmup(schedule) ? Math.round(steps / 10) : 0 } = given;
  if (warmup > 0 && !hasWarmup(schedule)) throw new RangeError(`--warmup: the schedule "${schedule}" has none; choose --schedule warmup-${schedule}`);
  if (warmup >= steps) throw new RangeError(`--warmup: ${warmup} steps of warm-up leave nothing of ${steps} steps; take fewer`);
  const usual = usualHyperparameters(optimizer);
  const { lr = usual.lr, weightDecay = usual.weightDecay ?? null, momentum = usual.momentum ?? null } = given;
  return { dataset, examples, optimizer, lr, weightDecay, momentum, schedule, steps, warmup, batch, seed };
}

/** The part of the settings that the optimizer takes. */
export function hyperparameters({ lr, weightDecay, momentum }: Settings): Hyperparameters {
  return { lr, ...(weightDecay !== null && { weightDecay }), ...(momentum !== null && { momentum }) };
}

function checkName(option: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const close = nearest(name, known);
  throw new RangeError(`${option}: "${name}" is not known${close === undefined ? "" : `, did you mean ${close}?`}; there are ${known.join(", ")}`);
}

import { replayAveraging } from "./averaging.ts";
import { replayClipping } from "./clipping.ts";
import { Comparison, type Tolerance } from "./comparison.ts";
import { differenceOf } from "./differences.ts";
import { replayLayer } from "./layers.ts";
import { Missing } from "./library.ts";
import { replayOp } from "./ops.ts";
import { replayOptimizer } from "./optimizers.ts";
import { type Case, checked, type Place, type Recording } from "./recording.ts";
import { replayScheduler } from "./schedulers.ts";
import { replayTraining } from "./training.ts";

/** Thrown where a case cannot or need not be replayed. */
export class Skip extends Error {}

/** What the replay of one case is given. */
export interface Context {
  /** The file that the case stands in. */
  readonly recording: Recording;
  /** Every file of the folder: a case may refer to data that lies in another. */
  readonly folder: readonly Recording[];
  readonly place: Place;
  /** Takes what is computed. */
  readonly comparison: Comparison;
  /** Tolerance that the file states. */
  readonly tolerance: Tolerance;
}

/** Replays one case and hands what comes out to `context.comparison`. */
export type Replay = (recorded: Case, context: Context) => void | Promise<void>;

const replays: Readonly<Record<Recording["kind"], Replay>> = {
  ops: replayOp,
  optimizers: replayOptimizer,
  schedulers: replayScheduler,
  layers: replayLayer,
  training: replayTraining,
  clip: replayClipping,
  ema: replayAveraging,
};

/** What became of one case. */
export interface Outcome {
  readonly name: string;
  readonly status: "passed" | "failed" | "skipped" | "missing";
  /** Worst error relative to tolerance, at most 1 where it passed. */
  readonly error?: number;
  /** Complaints of a failure; why it was skipped. */
  readonly reason?: string;
  /** Public names that the library lacks. */
  readonly missing?: readonly string[];
}

/** What became of the cases of one file. */
export interface FileReport {
  readonly file: string;
  readonly outcomes: readonly Outcome[];
}

/** How to replay. */
export interface ReplayOptions {
  readonly place: Place;
  /** Part of the names of the files or cases to replay; all by default. */
  readonly only?: string;
}

/** Replays the cases of one file. */
export async function replayFile(recording: Recording, folder: readonly Recording[], options: ReplayOptions): Promise<FileReport> {
  const { only = "" } = options;
  const chosen = recording.cases.filter(({ name }) => `${recording.file} ${name}`.includes(only));
  const outcomes: Outcome[] = [];
  for (const recorded of chosen) outcomes.push(await replayCase(recorded, recording, folder, options.place));
  return { file: recording.file, outcomes };
}

async function replayCase(recorded: Case, recording: Recording, folder: readonly Recording[], place: Place): Promise<Outcome> {
  const { name } = recorded;
  const comparison = new Comparison(place.dtype);
  try {
    await replays[recording.kind](recorded, { recording, folder, place, comparison, tolerance: toleranceOf(recording) });
  } catch (error) {
    if (error instanceof Missing) return { name, status: "missing", missing: error.names };
    if (error instanceof Skip) return { name, status: "skipped", reason: error.message };
    comparison.complain(`threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`);
  }
  return judged(recorded, `${recording.kind}/${name}`, place, comparison);
}

function judged(recorded: Case, key: string, place: Place, { worst, complaints }: Comparison): Outcome {
  const { name } = recorded;
  const known = differenceOf(key, place);
  const shown = complaints.length > 3 ? [...complaints.slice(0, 3), `and ${complaints.length - 3} more`] : complaints;
  const reason = shown.join("; ");
  if (complaints.length === 0) return { name, status: "passed", error: worst };
  if (known !== undefined) return { name, status: "skipped", reason: `known difference: ${known}` };
  if (recorded.optional === true) return { name, status: "skipped", reason: `optional: ${reason}` };
  return { name, status: "failed", error: worst, reason };
}

function toleranceOf({ header }: Recording): Tolerance {
  const { rtol, atol } = checked<{ rtol?: number; atol?: number | string }>(header, {});
  return { rtol: typeof rtol === "number" ? rtol : 1e-9, atol: typeof atol === "number" ? atol : 0 };
}

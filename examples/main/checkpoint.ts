import { data } from "gradtape";
import type { Settings } from "./settings.ts";
import type { Training, TrainingState } from "./training.ts";

const kind = "digits run";

const flags: Readonly<Record<keyof Settings, string>> = {
  dataset: "--data",
  examples: "--examples",
  optimizer: "--optimizer",
  lr: "--lr",
  weightDecay: "--weight-decay",
  momentum: "momentum",
  schedule: "--schedule",
  steps: "--steps",
  warmup: "--warmup",
  batch: "--batch",
  seed: "--seed",
};

/** Saves a run as it is now. */
export async function saveRun(path: string, run: Training): Promise<void> {
  await data.saveCheckpoint(path, { kind, ...run.state() });
}

/** Reads a saved run. Errors: a damaged file, another program's checkpoint, settings that differ from those `given`. */
export async function loadRun(path: string, given: Partial<Settings> = {}): Promise<TrainingState> {
  const saved = await data.loadCheckpoint<{ kind?: unknown } & TrainingState>(path);
  if (saved.kind !== kind || typeof saved.settings !== "object" || !(saved.history?.losses instanceof Float64Array))
    throw new Error(`${path}: is a checkpoint, but not of this program; give one that it wrote`);
  for (const [name, value] of Object.entries(given) as [keyof Settings, unknown][])
    if (saved.settings[name] !== value)
      throw new Error(
        `${path}: was trained with ${flags[name]} ${saved.settings[name]}, not ${value}; leave ${flags[name]} out, or start anew without --resume`,
      );
  return saved;
}

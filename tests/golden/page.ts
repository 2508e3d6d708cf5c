import { type GpuDevice, gpu } from "@gradtape/gpu";
import type { Recording } from "./recording.ts";
import { type FileReport, replayFile } from "./replay.ts";

let device: GpuDevice;
let folder: readonly Recording[] = [];

/** Takes the recordings, and opens the device. */
async function load(recordings: readonly Recording[]): Promise<void> {
  device = await gpu();
  folder = recordings;
}

/** Replays those cases of a file whose file or name contains the text. */
async function replay(file: string, only: string): Promise<FileReport> {
  const recording = folder.find((each) => each.file === file);
  if (recording === undefined) throw new Error(`golden: the page has no ${file}`);
  return await replayFile(recording, folder, { place: { device, dtype: "float32" }, only });
}

Object.assign(globalThis, { suite: { load, replay } });

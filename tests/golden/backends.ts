import { cpu } from "@gradtape/core";
import { gpu } from "@gradtape/gpu";
import { useWasm } from "@gradtape/wasm";
import { openPage } from "./browser.ts";
import type { Float, Place, Recording } from "./recording.ts";
import { type FileReport, replayFile } from "./replay.ts";

/** Replays the recordings of one folder on one backend. */
export interface Replayer {
  /** Replays those cases of a file whose file or name contains the text. */
  replay(recording: Recording, only: string): Promise<FileReport>;
  close(): Promise<void>;
}

/** A backend to replay on. */
export interface ReplayBackend {
  /** The widest dtype that it computes. */
  readonly float: Float;
  readonly open: (folder: readonly Recording[], dtype: Float) => Promise<Replayer>;
}

/** Replays in this process. */
const inProcess = (folder: readonly Recording[], place: Place, close = (): void => {}): Replayer => ({
  replay: (recording, only) => replayFile(recording, folder, { place, only }),
  close: async () => close(),
});

/** Replays on the GPU device of Node, by the package `gl`. */
export async function openHeadless(folder: readonly Recording[]): Promise<Replayer> {
  const device = await gpu({ mode: "headlessgl" });
  return inProcess(folder, { device, dtype: "float32" }, () => device.close());
}

/** Every backend that recordings can be replayed on; a new one is one row. */
export const backends: Readonly<Record<string, ReplayBackend>> = {
  reference: { float: "float64", open: async (folder, dtype) => inProcess(folder, { device: cpu, dtype }) },
  wasm: {
    float: "float64",
    open: async (folder, dtype) => {
      if (!useWasm()) throw new Error("golden: this engine has no WebAssembly SIMD");
      return inProcess(folder, { device: cpu, dtype });
    },
  },
  gpu: { float: "float32", open: openPage },
  headless: { float: "float32", open: openHeadless },
};

import { cpu } from "@gradtape/core";
import { useWasm } from "@gradtape/wasm";
import { openPage } from "./browser.ts";
import type { Float, Recording } from "./recording.ts";
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

const onHost = (folder: readonly Recording[], dtype: Float): Replayer => ({
  replay: (recording, only) => replayFile(recording, folder, { place: { device: cpu, dtype }, only }),
  close: async () => {},
});

/** Every backend that recordings can be replayed on; a new one is one row. */
export const backends: Readonly<Record<string, ReplayBackend>> = {
  reference: { float: "float64", open: async (folder, dtype) => onHost(folder, dtype) },
  wasm: {
    float: "float64",
    open: async (folder, dtype) => {
      if (!useWasm()) throw new Error("golden: this engine has no WebAssembly SIMD");
      return onHost(folder, dtype);
    },
  },
  gpu: { float: "float32", open: openPage },
};

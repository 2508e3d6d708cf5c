import { useWasm } from "@gradtape/wasm";
import type { Float } from "./recording.ts";

/** A backend to replay on. */
export interface ReplayBackend {
  /** The widest dtype that it computes. */
  readonly float: Float;
  /** Makes it compute; the reference backend does by itself. */
  readonly prepare: () => Promise<void>;
}

/** Every backend that recordings can be replayed on; a new one is one row. */
export const backends: Readonly<Record<string, ReplayBackend>> = {
  reference: { float: "float64", prepare: async () => {} },
  wasm: {
    float: "float64",
    prepare: async () => {
      if (!useWasm()) throw new Error("golden: this engine has no WebAssembly SIMD");
    },
  },
};

import type { Engine } from "./engine.ts";
import { detectAgain, hasRelaxedSimd } from "./features.ts";
import { type Block, blockModule, describe, plain, scratchBytes } from "./kernels/matmul/block.ts";
import { shapeFor, type TileShape } from "./kernels/matmul/shape.ts";

/** What `turbo()` reached. */
export interface TurboReport {
  /** Whether kernels run faster than before. */
  readonly enabled: boolean;
  /** Whether multiply-adds are fused. */
  readonly relaxed: boolean;
  /** Bits of the vectors that matrix products run on. */
  readonly width: 128 | 256;
  /** Why no more was reached, or what was done. */
  readonly reason: string;
}

interface NodeV8 {
  setFlagsFromString(flags: string): void;
}

interface NodeProcess {
  readonly versions?: { readonly v8?: string };
  getBuiltinModule?(name: "node:v8"): NodeV8;
}

/** How much faster the wide tile must be; without 256-bit code it runs at half the speed of the narrow one. */
const WORTH = 1.15;

/**
 * Experimental, Node on x64 alone: switches on engine flags that change how WebAssembly is compiled from now on, in the whole process. Relaxed SIMD on
 * Node 20, vectors of 256 bits on Node 24 and later. Checks that results stay the same and measures whether it pays; else everything stays as it was.
 * @param wrong compiles all kernels anew and names a family whose results are wrong.
 */
export function speedUp(engine: Engine, wrong: () => string | undefined): TurboReport {
  const node = (globalThis as { readonly process?: NodeProcess }).process;
  const major = Number.parseInt(node?.versions?.v8 ?? "", 10);
  const before = engine.fused;
  const report = (width: 128 | 256, reason: string): TurboReport => ({
    enabled: width === 256 || engine.fused !== before,
    relaxed: engine.fused,
    width,
    reason,
  });
  if (Number.isNaN(major)) return report(128, "only Node has flags that a program can set");
  const v8 = node?.getBuiltinModule?.("node:v8");
  if (v8 === undefined) return report(128, "this version of Node does not give access to its flags; it takes 20.16, 22.3 or later");
  if (major < 12) v8.setFlagsFromString("--experimental-wasm-relaxed-simd");
  detectAgain();
  const fused = hasRelaxedSimd();
  const shape = (lanes: "f32x4" | "f64x2", isFused: boolean, wide: boolean): TileShape =>
    shapeFor(lanes, { fused: isFused, wide, fifteen: engine.fifteen });
  if (fused && !before && !agrees(engine, shape("f32x4", true, false), shape("f32x4", false, false), 1e-5))
    return report(128, "fused results differ too much; nothing was changed");
  engine.fused = fused;
  const fusedWrong = fused && !before ? wrong() : undefined;
  if (fusedWrong !== undefined) {
    engine.fused = before;
    return report(128, `${fusedWrong} differ with fused multiply-adds; nothing was changed`);
  }
  if (major < 13) return report(128, "vectors of 256 bits need Node 24 or later");
  if (!fused) return report(128, "this engine has no relaxed SIMD");
  v8.setFlagsFromString("--experimental-wasm-revectorize");
  if (!(["f32x4", "f64x2"] as const).every((lanes) => agrees(engine, shape(lanes, true, true), shape(lanes, true, false), 0)))
    return report(128, "wide results differ; vectors of 256 bits stay off");
  const gain = time(engine, shape("f32x4", true, false)) / time(engine, shape("f32x4", true, true));
  if (gain < WORTH) return report(128, `wide tiles run ${gain.toFixed(2)} times as fast; this machine or engine has no vectors of 256 bits`);
  engine.wide = true;
  const wideWrong = wrong();
  if (wideWrong !== undefined) {
    engine.wide = false;
    v8.setFlagsFromString("--no-experimental-wasm-revectorize");
    return report(128, `${wideWrong} differ with vectors of 256 bits, which stay off`);
  }
  return report(256, `wide tiles run ${gain.toFixed(2)} times as fast`);
}

/** A product `[m,k] x [k,n]` of fixed numbers, ready to run again and again. */
function product(
  engine: Engine,
  shape: TileShape,
  m: number,
  k: number,
  n: number,
): { run: () => void; result: () => Float32Array; done: () => void } {
  const { heap, store, descriptionAt } = engine;
  const size = shape.lanes === "f32x4" ? 4 : 8;
  const values = (m * k + k * n + m * n) * size;
  const bytes = values + scratchBytes(shape, n, k);
  const at = store.borrow(bytes);
  const elements = size === 4 ? heap.f32 : heap.f64;
  for (let i = 0; i < m * k + k * n; i++) elements[at / size + i] = Math.sin(i * 1.7);
  const [b, c] = [at + m * k * size, at + (m * k + k * n) * size];
  const words: Block = {
    a: at,
    aRow: k * size,
    aColumn: size,
    aBatch: 0,
    b,
    bRow: n * size,
    bColumn: size,
    bBatch: 0,
    c,
    cRow: n * size,
    cColumn: size,
    cBatch: 0,
    ...plain,
    m,
    n,
    k,
    batch: 1,
    packB: 1,
    scratch: at + values,
  };
  const { block } = engine.instantiate(blockModule(shape, heap));
  describe(heap.i32, descriptionAt / 4, words);
  return {
    run: () => void block(descriptionAt),
    result: () => Float32Array.from((size === 4 ? heap.f32 : heap.f64).subarray(c / size, c / size + m * n)),
    done: () => store.restore(at, bytes),
  };
}

/** Whether products of sizes with and without edges agree with those of other tiles. */
function agrees(engine: Engine, shape: TileShape, base: TileShape, tolerance: number): boolean {
  return [
    [24, 64, 32],
    [13, 33, 37],
    [7, 5, 3],
  ].every(([m, k, n]) => {
    const [actual, expected] = [shape, base].map((each) => {
      const { run, result, done } = product(engine, each, m, k, n);
      // Often enough that the optimising compiler's code runs, not the first quick one.
      for (let i = 0; i < 400; i++) run();
      const values = result();
      done();
      return values;
    });
    return actual.every((value, i) => Math.abs(value - expected[i]) <= tolerance * Math.max(1, Math.abs(expected[i])));
  });
}

/** The shortest time that a product takes, in milliseconds per 8 runs. */
function time(engine: Engine, shape: TileShape): number {
  const { run, done } = product(engine, shape, 24, 64, 32);
  let best = Infinity;
  for (let round = 0; round < 60; round++) {
    const start = performance.now();
    for (let i = 0; i < 8; i++) run();
    if (round > 20) best = Math.min(best, performance.now() - start);
  }
  done();
  return best;
}

import type { ModuleBuilder } from "./assembler/index.ts";
import { hasRelaxedSimd } from "./features.ts";
import { Heap, type HeapOptions } from "./memory/heap.ts";
import { Staging } from "./memory/staging.ts";
import { Store, type StoreOptions } from "./memory/store.ts";
import { Report } from "./report.ts";

/** What a backend is made with. */
export interface EngineOptions extends HeapOptions, StoreOptions {
  /** Whether kernels may use the fused multiply-add of relaxed SIMD. Default: where the engine has it. */
  readonly fused?: boolean;
}

// The first pages: nothing at address 0, the description of the running kernel, small operands on their visit, then blocks.
const DESCRIPTION = 1024;
const ARENA = 8192;
const BLOCKS = 2 ** 19;

/** What all kernels of a backend share: the memory, the machine's abilities, and how modules become functions. */
export class Engine {
  readonly heap: Heap;
  readonly store: Store;
  readonly staging: Staging;
  readonly report = new Report();
  readonly descriptionAt = DESCRIPTION;
  readonly descriptionEnd = ARENA;
  /** Whether multiply-adds are fused. */
  fused: boolean;
  /** Whether pairs of vectors run as one of 256 bits. */
  wide = false;

  constructor(options: EngineOptions = {}) {
    this.heap = new Heap(options);
    this.store = new Store(this.heap, BLOCKS, options);
    this.staging = new Staging(this.heap, this.store, ARENA, BLOCKS);
    this.fused = options.fused ?? hasRelaxedSimd();
  }

  /** Compiles a module at once and links it to the memory. */
  instantiate(
    module: ModuleBuilder,
    functions: Readonly<Record<string, (...args: number[]) => number>> = {},
  ): Record<string, (...args: number[]) => number> {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { ...functions, memory: this.heap.memory } });
    return instance.exports as Record<string, (...args: number[]) => number>;
  }
}

import type { ModuleBuilder } from "./assembler/index.ts";
import { hasRelaxedSimd, keepsFifteenVectors } from "./features.ts";
import { Heap, type HeapOptions } from "./memory/heap.ts";
import { Staging } from "./memory/staging.ts";
import { Store, type StoreOptions } from "./memory/store.ts";
import { Report } from "./report.ts";
import { obstacle } from "./threads/host.ts";
import { asksMathAlone } from "./threads/routines.ts";
import { askedByEnvironment, checkThreads, type ThreadOptions, Threads } from "./threads/threads.ts";

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
  readonly threads: Threads;
  readonly report = new Report();
  readonly descriptionAt = DESCRIPTION;
  readonly descriptionEnd = ARENA;
  /** Where small operands from outside the memory stay while a kernel runs. */
  readonly arenaAt = ARENA;
  readonly arenaEnd = BLOCKS;
  /** Whether multiply-adds are fused. */
  fused: boolean;
  /** Whether pairs of vectors run as one of 256 bits. */
  wide = false;
  /** Whether a loop may have fifteen vectors. */
  readonly fifteen = keepsFifteenVectors();

  constructor(options: EngineOptions = {}) {
    const asked = askedByEnvironment();
    this.heap = new Heap({ shared: asked > 1 && obstacle() === undefined, ...options });
    this.store = new Store(this.heap, BLOCKS, options);
    this.staging = new Staging(this.heap, this.store, this.arenaAt, this.arenaEnd);
    this.fused = options.fused ?? hasRelaxedSimd();
    this.threads = new Threads(this.heap, this.store, this.report, DESCRIPTION);
    if (asked > 1) this.threads.ask(asked);
  }

  /** How many threads compute; from the second on the memory becomes a shared one, for which kernels must be compiled anew. Fulfilled when they are up. */
  setThreads(count: number, options?: ThreadOptions): Promise<number> {
    this.threads.ask(checkThreads(count, "setThreads"), options);
    if (this.threads.possible) this.heap.share();
    return this.threads.start();
  }

  /** Compiles a module at once and links it to the memory. */
  instantiate(
    module: ModuleBuilder,
    functions: Readonly<Record<string, (...args: number[]) => number>> = {},
  ): Record<string, (...args: number[]) => number> {
    const bytes = module.bytes();
    const compiled = new WebAssembly.Module(bytes);
    const { exports } = new WebAssembly.Instance(compiled, { env: { ...functions, memory: this.heap.memory } });
    const asked = WebAssembly.Module.imports(compiled).flatMap(({ kind, name }) => (kind === "function" ? [name] : []));
    if (this.heap.shared && asksMathAlone(functions, asked)) this.threads.routines.note(exports, bytes);
    return exports as Record<string, (...args: number[]) => number>;
  }
}

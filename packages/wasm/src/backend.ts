import {
  type Backend,
  type Convolution,
  cpu,
  type DType,
  isFloat,
  type Kernel,
  type Lifetime,
  type Pooling,
  type Reduction,
  type RowKernel,
  reference,
  type Scan,
  type Storage,
  useWordSource,
  type View,
  type Window,
} from "@gradtape/core";
import { Engine, type EngineOptions } from "./engine.ts";
import { hasSimd } from "./features.ts";
import { Convolutions } from "./kernels/convolution/convolution.ts";
import { Elementwise } from "./kernels/elementwise/map.ts";
import { Indexing } from "./kernels/indexing/indexing.ts";
import { MatrixProducts } from "./kernels/matmul/matmul.ts";
import { Pools } from "./kernels/pooling/pooling.ts";
import { RandomWords } from "./kernels/random/random.ts";
import { Reductions } from "./kernels/reduction/reduction.ts";
import { Rows } from "./kernels/rows/rows.ts";
import { Scans } from "./kernels/scan/scan.ts";
import { Sorts } from "./kernels/sort/sort.ts";
import type { MemoryReport } from "./memory/store.ts";
import type { FamilyReport, Report, Tally } from "./report.ts";
import { unsound } from "./soundness.ts";
import type { ThreadOptions, ThreadReport } from "./threads/threads.ts";
import { speedUp, type TurboReport } from "./turbo.ts";

/** A backend of the CPU that computes in WebAssembly, and tells what it did. */
export interface WasmBackend extends Backend {
  /** How often each family of kernels ran where, and why something fell back to the reference backend. */
  backendReport(): Readonly<Record<string, FamilyReport>>;
  /** Who holds how much memory, in bytes. */
  memoryReport(): MemoryReport;
  /** Experimental, Node alone: sets engine flags for faster kernels, checks and measures them; says what was reached. */
  turbo(): TurboReport;
  /**
   * How many threads compute large jobs, this one included; 1, the default, is none but this one. Results are the same bits for any number. Answers how many
   * really compute, once the workers are up; until then, and where there is no SharedArrayBuffer, this thread computes alone, and `threadReport()` says why.
   * The arrays of large values become views on a SharedArrayBuffer. In Node, GRADTAPE_THREADS sets the number that a program starts with.
   * Error: not a whole number from 1 to 64.
   */
  setThreads(threads: number, options?: ThreadOptions): Promise<number>;
  /** Random words for `useWordSource`: those that core computes by itself, faster. */
  randomWords(words: Uint32Array, blocks: number, first: number, seed: number): void;
  /** Threads asked for and running, and what they did. */
  threadReport(): ThreadReport;
}

class Wasm implements Partial<WasmBackend> {
  readonly name = "wasm";
  readonly #engine: Engine;
  readonly #maps: Tally;
  readonly #elementwise: Elementwise;
  readonly #products: MatrixProducts;
  readonly #reductions: Reductions;
  readonly #indexing: Indexing;
  readonly #convolutions: Convolutions;
  readonly #pools: Pools;
  readonly #scans: Scans;
  readonly #sorts: Sorts;
  readonly #rows: Rows;
  readonly #random: RandomWords;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#maps = engine.report.family("map");
    this.#elementwise = new Elementwise(engine);
    this.#products = new MatrixProducts(engine, this.#elementwise);
    this.#reductions = new Reductions(engine, this.#elementwise);
    this.#indexing = new Indexing(engine);
    this.#convolutions = new Convolutions(engine, this.#elementwise);
    this.#pools = new Pools(engine);
    this.#scans = new Scans(engine);
    this.#sorts = new Sorts(engine);
    this.#rows = new Rows(engine);
    this.#random = new RandomWords(engine);
  }

  allocate(dtype: DType, length: number, lifetime: Lifetime): Storage {
    return this.#engine.store.allocate(dtype, length, lifetime);
  }

  free(storage: Storage): void {
    this.#engine.store.free(storage);
  }

  write(values: ArrayLike<number>, output: View): void {
    reference.write(values, output);
  }

  map(kernel: Kernel, inputs: readonly View[], uniforms: readonly number[], outputs: readonly View[]): void {
    this.#maps.wasm++;
    this.#elementwise.map(kernel, inputs, uniforms, outputs);
  }

  mapRows(kernel: RowKernel, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]): boolean {
    const { report } = this.#engine;
    const reason = this.#rows.mapRows(kernel, inputs, scalars, outputs);
    if (reason === undefined) report.family("rows").wasm++;
    else report.fellBack("rows", `${reason}; composed of maps and reductions`);
    return reason === undefined;
  }

  reduce(reduction: Reduction, input: View, axes: readonly number[], output: View): void {
    if ((reduction === "argmax" || reduction === "argmin") && output.dtype !== "int32") {
      this.#engine.report.fellBack("reduce", `${reduction} into ${output.dtype}`);
      return reference.reduce(reduction, input, axes, output);
    }
    this.#engine.report.family("reduce").wasm++;
    this.#reductions.reduce(reduction, input, axes, output);
  }

  matmul(a: View, b: View, output: View, start?: View, gate?: View): void {
    const { dtype } = output;
    if (!isFloat(dtype) || a.dtype !== dtype || b.dtype !== dtype || (start ?? output).dtype !== dtype) {
      this.#engine.report.fellBack("matmul", `${a.dtype} x ${b.dtype}`);
      return reference.matmul(a, b, output, start, gate);
    }
    this.#engine.report.family("matmul").wasm++;
    this.#products.matmul(a, b, output, start, gate);
  }

  convolve(x: View, weight: View, output: View, convolution: Convolution): boolean {
    return this.#convolutions.convolve(x, weight, output, convolution);
  }

  convolveInput(g: View, weight: View, output: View, convolution: Convolution): boolean {
    return this.#convolutions.convolveInput(g, weight, output, convolution);
  }

  convolveWeight(x: View, g: View, output: View, convolution: Convolution): boolean {
    return this.#convolutions.convolveWeight(x, g, output, convolution);
  }

  pool(pooling: Pooling, x: View, output: View, window: Window): boolean {
    return this.#pools.pool(pooling, x, output, window);
  }

  unpool(pooling: Pooling, g: View, numbers: View | undefined, output: View, window: Window): boolean {
    return this.#pools.unpool(pooling, g, numbers, output, window);
  }

  gather(input: View, axis: number, index: View, output: View): void {
    if (!this.#indexing.move("gather", input, axis, index, output)) reference.gather(input, axis, index, output);
  }

  scatterAdd(output: View, axis: number, index: View, source: View): void {
    if (!this.#indexing.move("scatterAdd", output, axis, index, source)) reference.scatterAdd(output, axis, index, source);
  }

  scan(scan: Scan, inputs: readonly View[], axis: number, output: View): void {
    const { report } = this.#engine;
    if (scan !== "affine" && output.dtype !== "int32") {
      report.fellBack("scan", `${scan} into ${output.dtype}`);
      return reference.scan(scan, inputs, axis, output);
    }
    report.family("scan").wasm++;
    this.#scans.scan(scan, inputs, axis, output);
  }

  argsort(input: View, axis: number, order: "ascending" | "descending", output: View): void {
    const { report } = this.#engine;
    if (output.dtype !== "int32") {
      report.fellBack("argsort", `into ${output.dtype}`);
      return reference.argsort(input, axis, order, output);
    }
    report.family("argsort").wasm++;
    this.#sorts.argsort(input, axis, order, output);
  }

  randomWords(words: Uint32Array, blocks: number, first: number, seed: number): void {
    this.#random.draw(words, blocks, first, seed);
  }

  backendReport(): Readonly<Record<string, FamilyReport>> {
    return this.#engine.report.snapshot();
  }

  memoryReport(): MemoryReport {
    return this.#engine.store.report();
  }

  turbo(): TurboReport {
    const report = speedUp(this.#engine, () => {
      this.#forget();
      return unsound(this as unknown as Backend);
    });
    this.#forget();
    return report;
  }

  setThreads(threads: number, options?: ThreadOptions): Promise<number> {
    const { shared } = this.#engine.heap;
    const running = this.#engine.setThreads(threads, options);
    if (this.#engine.heap.shared !== shared) this.#forget();
    return running;
  }

  threadReport(): ThreadReport {
    return this.#engine.threads.report();
  }

  /** Forgets compiled kernels, after the engine's abilities or its memory changed. */
  #forget(): void {
    for (const family of [
      this.#elementwise,
      this.#products,
      this.#reductions,
      this.#indexing,
      this.#convolutions,
      this.#pools,
      this.#scans,
      this.#sorts,
      this.#rows,
      this.#random,
    ])
      family.reset();
  }
}

/** Gives a backend the methods that it lacks: those of the reference backend, counted as such. */
function completed(backend: Wasm, report: Report): WasmBackend {
  const methods = Object.getPrototypeOf(reference) as Readonly<Record<string, (...args: unknown[]) => unknown>>;
  for (const name of Object.getOwnPropertyNames(methods)) {
    if (name in backend) continue;
    Object.defineProperty(backend, name, {
      value: (...args: unknown[]) => {
        report.fellBack(name, "no wasm kernel yet");
        return methods[name].apply(reference, args);
      },
    });
  }
  return backend as unknown as WasmBackend;
}

/** A WebAssembly backend with a memory of its own, ready at once; kernels are compiled when they are first needed. Error: the engine lacks SIMD. */
export function createWasmBackend(options: EngineOptions = {}): WasmBackend {
  if (!hasSimd()) throw new Error("wasm: this engine has no WebAssembly SIMD; stay with the reference backend");
  const engine = new Engine(options);
  return completed(new Wasm(engine), engine.report);
}

let shared: WasmBackend | undefined;

/** The backend that `useWasm` installs; made when it is first asked for. */
export const wasm = (): WasmBackend => (shared ??= createWasmBackend());

/** Makes the CPU compute in WebAssembly, random numbers included; tells whether the engine can. Tensors that exist stay as they are. */
export function useWasm(): boolean {
  if (!hasSimd()) return false;
  const backend = wasm();
  cpu.setBackend(backend);
  useWordSource(backend.randomWords.bind(backend));
  return true;
}

/** `turbo()` of the backend that `useWasm` installs. */
export const turbo = (): TurboReport => wasm().turbo();

/** `setThreads` of the backend that `useWasm` installs. */
export const setThreads = (threads: number, options?: ThreadOptions): Promise<number> => wasm().setThreads(threads, options);

import { callSite, type Device, type DType, type Kernel, type MemoryReport, type View } from "@gradtape/core";
import type { Adapter, Program, Source } from "./adapter.ts";
import { gridOf } from "./grid.ts";
import { fits, join, type Later } from "./later.ts";
import { wholeMap } from "./map.ts";
import { Net } from "./net.ts";
import type { Sheet } from "./pool.ts";
import { GpuStorage } from "./storage.ts";

/** Integers beyond this are not all float32 numbers. */
const WHOLE_LIMIT = 2 ** 24;

/** Textures whose values the host has too: beyond these, the least recently used ones go. */
const MIRROR_LIMIT = 32;
const MIRROR_BYTES = 128 * 2 ** 20;

/** Compiled kernels that are kept; beyond, the least recently used one goes. */
const PROGRAM_LIMIT = 4000;

/** Kernels by key, storages, and launches from views to views. */
export class Engine {
  readonly #programs = new Map<string, Program>();
  /** Storages that could give their texture back without loss, the least recently used first. */
  readonly #mirrored = new Set<GpuStorage>();
  #mirroredBytes = 0;
  /** Launches by the family of the kernel. */
  readonly families = new Map<string, number>();

  readonly net: Net;
  readonly #trace: boolean;

  constructor(
    readonly adapter: Adapter,
    readonly device: Device,
    { trace }: { readonly trace: boolean },
  ) {
    this.net = new Net(adapter.pool);
    this.#trace = trace;
  }

  /** What the textures hold. */
  memory(): MemoryReport {
    const { pool } = this.adapter;
    const mirrored = this.#mirrored.size;
    return {
      blocks: pool.used - mirrored,
      bytes: pool.usedBytes - this.#mirroredBytes,
      mirrored,
      spare: pool.spareBytes,
      lost: this.net.lost,
    };
  }

  /** Memory for this many elements; a texture comes with the first write. */
  allocate(dtype: DType, length: number): GpuStorage {
    if (dtype === "float64")
      throw new TypeError('gpu: there is no float64 on this device; convert with .to("float32"), or compute on the CPU with .to(cpu)');
    gridOf(Math.max(1, length), this.adapter.limit);
    const storage = new GpuStorage(this.device, dtype, length, this.#trace ? callSite() : undefined);
    this.net.watch(storage);
    return storage;
  }

  /** Takes the texture back; a later read of the storage is an error. */
  free(storage: GpuStorage): void {
    if (storage.freed) return;
    storage.freed = true;
    this.#drop(storage);
    storage.mirror = undefined;
  }

  #drop(storage: GpuStorage): void {
    const { cell } = storage;
    if (cell.later !== undefined) this.adapter.pool.settle(cell.later.sheets);
    cell.later = undefined;
    if (this.#mirrored.delete(storage)) this.#mirroredBytes -= bytesOf(storage);
    if (storage.sheet !== undefined) this.adapter.pool.release(storage.sheet);
    storage.sheet = undefined;
  }

  /** The texture under a view, to be read. */
  sheetOf({ storage }: { readonly storage: unknown }): Sheet {
    if (!(storage instanceof GpuStorage) || storage.device !== this.device)
      throw new Error(`gpu: a tensor lives on ${String((storage as GpuStorage).device)}, not on ${this.device.name}; move it with .to(device)`);
    checkAlive(storage);
    this.#finish(storage);
    if (storage.sheet === undefined) {
      const sheet = this.adapter.pool.acquire(gridOf(Math.max(1, storage.length), this.adapter.limit));
      if (storage.mirror !== undefined) this.adapter.transfers.upload(sheet, storage.mirror);
      storage.sheet = sheet;
      if (storage.mirror !== undefined) this.#note(storage);
      return sheet;
    }
    if (this.#mirrored.delete(storage)) this.#mirrored.add(storage);
    return storage.sheet;
  }

  /**
   * Puts a formula off until somebody asks for its values: operations one after the other on large tensors become one launch, and what lies between them, if
   * nobody looks at it, is never written. Inputs lie as the output does, which is new.
   */
  defer(kernel: Kernel, inputs: readonly View[], uniforms: readonly number[], output: GpuStorage): void {
    this.adapter.check();
    checkAlive(output);
    const known = new Map<unknown, Sheet | Later>();
    for (const input of inputs) {
      const { storage } = input;
      if (known.has(storage)) continue;
      const later = storage instanceof GpuStorage && storage.device === this.device && !storage.freed ? storage.cell.later : undefined;
      const joins = later !== undefined && fits(later, countSheets(known) + inputs.length);
      if (joins) later.taken = true;
      known.set(storage, joins ? later : this.sheetOf(input));
    }
    const later = join(
      kernel,
      inputs.map(({ storage }) => known.get(storage) as Sheet | Later),
      uniforms,
    );
    this.adapter.pool.hold(later.sheets);
    output.cell.later = later;
  }

  /** Computes what was put off. */
  #finish(storage: GpuStorage): void {
    const { later } = storage.cell;
    if (later === undefined) return;
    const { key, make } = wholeMap(this, later.kernel, later.sheets.length, storage);
    const fresh = this.#launch("map", key, make, later.sheets, later.uniforms, [storage]);
    this.#replace(storage, fresh[0]);
  }

  /** Remembers that the host has the values too, and gives textures back that were not used for long. */
  #note(storage: GpuStorage): void {
    if (this.#mirrored.delete(storage)) this.#mirroredBytes -= bytesOf(storage);
    this.#mirrored.add(storage);
    this.#mirroredBytes += bytesOf(storage);
    for (const old of this.#mirrored) {
      if (this.#mirrored.size <= MIRROR_LIMIT && this.#mirroredBytes <= MIRROR_BYTES) break;
      if (old === storage || this.#mirrored.size <= 4) break;
      this.#drop(old);
    }
  }

  /** Gives a storage a new texture with its values; the host's copy no longer counts. */
  #replace(storage: GpuStorage, sheet: Sheet): void {
    checkAlive(storage);
    this.#drop(storage);
    storage.mirror = undefined;
    storage.sheet = sheet;
  }

  /** Uploads values over the whole storage; keeps them on the host as well. */
  upload(storage: GpuStorage, values: ArrayLike<number>): void {
    const copy = Float32Array.from(values);
    if (storage.dtype === "int32")
      for (let i = 0; i < copy.length; i++)
        if (copy[i] !== values[i] || Math.abs(values[i]) > WHOLE_LIMIT)
          throw new RangeError(
            `gpu: the integer ${values[i]} lies beyond 2^24, this device holds int32 as float32 numbers; keep the tensor on the CPU with .to(cpu)`,
          );
    if (copy.length === 0) return;
    const sheet = this.adapter.pool.acquire(gridOf(copy.length, this.adapter.limit));
    this.adapter.transfers.upload(sheet, copy);
    this.#replace(storage, sheet);
    storage.mirror = copy;
    this.#note(storage);
  }

  /** The values of a whole storage; waits for the GPU. */
  read(storage: GpuStorage): Float32Array {
    checkAlive(storage);
    if (storage.length === 0) return new Float32Array(0);
    if (storage.mirror === undefined) {
      storage.mirror = this.adapter.transfers.read(this.sheetOf({ storage }), storage.length);
      this.#note(storage);
    }
    return storage.mirror;
  }

  /** The same without blocking. */
  async readLater(storage: GpuStorage): Promise<Float32Array> {
    checkAlive(storage);
    if (storage.length === 0) return new Float32Array(0);
    if (storage.mirror !== undefined) return storage.mirror;
    const sheet = this.sheetOf({ storage });
    const values = await this.adapter.transfers.readLater(sheet, storage.length);
    if (storage.sheet === sheet && !storage.freed) {
      storage.mirror = values;
      this.#note(storage);
    }
    return values;
  }

  /**
   * Compiles once for each key, and runs; outputs get new textures, so that they may be inputs as well. Where the GPU draws into fewer textures than there are
   * outputs, each output is a launch of its own.
   */
  run(family: string, key: string, make: () => Source, inputs: readonly View[], uniforms: readonly number[], outputs: readonly GpuStorage[]): void {
    const sheets = inputs.map((input) => this.sheetOf(input));
    for (const output of outputs) checkAlive(output);
    const fresh = this.#launch(family, key, make, sheets, uniforms, outputs);
    outputs.forEach((output, k) => void this.#replace(output, fresh[k]));
  }

  #launch(
    family: string,
    key: string,
    make: () => Source,
    sheets: readonly Sheet[],
    uniforms: readonly number[],
    outputs: readonly GpuStorage[],
  ): Sheet[] {
    const full = `${family}:${key}:${sheets.map(sizeKey).join()}`;
    const together = outputs.length <= this.adapter.outputLimit;
    const alone = (k: number) => (): Source => {
      const source = make();
      return { ...source, results: [source.results[k]] };
    };
    const programs = together ? [this.#program(full, make, sheets)] : outputs.map((_, k) => this.#program(`${full};${k}`, alone(k), sheets));
    const grid = gridOf(outputs[0].length, this.adapter.limit);
    const fresh = outputs.map(() => this.adapter.pool.acquire(grid));
    for (const [k, program] of programs.entries()) this.adapter.launch(program, sheets, uniforms, together ? fresh : [fresh[k]]);
    this.families.set(family, (this.families.get(family) ?? 0) + 1);
    return fresh;
  }

  #program(key: string, make: () => Source, sheets: readonly Sheet[]): Program {
    const known = this.#programs.get(key);
    if (known !== undefined) return known;
    const program = this.adapter.compile(make(), sheets);
    this.#programs.set(key, program);
    if (this.#programs.size > PROGRAM_LIMIT) this.#forget();
    return program;
  }

  /** Lets a storage take over the texture of a scratch one. */
  adopt(storage: GpuStorage, scratch: GpuStorage): void {
    const { sheet } = scratch;
    if (sheet === undefined) throw new Error("gpu: nothing was written to adopt");
    scratch.sheet = undefined;
    scratch.freed = true;
    this.#replace(storage, sheet);
  }

  #forget(): void {
    const [oldest] = this.#programs.keys();
    const program = this.#programs.get(oldest);
    this.#programs.delete(oldest);
    if (program !== undefined) this.adapter.forget(program);
  }

  /** Room for a result that is needed for a moment; give it back with `free`. */
  scratch(dtype: DType, length: number): GpuStorage {
    return new GpuStorage(this.device, dtype, length);
  }
}

/** Textures that operands read. */
const countSheets = (operands: ReadonlyMap<unknown, Sheet | Later>): number =>
  [...operands.values()].reduce((sum, operand) => sum + ("kernel" in operand ? operand.sheets.length : 1), 0);

const sizeKey = (sheet: Sheet): string => `${sheet.width}x${sheet.height}`;

const bytesOf = (storage: GpuStorage): number => (storage.sheet === undefined ? 0 : 16 * storage.sheet.width * storage.sheet.height);

function checkAlive(storage: GpuStorage): void {
  if (storage.freed)
    throw new Error(
      "gpu: this tensor was freed; what backward(), noGrad(), scope() or a module made on the way goes when they end. Return it from there, or keep it with keep(tensor) before",
    );
}

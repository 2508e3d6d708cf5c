import type { Pool } from "./pool.ts";
import type { Cell, GpuStorage } from "./storage.ts";

/** Elements of a tensor too small to be worth a warning: losses that nobody reads. */
const SMALL = 4;

/** Frees, late, the textures of tensors that were collected before an owner freed them, and warns once for each place. */
export class Net {
  /** Textures that only the collector freed. */
  lost = 0;
  readonly #warned = new Set<string>();
  readonly #registry: FinalizationRegistry<Cell>;

  constructor(pool: Pool) {
    this.#registry = new FinalizationRegistry((cell) => {
      const sheet = cell.sheet ?? cell.later?.sheets[0];
      if (sheet === undefined) return;
      if (cell.later !== undefined) pool.settle(cell.later.sheets);
      else pool.release(sheet);
      this.lost++;
      this.#warn(cell, sheet.width * sheet.height * 4);
    });
  }

  /** Watches over a storage. */
  watch(storage: GpuStorage): void {
    this.#registry.register(storage, storage.cell);
  }

  #warn({ what, place }: Cell, elements: number): void {
    const where = place ?? what;
    if (elements <= SMALL || this.#warned.has(where)) return;
    this.#warned.add(where);
    console.warn(
      `gpu: the collector freed a tensor (${what}) that nobody had freed${place === undefined ? "; gpu({ trace: true }) tells where such tensors are made" : `, made at ${place}`}. Put the work into scope(() => …), or call dispose() on it`,
    );
  }
}

import type { Engine } from "../../engine.ts";

/** Memory that one call needs beside its operands: blocks and tables of offsets, all given back together. */
export class Scratch {
  readonly #engine: Engine;
  readonly #blocks: { readonly at: number; readonly bytes: number }[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The address of a block; its contents are undefined. */
  take(bytes: number): number {
    const at = this.#engine.store.borrow(bytes);
    this.#blocks.push({ at, bytes });
    return at;
  }

  /** The address of a block of zeros. */
  zeros(bytes: number): number {
    const at = this.take(bytes);
    this.#engine.heap.u8.fill(0, at, at + bytes);
    return at;
  }

  /** The address of a table of offsets in bytes, whose last one is repeated until whole groups of `multiple` are filled. */
  table(offsets: readonly number[], multiple = 1): number {
    const count = Math.ceil(offsets.length / multiple) * multiple;
    const at = this.take(4 * count);
    this.rewrite(at, offsets, multiple);
    return at;
  }

  /** Writes other offsets into a table, at most as many. */
  rewrite(at: number, offsets: readonly number[], multiple: number): void {
    const { i32 } = this.#engine.heap;
    const count = Math.ceil(offsets.length / multiple) * multiple;
    for (let i = 0; i < count; i++) i32[at / 4 + i] = offsets[Math.min(i, offsets.length - 1)];
  }

  /** Gives everything back. */
  release(): void {
    for (const { at, bytes } of this.#blocks) this.#engine.store.restore(at, bytes);
    this.#blocks.length = 0;
  }
}

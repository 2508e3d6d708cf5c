import { plainWords } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { philoxModule, SIDE_BY_SIDE } from "./philox.ts";

const TWO_32 = 2 ** 32;

/** Fewer blocks do not pay for a call. */
const FEWEST = 4;

/** Random words, the same as core's own. */
export class RandomWords {
  readonly #engine: Engine;
  #words: ((...args: number[]) => number) | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Forgets the compiled kernel. */
  reset(): void {
    this.#words = undefined;
  }

  /** `WordSource` of core: so many blocks of four words, from a block on. */
  draw(words: Uint32Array, blocks: number, first: number, seed: number): void {
    const { heap, arenaAt, arenaEnd } = this.#engine;
    const block = first % TWO_32;
    const padded = Math.ceil(blocks / SIDE_BY_SIDE) * SIDE_BY_SIDE;
    if (blocks < FEWEST || block + padded > TWO_32 || arenaAt + 16 * padded > arenaEnd) return plainWords(words, blocks, first, seed);
    this.#words ??= this.#engine.instantiate(philoxModule(heap)).words;
    this.#words(arenaAt, padded / SIDE_BY_SIDE, block, Math.floor(first / TWO_32), seed, Math.floor(seed / TWO_32));
    const at = arenaAt / 4;
    for (let i = 0; i < 4 * blocks; i++) words[i] = heap.i32[at + i];
  }
}

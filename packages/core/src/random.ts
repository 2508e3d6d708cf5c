import { drawWords } from "./philox.ts";

const TWO_32 = 0x1_0000_0000;
const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const highWord = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/** 1/21, 1/19, … 1. */
const reciprocals = Float64Array.from({ length: 11 }, (_, k) => 1 / (21 - 2 * k));

/** Natural logarithm from + - * / alone, so that every engine gives the same bits; the atanh series after range reduction. */
function log(x: number): number {
  float[0] = x;
  let exponent = ((words[highWord] >>> 20) & 0x7ff) - 1023;
  words[highWord] = (words[highWord] & 0x000f_ffff) | 0x3ff0_0000;
  let mantissa = float[0];
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  let series = 0;
  for (let k = 0; k < reciprocals.length; k++) series = series * square + reciprocals[k];
  return exponent * Math.LN2 + 2 * s * series;
}

/** The most words that a generator draws ahead. */
const MOST_WORDS = 1024;

/** 53 bits of two words as a number on [0, 1). */
const fraction = (high: number, low: number): number => ((high >>> 5) * 67108864 + (low >>> 6)) / 9007199254740992;

/** Where a generator stands: plain numbers, ready for a checkpoint. */
export interface GeneratorState {
  readonly seed: number;
  /** 32-bit words drawn so far. */
  readonly drawn: number;
  /** The second number of the last normal pair, when it is still to be handed out. */
  readonly spare: number | null;
}

/**
 * The one source of randomness: the counter-based Philox 4x32-10. The same seed gives the same numbers on every machine and engine, because only
 * exactly rounded arithmetic is used (normal numbers: Marsaglia & Bray 1964's polar method with a logarithm from + - * /).
 */
export class Generator {
  #seed = 0;
  #drawn = 0;
  /** Words that are ready, the first of them by its number, and how many. */
  #words = new Uint32Array(4);
  #first = 0;
  #ready = 0;
  #spare: number | null = null;

  /** @param seed an integer from 0 to 2^53 - 1. */
  constructor(seed = 0) {
    this.manualSeed(seed);
  }

  /** Starts again from this seed. */
  manualSeed(seed: number): this {
    if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`Generator: a seed is an integer from 0 to 2^53 - 1, got ${seed}`);
    this.#seed = seed;
    this.#drawn = 0;
    this.#ready = 0;
    this.#spare = null;
    return this;
  }

  /** The next 32 random bits, as an unsigned integer. */
  word(): number {
    let at = this.#drawn - this.#first;
    if (at < 0 || at >= this.#ready) {
      this.#draw();
      at = this.#drawn - this.#first;
    }
    this.#drawn++;
    return this.#words[at];
  }

  /** Draws ahead: more each time that all was used, so that few numbers cost little and many are drawn fast. */
  #draw(): void {
    const first = 4 * Math.floor(this.#drawn / 4);
    const goesOn = this.#ready > 0 && this.#drawn === this.#first + this.#ready;
    if (goesOn && this.#words.length < MOST_WORDS) this.#words = new Uint32Array(4 * this.#words.length);
    drawWords(this.#words, this.#words.length / 4, first / 4, this.#seed);
    this.#first = first;
    this.#ready = this.#words.length;
  }

  /** The next words, as many as a list holds: faster than one by one. */
  words(list: Uint32Array): void {
    let at = 0;
    while (at < list.length && this.#drawn % 4 !== 0) list[at++] = this.word();
    while (list.length - at >= 4) {
      const count = Math.min(MOST_WORDS, 4 * Math.floor((list.length - at) / 4));
      drawWords(list.subarray(at, at + count), count / 4, this.#drawn / 4, this.#seed);
      this.#drawn += count;
      at += count;
    }
    while (at < list.length) list[at++] = this.word();
  }

  /** Uniform on [0, 1) with 53 random bits, as many as a list holds: the same as one by one, faster. */
  randoms(list: Float32Array | Float64Array): void {
    const words = new Uint32Array(MOST_WORDS);
    for (let start = 0; start < list.length; start += MOST_WORDS / 2) {
      const count = Math.min(list.length - start, MOST_WORDS / 2);
      this.words(count === MOST_WORDS / 2 ? words : words.subarray(0, 2 * count));
      for (let i = 0; i < count; i++) list[start + i] = fraction(words[2 * i], words[2 * i + 1]);
    }
  }

  /** Uniform on [0, 1) with 53 random bits. */
  random(): number {
    const high = this.word();
    return fraction(high, this.word());
  }

  /** Standard normal. */
  normal(): number {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return spare;
    }
    for (;;) {
      const u = 2 * this.random() - 1;
      const v = 2 * this.random() - 1;
      const radius = u * u + v * v;
      if (radius >= 1 || radius === 0) continue;
      const scale = Math.sqrt((-2 * log(radius)) / radius);
      this.#spare = v * scale;
      return u * scale;
    }
  }

  /** Uniform integer from 0 to `high` - 1, without modulo bias. */
  integer(high: number): number {
    if (!Number.isSafeInteger(high) || high < 1) throw new RangeError(`Generator.integer: high is an integer of at least 1, got ${high}`);
    if (high > TWO_32) return Math.floor(this.random() * high);
    const limit = TWO_32 - (TWO_32 % high);
    let draw = this.word();
    while (draw >= limit) draw = this.word();
    return draw % high;
  }

  /** A random order of 0 … n-1 (Fisher and Yates, Durstenfeld 1964). */
  permutation(n: number): Int32Array {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    return order;
  }

  /** The state, to be saved. */
  state(): GeneratorState {
    return { seed: this.#seed, drawn: this.#drawn, spare: this.#spare };
  }

  /** Continues from a saved state; an error when it is not one. */
  setState(state: GeneratorState): this {
    const { seed, drawn, spare } = state ?? {};
    if (!Number.isSafeInteger(drawn) || drawn < 0 || !(spare === null || typeof spare === "number"))
      throw new TypeError("Generator.setState: expected { seed, drawn, spare } as state() gives it");
    this.manualSeed(seed);
    this.#drawn = drawn;
    this.#spare = spare;
    return this;
  }
}

/** The generator from which everything draws that is not given one of its own. */
export const defaultGenerator: Generator = new Generator(0);

/** Seeds the default generator. */
export function manualSeed(seed: number): Generator {
  return defaultGenerator.manualSeed(seed);
}

const TWO_32 = 0x1_0000_0000;
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** Upper 32 bits of the 64-bit product of two unsigned 32-bit numbers, from products of halves that fit into 32 bits. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = Math.imul(aLow, bLow) >>> 16;
  const middle = (Math.imul(aHigh, bLow) + low) >>> 0;
  const across = (Math.imul(aLow, bHigh) + (middle & 0xffff)) >>> 0;
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (across >>> 16)) >>> 0;
}

/**
 * Philox 4x32 with 10 rounds: four random words from a counter and a key.
 * Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", section 4.3.
 */
export function philox(counter: readonly [number, number, number, number], key: readonly [number, number]): [number, number, number, number] {
  const words = Uint32Array.from(counter);
  scramble(words, key[0], key[1]);
  return [words[0], words[1], words[2], words[3]];
}

/** Philox in place: a new list of large numbers for every four of them would keep the collector busy. */
function scramble(words: Uint32Array, key0: number, key1: number): void {
  // One by one: taking a typed array apart goes through its iterator.
  let c0 = words[0];
  let c1 = words[1];
  let c2 = words[2];
  let c3 = words[3];
  let k0 = key0;
  let k1 = key1;
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(M0, c0);
    const high1 = mulHigh(M1, c2);
    const low0 = Math.imul(M0, c0) >>> 0;
    const low1 = Math.imul(M1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c1 = low1;
    c3 = low0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const highWord = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

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
  for (let k = 21; k >= 1; k -= 2) series = series * square + 1 / k;
  return exponent * Math.LN2 + 2 * s * series;
}

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
  readonly #block = new Uint32Array(4);
  #blockIndex = -1;
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
    this.#blockIndex = -1;
    this.#spare = null;
    return this;
  }

  /** The next 32 random bits, as an unsigned integer. */
  word(): number {
    const index = Math.floor(this.#drawn / 4);
    if (index !== this.#blockIndex) {
      this.#block[0] = index >>> 0;
      this.#block[1] = Math.floor(index / TWO_32) >>> 0;
      this.#block[2] = this.#block[3] = 0;
      scramble(this.#block, this.#seed >>> 0, Math.floor(this.#seed / TWO_32));
      this.#blockIndex = index;
    }
    return this.#block[this.#drawn++ % 4];
  }

  /** Uniform on [0, 1) with 53 random bits. */
  random(): number {
    const high = this.word() >>> 5;
    return (high * 67108864 + (this.word() >>> 6)) / 9007199254740992;
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

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

/** Writes the words of so many blocks of four, from a block on; the block counts up, the seed is the key. Both are below 2^53. */
export type WordSource = (words: Uint32Array, blocks: number, first: number, seed: number) => void;

const own = new Uint32Array(4);

/** The words, computed by this module: what every other source must give too. */
export const plainWords: WordSource = (words, blocks, first, seed) => {
  for (let k = 0; k < blocks; k++) {
    own[0] = (first + k) >>> 0;
    own[1] = Math.floor((first + k) / TWO_32) >>> 0;
    own[2] = own[3] = 0;
    scramble(own, seed >>> 0, Math.floor(seed / TWO_32));
    for (let i = 0; i < 4; i++) words[4 * k + i] = own[i];
  }
};

let source = plainWords;

/** Makes a faster source of the same words the one that all generators use. */
export function useWordSource(faster: WordSource): void {
  source = faster;
}

/** The words of the source in use. */
export const drawWords: WordSource = (words, blocks, first, seed) => source(words, blocks, first, seed);

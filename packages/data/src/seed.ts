/**
 * Seed of an independent random stream: mixes a seed with the numbers that name the stream (an epoch, a split, a sample), so that any stream can be opened alone.
 * Returns an integer in [0, 2^53). The mixing is MurmurHash3's 32-bit finaliser (Appleby 2011), integer arithmetic only, equal on every machine.
 */
export function streamSeed(seed: number, ...path: readonly number[]): number {
  let low = 0x9e3779b9;
  let high = 0x85ebca6b;
  for (const part of [seed, ...path]) {
    if (!Number.isSafeInteger(part)) throw new RangeError(`streamSeed: seeds are integers within ±2^53, found ${part}; round it first`);
    low = finalise(low ^ part);
    high = finalise(high ^ Math.floor(part / 0x100000000) ^ low);
    low = finalise(low + high);
  }
  return (high & 0x1fffff) * 0x100000000 + (low >>> 0);
}

function finalise(h: number): number {
  const once = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return twice ^ (twice >>> 16);
}

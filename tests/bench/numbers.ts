const LENGTH = 1 << 20;
let stream: Float32Array | undefined;

/** 2^20 numbers in [0, 1), multiples of 2^-24, the same on every machine (Tommy Ettinger's mulberry32, seed 1): the input of every workload. */
export function numbers(): Float32Array {
  if (stream !== undefined) return stream;
  let state = 1;
  return (stream = Float32Array.from({ length: LENGTH }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 8) / 2 ** 24;
  }));
}

/** `count` of the numbers from `offset` on, beginning again at the end, each changed by `change`. */
export function take(count: number, offset = 0, change?: (u: number) => number): Float32Array {
  const all = numbers();
  const taken = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const u = all[(offset + i) % LENGTH];
    taken[i] = change === undefined ? u : change(u);
  }
  return taken;
}

/** Where the second and third operand of a workload begin in the stream. */
export const SECOND = 333_333;
export const THIRD = 666_666;

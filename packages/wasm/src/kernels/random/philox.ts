import { type Code, type FunctionBuilder, i32, i32x4, i64x2, type Local, ModuleBuilder, v128 } from "../../assembler/index.ts";

const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
const WEYL = [0x9e3779b9, 0xbb67ae85] as const;
const ROUNDS = 10;

/** Blocks of four words that are computed side by side. */
export const SIDE_BY_SIDE = 4;

/**
 * A module with `words(at, groups, block, blockHigh, key0, key1)`: Philox 4x32-10 (Salmon et al. 2011, section 4.3), the words of so many groups of four blocks
 * whose counters go up from a number in two halves; the lower half must not overflow.
 */
export function philoxModule(options: { readonly shared: boolean }): ModuleBuilder {
  const module = new ModuleBuilder(options);
  module.function("words", ["i32", "i32", "i32", "i32", "i32", "i32"], [], writeWords);
  return module;
}

function writeWords(f: FunctionBuilder): void {
  const [at, groups, block, blockHigh, key0, key1] = f.parameters;
  const multipliers = MULTIPLIERS.map((multiplier) => f.constant("i32x4", multiplier | 0));
  const counter = f.let("v128", v128.zero);
  for (let lane = 0; lane < SIDE_BY_SIDE; lane++) f.emit(counter.set(i32x4.withLane(counter, lane, i32.add(block, i32.const(lane)))));
  const high = f.let("v128", i32x4.splat(blockHigh));
  const keys = [key0, key1].map((key, k) =>
    Array.from({ length: ROUNDS }, (_, round) => f.let("v128", i32x4.splat(i32.add(key, i32.const(Math.imul(round, WEYL[k])))))),
  );
  f.countDown(groups, () => {
    let words: Code[] = [counter, high, v128.zero, v128.zero];
    for (let round = 0; round < ROUNDS; round++) {
      const [first, second] = [product(f, words[0], multipliers[0]), product(f, words[2], multipliers[1])];
      const mixed = (top: Local, word: Code, k: number): Local => f.let("v128", v128.xor(v128.xor(top, word), keys[k][round]));
      words = [mixed(second.high, words[1], 0), second.low, mixed(first.high, words[3], 1), first.low];
    }
    transposed(f, words).forEach((line, k) => void f.emit(v128.store(at, line, 16 * k)));
    f.advance(at, 16 * SIDE_BY_SIDE);
    f.emit(counter.set(i32x4.add(counter, f.constant("i32x4", SIDE_BY_SIDE))));
  });
}

/** The halves of the products of unsigned words, lane by lane. */
function product(f: FunctionBuilder, a: Code, b: Code): { readonly low: Local; readonly high: Local } {
  const [left, right] = [f.let("v128", i64x2.multiplyLowU(a, b)), f.let("v128", i64x2.multiplyHighU(a, b))];
  return { low: f.let("v128", v128.shuffle(left, right, [0, 2, 4, 6])), high: f.let("v128", v128.shuffle(left, right, [1, 3, 5, 7])) };
}

/** Rows for columns. */
function transposed(f: FunctionBuilder, [a, b, c, d]: readonly Code[]): Local[] {
  const [ab, cd] = [f.let("v128", v128.shuffle(a, b, [0, 4, 1, 5])), f.let("v128", v128.shuffle(c, d, [0, 4, 1, 5]))];
  const [AB, CD] = [f.let("v128", v128.shuffle(a, b, [2, 6, 3, 7])), f.let("v128", v128.shuffle(c, d, [2, 6, 3, 7]))];
  const pairs = [
    [ab, cd],
    [AB, CD],
  ] as const;
  return pairs.flatMap(([x, y]) => [f.let("v128", v128.shuffle(x, y, [0, 1, 4, 5])), f.let("v128", v128.shuffle(x, y, [2, 3, 6, 7]))]);
}

import type { DType } from "@gradtape/core";
import { type Code, type FunctionBuilder, i32, type Local, ModuleBuilder, v128 } from "../../assembler/index.ts";
import { keyOf, wordsOf } from "./keys.ts";

/** Words of the description that a sort reads; steps are in bytes, counts at least 1, `flip` is -1 to sort from the largest, else 0. */
export const sortWords = ["from", "to", "lines", "fromLine", "toLine", "count", "fromStep", "toStep", "scratch", "flip"] as const;

type Words = { readonly [W in (typeof sortWords)[number]]: Local };

const BUCKETS = 256;
/** Shorter lines are sorted by insertion. */
const SHORT = 24;

/** Bytes of a key and the index that goes with it. */
const recordBytes = (dtype: DType): number => 4 * (wordsOf(dtype) + 1);
const histogramBytes = (dtype: DType): number => 4 * wordsOf(dtype) * 4 * BUCKETS;

/** Bytes of scratch memory that a line of so many elements takes. */
export const scratchBytes = (dtype: DType, count: number): number => histogramBytes(dtype) + 2 * count * recordBytes(dtype);

/** Stable sorting of lines by radix, a byte at a time from the lowest: `run(description)` writes the indices. */
export function sortModule(dtype: DType, options: { readonly shared: boolean }): ModuleBuilder {
  const module = new ModuleBuilder(options);
  module.function("run", ["i32"], [], (f) => {
    const words = Object.fromEntries(sortWords.map((name, index) => [name, f.hoist("i32", i32.load(f.parameters[0], 4 * index))])) as Words;
    f.countDown(words.lines, () => {
      const histogram = words.scratch;
      const records = f.let("i32", i32.add(histogram, i32.const(histogramBytes(dtype))));
      const length = f.let("i32", i32.mul(words.count, i32.const(recordBytes(dtype))));
      const spare = f.let("i32", i32.add(records, length));
      const short = f.let("i32", i32.ltU(words.count, i32.const(SHORT)));
      clear(f, histogram, histogramBytes(dtype));
      readLine(f, dtype, words, records, histogram);
      f.if(
        short,
        () => insert(f, dtype, records, words.count),
        () => {
          for (let digit = 0; digit < 4 * wordsOf(dtype); digit++) distribute(f, dtype, digit, { records, spare, count: words.count, histogram });
        },
      );
      writeLine(f, dtype, words, records);
      f.advance(words.from, words.fromLine);
      f.advance(words.to, words.toLine);
    });
  });
  return module;
}

function clear(f: FunctionBuilder, at: Local, bytes: number): void {
  const pointer = f.let("i32", at);
  const left = f.let("i32", i32.const(bytes / 64));
  f.countDown(left, () => {
    for (let offset = 0; offset < 64; offset += 16) f.emit(v128.store(pointer, v128.zero, offset));
    f.advance(pointer, 64);
  });
}

/** The byte of a key that a digit is. */
const digitOf = (word: Code, digit: number): Code => i32.and(i32.shrU(word, i32.const(8 * (digit % 4))), i32.const(255));

/** The counter of a bucket in the histogram of a digit. */
const counterOf = (f: FunctionBuilder, histogram: Local, digit: number, bucket: Code): Local =>
  f.let("i32", i32.add(i32.add(histogram, i32.const(4 * BUCKETS * digit)), i32.shl(bucket, i32.const(2))));

/** Makes the records of a line, and counts their digits. */
function readLine(f: FunctionBuilder, dtype: DType, words: Words, records: Local, histogram: Local): void {
  const [from, record, index] = [f.let("i32", words.from), f.let("i32", records), f.let("i32", i32.const(0))];
  f.doWhile(
    () => {
      keyOf(f, dtype, from).forEach((word, k) => {
        const key = f.let("i32", i32.xor(word, words.flip));
        f.emit(i32.store(record, key, 4 * k));
        for (let digit = 4 * k; digit < 4 * k + 4; digit++) {
          const counter = counterOf(f, histogram, digit, digitOf(key, digit));
          f.emit(i32.store(counter, i32.add(i32.load(counter), i32.const(1))));
        }
      });
      f.emit(i32.store(record, index, recordBytes(dtype) - 4));
      f.advance(from, words.fromStep);
      f.advance(record, recordBytes(dtype));
      f.advance(index, 1);
    },
    () => i32.ltU(index, words.count),
  );
}

interface Line {
  readonly records: Local;
  readonly spare: Local;
  readonly count: Local;
  readonly histogram: Local;
}

/** Sorts records by one digit, from one half of the scratch memory to the other, which change their roles; nothing to do where all have the same. */
function distribute(f: FunctionBuilder, dtype: DType, digit: number, { records, spare, count, histogram }: Line): void {
  const bytes = recordBytes(dtype);
  const word = 4 * (digit >> 2);
  const first = counterOf(f, histogram, digit, digitOf(i32.load(records, word), digit));
  f.if(i32.ne(i32.load(first), count), () => {
    const counter = counterOf(f, histogram, digit, i32.const(0));
    const [left, place] = [f.let("i32", i32.const(BUCKETS)), f.let("i32", spare)];
    f.countDown(left, () => {
      const size = f.let("i32", i32.load(counter));
      f.emit(i32.store(counter, place));
      f.advance(place, i32.mul(size, i32.const(bytes)));
      f.advance(counter, 4);
    });
    const [record, rest] = [f.let("i32", records), f.let("i32", count)];
    f.countDown(rest, () => {
      const bucket = counterOf(f, histogram, digit, digitOf(i32.load(record, word), digit));
      const target = f.let("i32", i32.load(bucket));
      for (let offset = 0; offset < bytes; offset += 4) f.emit(i32.store(target, i32.load(record, offset), offset));
      f.emit(i32.store(bucket, i32.add(target, i32.const(bytes))));
      f.advance(record, bytes);
    });
    const other = f.let("i32", records);
    f.emit(records.set(spare), spare.set(other));
  });
}

/** Sorts a few records where they are. */
function insert(f: FunctionBuilder, dtype: DType, records: Local, count: Local): void {
  const bytes = recordBytes(dtype);
  const end = f.let("i32", i32.add(records, i32.mul(count, i32.const(bytes))));
  const next = f.let("i32", i32.add(records, i32.const(bytes)));
  const offsets = Array.from({ length: bytes / 4 }, (_, k) => 4 * k);
  f.while(
    () => i32.ltU(next, end),
    () => {
      const held = offsets.map((offset) => f.let("i32", i32.load(next, offset)));
      const hole = f.let("i32", next);
      const above = (): Code => {
        const before = (k: number): Code => i32.load(i32.sub(hole, i32.const(bytes)), 4 * k);
        const larger =
          held.length === 2
            ? i32.ltU(held[0], before(0))
            : i32.or(i32.ltU(held[1], before(1)), i32.and(i32.eq(held[1], before(1)), i32.ltU(held[0], before(0))));
        return i32.and(i32.ltU(records, hole), larger);
      };
      f.while(above, () => {
        for (const offset of offsets) f.emit(i32.store(hole, i32.load(i32.sub(hole, i32.const(bytes)), offset), offset));
        f.advance(hole, -bytes);
      });
      held.forEach((word, k) => void f.emit(i32.store(hole, word, 4 * k)));
      f.advance(next, bytes);
    },
  );
}

function writeLine(f: FunctionBuilder, dtype: DType, words: Words, records: Local): void {
  const [record, to, left] = [f.let("i32", records), f.let("i32", words.to), f.let("i32", words.count)];
  f.countDown(left, () => {
    f.emit(i32.store(to, i32.load(record, recordBytes(dtype) - 4)));
    f.advance(record, recordBytes(dtype));
    f.advance(to, words.toStep);
  });
}

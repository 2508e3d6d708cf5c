import type { DType } from "@gradtape/core";
import { type FunctionBuilder, i32, type Local, ModuleBuilder, select, v128 } from "../../assembler/index.ts";
import { bytesOf } from "../../memory/heap.ts";
import { type Place, type Portion, read, type Step, write } from "../elementwise/access.ts";
import { type Lanes, VectorCode } from "../elementwise/lanes.ts";
import { Accumulator, type Fold } from "./accumulator.ts";

/**
 * Words of the description that a fold reads; steps are in bytes, all counts at least 1. Columns are folded so many elements of each, a `block`, at a time;
 * what they amount to so far waits at `partial`, a number of the lanes' width for each, and a vector at the end. Where there are `ahead`, so many lines of the cache of
 * each row of a block are read before; what they held is left at `seen`.
 */
export const foldWords = [
  "input",
  "output",
  "rows",
  "inputRow",
  "outputRow",
  "columns",
  "inputColumn",
  "outputColumn",
  "count",
  "inputStep",
  "block",
  "partial",
  "partialColumn",
  "ahead",
  "seen",
] as const;

/** The words of a description. */
export type Words = { readonly [W in (typeof foldWords)[number]]: Local };

/** What a compiled fold depends on. */
export interface FoldClass {
  readonly fold: Fold;
  readonly lanes: Lanes;
  readonly input: DType;
  readonly output: DType;
  /** Whether each row of elements is folded to one, or columns next to one another are folded side by side. */
  readonly along: "rows" | "columns";
  /** How the elements that one vector takes lie. */
  readonly step: Step;
}

/** Vectors that are folded beside one another: of a row, and of neighbouring columns, where they fill a line of the cache. Extrema need two variables each. */
const WIDE = 8;
const NARROW = 4;

/** Bytes of a line of the cache. */
export const LINE = 64;

/** Whether a sum's elements are converted to double precision. */
const converts = (fold: Fold, input: DType): boolean => fold === "sum" && input !== "float64";

/** Of what a module is made beside its class. */
export interface FoldOptions {
  readonly shared: boolean;
  /** Whether multiply-adds are fused. */
  readonly fused: boolean;
}

/** One fold: `run(description)`. */
export function foldModule(kind: FoldClass, options: FoldOptions): ModuleBuilder {
  const module = new ModuleBuilder(options);
  module.function("run", ["i32"], [], (f) => {
    const words = Object.fromEntries(foldWords.map((name, index) => [name, f.hoist("i32", i32.load(f.parameters[0], 4 * index))])) as Words;
    const writeRow = kind.along === "rows" ? foldRow : foldColumns;
    f.countDown(words.rows, () => {
      writeRow(f, kind, words, options.fused);
      f.advance(words.input, words.inputRow);
      f.advance(words.output, words.outputRow);
    });
  });
  return module;
}

const whole = (group: number): Portion => ({ whole: true, group });
const one: Portion = { whole: false, group: 0 };

/**
 * Whether vectors are added by multiply-adds. These take longer, but not the parts of an x64 processor that converting takes: where several sums grow at a
 * time, more is done at once.
 */
const byProduct = (v: VectorCode, fold: Fold, input: DType, sums: number): boolean => v.fused && converts(fold, input) && sums > 1;

function foldRow(f: FunctionBuilder, { fold, lanes, input, output, step }: FoldClass, words: Words, fused: boolean): void {
  const v = new VectorCode(f, lanes, fused, lanes.count, new Map());
  const total = gather(v, fold, { dtype: input, step, pointer: words.input, stride: words.inputStep }, words.count);
  write(v, { dtype: output, step: "unit", pointer: words.output, stride: undefined }, { code: total.result(), mask: false }, one);
}

/** What so many elements of a row amount to, in the first lane. */
export function gather(v: VectorCode, fold: Fold, row: Place, count: Local): Accumulator {
  const { f, lanes } = v;
  const place = { ...row, pointer: f.let("i32", row.pointer) };
  const advance = (elements: number): void =>
    f.advance(place.pointer, row.step === "unit" ? elements * bytesOf[row.dtype] : i32.mul(row.stride as Local, i32.const(elements)));
  const left = f.let("i32", count);
  const parts = converts(fold, row.dtype) ? WIDE : NARROW;
  const sums = Array.from({ length: parts }, () => new Accumulator(v, fold));
  for (const groups of [parts, 1]) {
    const elements = groups * lanes.count;
    const enough = () => i32.geU(left, i32.const(elements));
    f.while(enough, () => {
      for (let g = 0; g < groups; g++) sums[g].add(read(v, place, whole(g)), byProduct(v, fold, row.dtype, groups));
      advance(elements);
      f.emit(left.set(i32.sub(left, i32.const(elements))));
    });
  }
  for (let apart = parts / 2; apart >= 1; apart /= 2) for (let g = 0; g < apart; g++) sums[g].merge(sums[g + apart]);
  const [total] = sums;
  total.foldLanes();
  f.if(left, () =>
    f.countDown(left, () => {
      total.add(read(v, place, one));
      advance(1);
    }),
  );
  return total;
}

function foldColumns(f: FunctionBuilder, { fold, lanes, input, output, step }: FoldClass, words: Words, fused: boolean): void {
  const v = new VectorCode(f, lanes, fused, lanes.count, new Map());
  const [start, left] = [f.let("i32", words.input), f.let("i32", words.count)];
  const together = fold === "max" || fold === "min" ? NARROW : WIDE;
  const source: Place = { dtype: input, step: "unit", pointer: f.local("i32"), stride: undefined };
  f.doWhile(
    () => {
      const count = f.let("i32", select(words.block, left, i32.ltU(words.block, left)));
      const [begins, ends] = [f.let("i32", i32.eq(left, words.count)), f.let("i32", i32.eq(left, count))];
      f.if(words.ahead, () => readAhead(f, start, count, words));
      const [from, to, partial, columns] = [start, words.output, words.partial, words.columns].map((word) => f.let("i32", word));
      const target: Place = { dtype: output, step, pointer: to, stride: words.outputColumn };
      const rest = f.local("i32");
      for (const portions of [Array.from({ length: together }, (_, g) => whole(g)), [whole(0)], [one]]) {
        const width = portions[0].whole ? portions.length * lanes.count : 1;
        const enough = () => i32.geU(columns, i32.const(width));
        f.while(enough, () => {
          const sums = portions.map(() => new Accumulator(v, fold));
          f.if(i32.eqz(begins), () => sums.forEach((sum, g) => void sum.resume(v128.load(partial, 16 * g))));
          f.emit(source.pointer.set(from), rest.set(count));
          f.countDown(rest, () => {
            portions.forEach((portion, g) => void sums[g].add(read(v, source, portion), byProduct(v, fold, input, portions.length)));
            f.advance(source.pointer, words.inputStep);
          });
          const results = sums.map((sum) => sum.result());
          f.if(
            ends,
            () => portions.forEach((portion, g) => void write(v, target, { code: results[g], mask: false }, portion)),
            () => results.forEach((result, g) => void f.emit(v128.store(partial, result, 16 * g))),
          );
          f.advance(from, width * bytesOf[input]);
          f.advance(to, i32.mul(words.outputColumn, i32.const(width)));
          f.advance(partial, 16 * portions.length);
          f.emit(columns.set(i32.sub(columns, i32.const(width))));
        });
      }
      f.advance(start, i32.mul(words.inputStep, count));
      f.emit(left.set(i32.sub(left, count)));
    },
    () => left,
  );
}

/**
 * Reads a number of every line of the cache of a block, row by row: processors fetch ahead what is read in order, and not what is read column by column. What was
 * read is left somewhere, or engines would not read it.
 */
function readAhead(f: FunctionBuilder, start: Local, count: Local, { ahead, inputStep }: Words): void {
  const [row, left, at, lines, seen] = [f.let("i32", start), f.let("i32", count), f.local("i32"), f.local("i32"), f.let("i32", i32.const(0))];
  f.countDown(left, () => {
    f.emit(at.set(row), lines.set(ahead));
    f.countDown(lines, () => {
      f.emit(seen.set(i32.or(seen, i32.load8U(at))));
      f.advance(at, LINE);
    });
    f.advance(row, inputStep);
  });
  f.emit(i32.store(f.parameters[0], seen, 4 * foldWords.indexOf("seen")));
}

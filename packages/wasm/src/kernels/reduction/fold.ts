import type { DType } from "@gradtape/core";
import { type FunctionBuilder, i32, type Local, ModuleBuilder } from "../../assembler/index.ts";
import { bytesOf } from "../../memory/heap.ts";
import { type Place, type Portion, read, type Step, write } from "../elementwise/access.ts";
import { type Lanes, VectorCode } from "../elementwise/lanes.ts";
import { Accumulator, type Fold } from "./accumulator.ts";

/** Words of the description that a fold reads; steps are in bytes, all counts at least 1. */
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
] as const;

type Words = { readonly [W in (typeof foldWords)[number]]: Local };

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

/** Vectors of a row that are folded apart. */
const PARTS = 4;
/** Vectors of neighbouring columns: of single precision, a whole line of the cache. */
const GROUPS = 8;

/** One fold: `run(description)`. */
export function foldModule(kind: FoldClass, options: { readonly shared: boolean }): ModuleBuilder {
  const module = new ModuleBuilder(options);
  module.function("run", ["i32"], [], (f) => {
    const words = Object.fromEntries(foldWords.map((name, index) => [name, f.hoist("i32", i32.load(f.parameters[0], 4 * index))])) as Words;
    const writeRow = kind.along === "rows" ? foldRow : foldColumns;
    f.countDown(words.rows, () => {
      writeRow(f, kind, words);
      f.advance(words.input, words.inputRow);
      f.advance(words.output, words.outputRow);
    });
  });
  return module;
}

const whole = (group: number): Portion => ({ whole: true, group });
const one: Portion = { whole: false, group: 0 };

function foldRow(f: FunctionBuilder, { fold, lanes, input, output, step }: FoldClass, words: Words): void {
  const v = new VectorCode(f, lanes, false, lanes.count, new Map());
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
  const sums = Array.from({ length: PARTS }, () => new Accumulator(v, fold));
  for (const groups of [PARTS, 1]) {
    const elements = groups * lanes.count;
    const enough = () => i32.geU(left, i32.const(elements));
    f.while(enough, () => {
      for (let g = 0; g < groups; g++) sums[g].add(read(v, place, whole(g)));
      advance(elements);
      f.emit(left.set(i32.sub(left, i32.const(elements))));
    });
  }
  for (let apart = PARTS / 2; apart >= 1; apart /= 2) for (let g = 0; g < apart; g++) sums[g].merge(sums[g + apart]);
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

function foldColumns(f: FunctionBuilder, { fold, lanes, input, output, step }: FoldClass, words: Words): void {
  const v = new VectorCode(f, lanes, false, lanes.count, new Map());
  const [from, to, left, rest] = [f.let("i32", words.input), f.let("i32", words.output), f.let("i32", words.columns), f.local("i32")];
  const source: Place = { dtype: input, step: "unit", pointer: f.local("i32"), stride: undefined };
  const target: Place = { dtype: output, step, pointer: to, stride: words.outputColumn };
  for (const portions of [Array.from({ length: GROUPS }, (_, g) => whole(g)), [whole(0)], [one]]) {
    const columns = portions[0].whole ? portions.length * lanes.count : 1;
    const enough = () => i32.geU(left, i32.const(columns));
    f.while(enough, () => {
      const sums = portions.map(() => new Accumulator(v, fold));
      f.emit(source.pointer.set(from), rest.set(words.count));
      f.countDown(rest, () => {
        portions.forEach((portion, g) => void sums[g].add(read(v, source, portion)));
        f.advance(source.pointer, words.inputStep);
      });
      portions.forEach((portion, g) => void write(v, target, { code: sums[g].result(), mask: false }, portion));
      f.advance(from, columns * bytesOf[input]);
      f.advance(to, i32.mul(words.outputColumn, i32.const(columns)));
      f.emit(left.set(i32.sub(left, i32.const(columns))));
    });
  }
}

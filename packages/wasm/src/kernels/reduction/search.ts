import type { DType } from "@gradtape/core";
import { type FunctionBuilder, f64, f64x2, i32, i32x4, type Local, ModuleBuilder, select, v128 } from "../../assembler/index.ts";
import { bytesOf } from "../../memory/heap.ts";
import { type Place, type Portion, read, writeNumbers } from "../elementwise/access.ts";
import { double, single, VectorCode } from "../elementwise/lanes.ts";
import { foldWords, gather, type Words } from "./fold.ts";

type Search = "argmax" | "argmin";

/** Elements of a row that are worth going over twice, vector by vector. */
const LONG = 32;
/** Vectors at a time. */
const GROUPS = 4;

/** What a compiled search depends on. */
export interface SearchClass {
  readonly search: Search;
  readonly input: DType;
  /** Whether each row of elements is searched, or each of columns next to one another, as are their results. */
  readonly along: "rows" | "columns";
}

/** The first index of the extremum of each row or column: `run(description)`, the words are those of a fold. NaN beats every number. */
export function searchModule({ search, input, along }: SearchClass, options: { readonly shared: boolean }): ModuleBuilder {
  const module = new ModuleBuilder(options);
  module.function("run", ["i32"], [], (f) => {
    const words = Object.fromEntries(foldWords.map((name, index) => [name, f.hoist("i32", i32.load(f.parameters[0], 4 * index))])) as Words;
    const searchRow = along === "rows" ? rowSearch(f, search, input, words) : () => searchColumns(f, search, input, words);
    f.countDown(words.rows, () => {
      searchRow();
      f.advance(words.input, words.inputRow);
      f.advance(words.output, words.outputRow);
    });
  });
  return module;
}

function rowSearch(f: FunctionBuilder, search: Search, input: DType, { input: from, output, count, inputStep: step }: Words): () => void {
  const row = { from, count, step, found: f.local("i32") };
  const vectors = f.let("i32", i32.and(i32.eq(step, i32.const(bytesOf[input])), i32.geU(count, i32.const(LONG))));
  return () => {
    f.if(
      vectors,
      () => searchVectors(f, search, input, row),
      () => searchSingles(f, search, input, row),
    );
    f.emit(i32.store(output, row.found));
  };
}

/** Columns in the lanes of vectors, their numbers beside them. */
function searchColumns(f: FunctionBuilder, search: Search, dtype: DType, words: Words): void {
  const lanes = dtype === "float32" ? single : double;
  const v = new VectorCode(f, lanes, false, lanes.count, new Map());
  const [from, to, left, rest] = [f.let("i32", words.input), f.let("i32", words.output), f.let("i32", words.columns), f.local("i32")];
  const place: Place = { dtype, step: "unit", pointer: f.local("i32"), stride: undefined };
  for (const portions of [Array.from({ length: GROUPS }, (_, group): Portion => ({ whole: true, group })), [{ whole: true, group: 0 }], [one]]) {
    const width = portions[0].whole ? portions.length * lanes.count : 1;
    f.while(
      () => i32.geU(left, i32.const(width)),
      () => {
        const best = portions.map(() => v.let(v.constant(search === "argmax" ? -Infinity : Infinity)));
        const found = portions.map(() => v.let(v128.zero));
        const index = v.let(v128.zero);
        f.emit(place.pointer.set(from), rest.set(words.count));
        f.countDown(rest, () => {
          portions.forEach((portion, g) => {
            const x = read(v, place, portion);
            // NaN is no worse than any number; once it is the best, it stays.
            const worse = lanes.ops[search === "argmax" ? "le" : "ge"](x, best[g]);
            const better = v.let(v128.andNot(lanes.ops.eq(best[g], best[g]), worse));
            f.emit(found[g].set(i32x4.maxS(found[g], v128.and(index, better))), best[g].set(v128.select(x, best[g], better)));
          });
          f.emit(index.set(i32x4.add(index, v.bits(1))));
          f.advance(place.pointer, words.inputStep);
        });
        portions.forEach((portion, g) => void writeNumbers(v, to, found[g], portion));
        f.advance(from, width * bytesOf[dtype]);
        f.advance(to, width * bytesOf.int32);
        f.emit(left.set(i32.sub(left, i32.const(width))));
      },
    );
  }
}

/** A row of elements, so many bytes apart, and where the answer goes. */
interface Row {
  readonly from: Local;
  readonly count: Local;
  readonly step: Local;
  readonly found: Local;
}

const one = { whole: false, group: 0 } as const;

/** One element after the other. */
function searchSingles(f: FunctionBuilder, search: Search, dtype: DType, { from, count, step, found }: Row): void {
  const v = new VectorCode(f, double, false, 1, new Map());
  const beats = search === "argmax" ? f64.gt : f64.lt;
  const [pointer, index] = [f.let("i32", from), f.let("i32", i32.const(0))];
  const [best, x] = [f.let("f64", f64.const(search === "argmax" ? -Infinity : Infinity)), f.local("f64")];
  f.emit(found.set(i32.const(0)));
  f.doWhile(
    () => {
      f.emit(x.set(f64x2.lane(read(v, { dtype, step: "unit", pointer, stride: undefined }, one), 0)));
      const better = f.let("i32", i32.or(beats(x, best), i32.and(f64.ne(x, x), f64.eq(best, best))));
      f.emit(best.set(select(x, best, better)), found.set(select(index, found, better)));
      f.advance(pointer, step);
      f.advance(index, 1);
    },
    () => i32.ltU(index, count),
  );
}

/** The extremum first, then the first element that is like it; where it is NaN, the first NaN. */
function searchVectors(f: FunctionBuilder, search: Search, dtype: DType, { from, count, found }: Row): void {
  const lanes = dtype === "float32" ? single : double;
  const v = new VectorCode(f, lanes, false, lanes.count, new Map());
  const place: Place = { dtype, step: "unit", pointer: f.let("i32", from), stride: undefined };
  const extremum = gather(v, search === "argmax" ? "max" : "min", place, count).result();
  const best = v.let(v128.shuffle(extremum, extremum, lanes.count === 4 ? [0, 0, 0, 0] : [0, 1, 0, 1]));
  const alike = (x: Local): Local => v.let(v128.or(lanes.ops.eq(x, best), lanes.ops.ne(x, x)));
  const like = f.local("v128");
  for (const groups of [GROUPS, 0]) {
    const elements = Math.max(1, groups * lanes.count);
    // Only whole vectors are looked at ahead; one element at a time the search ends, because one is alike.
    const end = groups > 0 ? f.let("i32", i32.add(from, i32.mul(i32.and(count, i32.const(-elements)), i32.const(bytesOf[dtype])))) : undefined;
    const portions = groups > 0 ? Array.from({ length: groups }, (_, group) => ({ whole: true, group })) : [one];
    const look = (): void => {
      const masks = portions.map((portion) => alike(read(v, place, portion)));
      f.emit(like.set(masks.reduce((all, mask) => v.let(v128.or(all, mask)))));
    };
    const ended = (): ReturnType<typeof v128.anyTrue> => {
      const none = i32.eqz(v128.anyTrue(like));
      return end === undefined ? none : i32.and(none, i32.ltU(place.pointer, end));
    };
    f.emit(like.set(v128.zero));
    f.while(ended, () => {
      look();
      f.if(i32.eqz(v128.anyTrue(like)), () => f.advance(place.pointer, elements * bytesOf[dtype]));
    });
  }
  f.emit(found.set(i32.shrU(i32.sub(place.pointer, from), i32.const(Math.log2(bytesOf[dtype])))));
}

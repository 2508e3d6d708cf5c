import type { DType } from "@gradtape/core";
import { type Code, type FunctionBuilder, f32, f32x4, f64, f64x2, i32, i32x4, type Local, ModuleBuilder, v128 } from "../../assembler/index.ts";
import { bytesOf } from "../../memory/heap.ts";

/** Words of the description that an indexing loop reads; steps are in bytes, rows and columns at least 1. */
export const indexWords = [
  "table",
  "index",
  "dense",
  "rows",
  "columns",
  "tableRow",
  "tableColumn",
  "indexRow",
  "indexColumn",
  "denseRow",
  "denseColumn",
  "axisStep",
  "axisSize",
] as const;

type Words = { readonly [W in (typeof indexWords)[number]]: Local };

/** What happens at each index: the dense view gets the table's element, or gives its own to be added there. */
export type Move = "gather" | "scatterAdd";

const byte = {
  load: (address: Code): Code => i32.load8U(address),
  store: (address: Code, value: Code): Code => i32.store8(address, value),
};

/** Loads, stores and additions of the elements that are moved. */
function elementsOf(dtype: DType) {
  if (dtype === "float64") return { scalar: f64, vector: f64x2.add };
  if (dtype === "float32") return { scalar: f32, vector: f32x4.add };
  return { scalar: dtype === "int32" ? i32 : { ...byte, add: i32.add }, vector: i32x4.add };
}

/** One indexing loop: `run(description)` gives 0, or 1 as soon as an index is out of range. */
export function indexModule(move: Move, dtype: DType, options: { readonly shared: boolean }): ModuleBuilder {
  const module = new ModuleBuilder(options);
  module.function("run", ["i32"], ["i32"], (f) => {
    const words = Object.fromEntries(indexWords.map((name, position) => [name, f.hoist("i32", i32.load(f.parameters[0], 4 * position))])) as Words;
    const size = i32.const(bytesOf[dtype]);
    // One index for a whole row whose elements lie next to one another, as rows of an embedding do.
    const inRows = i32.and(i32.eqz(words.indexColumn), i32.and(i32.eq(words.tableColumn, size), i32.eq(words.denseColumn, size)));
    f.if(
      inRows,
      () => eachRow(f, words, () => moveRow(f, words, move, dtype)),
      () => eachRow(f, words, () => moveElements(f, words, move, dtype)),
    );
    f.emit(i32.const(0));
  });
  return module;
}

function eachRow(f: FunctionBuilder, words: Words, visit: () => void): void {
  f.countDown(words.rows, () => {
    visit();
    f.advance(words.table, words.tableRow);
    f.advance(words.index, words.indexRow);
    f.advance(words.dense, words.denseRow);
  });
}

/** Where the table's element with the index at an address stands, seen from one with index 0. */
function entry(f: FunctionBuilder, { axisStep, axisSize }: Words, index: Local, base: Local): Local {
  const k = f.let("i32", i32.load(index));
  f.if(i32.leU(axisSize, k), () => f.return(i32.const(1)));
  return f.let("i32", i32.add(base, i32.mul(k, axisStep)));
}

function moveElements(f: FunctionBuilder, words: Words, move: Move, dtype: DType): void {
  const { scalar } = elementsOf(dtype);
  const [table, index, dense] = [f.let("i32", words.table), f.let("i32", words.index), f.let("i32", words.dense)];
  const left = f.let("i32", words.columns);
  f.countDown(left, () => {
    const at = entry(f, words, index, table);
    f.emit(move === "gather" ? scalar.store(dense, scalar.load(at)) : scalar.store(at, scalar.add(scalar.load(at), scalar.load(dense))));
    f.advance(table, words.tableColumn);
    f.advance(index, words.indexColumn);
    f.advance(dense, words.denseColumn);
  });
}

function moveRow(f: FunctionBuilder, words: Words, move: Move, dtype: DType): void {
  const { scalar, vector } = elementsOf(dtype);
  const lanes = 16 / bytesOf[dtype];
  const at = entry(f, words, words.index, words.table);
  const dense = f.let("i32", words.dense);
  const step = (bytes: number): void => {
    f.advance(at, bytes);
    f.advance(dense, bytes);
  };
  const vectors = f.let("i32", i32.shrU(words.columns, i32.const(Math.log2(lanes))));
  f.if(vectors, () =>
    f.countDown(vectors, () => {
      f.emit(move === "gather" ? v128.store(dense, v128.load(at)) : v128.store(at, vector(v128.load(at), v128.load(dense))));
      step(16);
    }),
  );
  const left = f.let("i32", i32.and(words.columns, i32.const(lanes - 1)));
  f.if(left, () =>
    f.countDown(left, () => {
      f.emit(move === "gather" ? scalar.store(dense, scalar.load(at)) : scalar.store(at, scalar.add(scalar.load(at), scalar.load(dense))));
      step(bytesOf[dtype]);
    }),
  );
}

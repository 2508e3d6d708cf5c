import { type Code, type FunctionBuilder, f64, i32, type Local, ModuleBuilder, select, v128 } from "../../assembler/index.ts";

/**
 * Words of the description that a transposition reads; steps are in bytes, all counts at least 1. In the source the rows lie next to one another, in the
 * target the columns do.
 */
export const transposeWords = ["from", "to", "rows", "columns", "fromColumn", "toRow", "batch", "fromBatch", "toBatch"] as const;

type Words = { readonly [W in (typeof transposeWords)[number]]: Local };

/** Bytes of an element. */
export type ElementSize = 1 | 4 | 8;

/** Where something is read and written. */
interface Place {
  readonly from: Local;
  readonly to: Local;
}

const LINE = 64;
/** Columns of a block: so few that the lines of the cache that hold its rows are still there for the next strip, however far apart they lie. */
const COLUMNS = 32;

const element = {
  1: { load: i32.load8U, store: i32.store8 },
  4: { load: i32.load, store: i32.store },
  8: { load: f64.load, store: f64.store },
} as const;

const atLeast =
  (left: Local, least: number): (() => Code) =>
  () =>
    i32.geU(left, i32.const(least));

/** A transposition: `run(description)`. It goes block by block and turns small squares in registers. */
export function transposeModule(size: ElementSize, options: { readonly shared: boolean }): ModuleBuilder {
  const module = new ModuleBuilder(options);
  module.function("run", ["i32"], [], (f) => {
    const words = Object.fromEntries(transposeWords.map((name, index) => [name, f.hoist("i32", i32.load(f.parameters[0], 4 * index))])) as Words;
    const [rows, columns, height, width] = [f.local("i32"), f.local("i32"), f.local("i32"), f.local("i32")];
    const lesser = (a: Local, most: number): Code => select(a, i32.const(most), i32.ltU(a, i32.const(most)));
    f.countDown(words.batch, () => {
      const strip = startOf(f, words);
      f.emit(rows.set(words.rows));
      f.while(atLeast(rows, 1), () => {
        const block = startOf(f, strip);
        f.emit(height.set(lesser(rows, LINE / size)), columns.set(words.columns));
        f.while(atLeast(columns, 1), () => {
          f.emit(width.set(lesser(columns, COLUMNS)));
          turnBlock(f, size, words, block, height, width);
          advance(f, block, i32.mul(width, words.fromColumn), i32.mul(width, i32.const(size)));
          f.emit(columns.set(i32.sub(columns, width)));
        });
        advance(f, strip, i32.mul(height, i32.const(size)), i32.mul(height, words.toRow));
        f.emit(rows.set(i32.sub(rows, height)));
      });
      advance(f, words, words.fromBatch, words.toBatch);
    });
  });
  return module;
}

const startOf = (f: FunctionBuilder, { from, to }: Place): Place => ({ from: f.let("i32", from), to: f.let("i32", to) });

function advance(f: FunctionBuilder, place: Place, from: Code | number, to: Code | number): void {
  f.advance(place.from, from);
  f.advance(place.to, to);
}

/** One block: strips as wide as a vector, then what is left row by row. */
function turnBlock(f: FunctionBuilder, size: ElementSize, words: Words, block: Place, height: Local, width: Local): void {
  const lanes = 16 / size;
  const line = startOf(f, block);
  const rows = f.let("i32", height);
  const columns = f.local("i32");
  const { load, store } = element[size];
  const eachColumn = (at: Place, left: number): void =>
    f.while(atLeast(columns, 1), () => {
      for (let i = 0; i < left; i++) f.emit(store(i === 0 ? at.to : i32.add(at.to, i32.mul(words.toRow, i32.const(i))), load(at.from, i * size)));
      advance(f, at, words.fromColumn, size);
      f.emit(columns.set(i32.sub(columns, i32.const(1))));
    });
  if (size > 1)
    f.while(atLeast(rows, lanes), () => {
      const at = startOf(f, line);
      f.emit(columns.set(width));
      f.while(atLeast(columns, lanes), () => {
        turnSquare(f, lanes, words, at);
        advance(f, at, i32.mul(words.fromColumn, i32.const(lanes)), 16);
        f.emit(columns.set(i32.sub(columns, i32.const(lanes))));
      });
      eachColumn(at, lanes);
      advance(f, line, 16, i32.mul(words.toRow, i32.const(lanes)));
      f.emit(rows.set(i32.sub(rows, i32.const(lanes))));
    });
  f.while(atLeast(rows, 1), () => {
    f.emit(columns.set(width));
    eachColumn(startOf(f, line), 1);
    advance(f, line, size, words.toRow);
    f.emit(rows.set(i32.sub(rows, i32.const(1))));
  });
}

/** A square of as many vectors as a vector has lanes. */
function turnSquare(f: FunctionBuilder, lanes: number, { fromColumn, toRow }: Words, { from, to }: Place): void {
  const along = (start: Local, step: Local): Local[] => {
    const places = [start];
    while (places.length < lanes) places.push(f.let("i32", i32.add(places[places.length - 1], step)));
    return places;
  };
  const vectors = along(from, fromColumn).map((address) => f.let("v128", v128.load(address)));
  const join = (a: Local, b: Local, order: readonly [number, number, number, number]): Local => f.let("v128", v128.shuffle(a, b, order));
  const halves = (a: Local, b: Local): Local[] => [join(a, b, [0, 1, 4, 5]), join(a, b, [2, 3, 6, 7])];
  const [a, b, c, d] = vectors;
  const turned =
    lanes === 2
      ? halves(a, b)
      : [...halves(join(a, b, [0, 4, 1, 5]), join(c, d, [0, 4, 1, 5])), ...halves(join(a, b, [2, 6, 3, 7]), join(c, d, [2, 6, 3, 7]))];
  along(to, toRow).forEach((address, i) => void f.emit(v128.store(address, turned[i])));
}

import { type Call, type Code, type FunctionBuilder, f32, f64, i32, type Local, type ModuleBuilder, v128 } from "../../assembler/index.ts";
import { loadSplat, multiplyAdd, sizeOf, type TileShape } from "./shape.ts";

/**
 * `(a, aStep, b, bStep, c, cRow, k)`: one tile of the product with so many rows, `c = a b`; where it `starts`, `(…, start, startRow)`: `c = start + a b`. The
 * rows' numbers of `a` lie next to one another, as do the columns' of `b`, `c` and `start`; the steps, in bytes, go from one k to the next, `cRow` and `startRow`
 * from one row to the next. k is at least 1. Unfused tiles take packed `a` alone. For those of `long` rows each row of `a` lies in one piece instead, and `aStep` goes
 * from one to the next.
 */
function addTile(module: ModuleBuilder, name: string, shape: TileShape, rows: number, starts: boolean, long: boolean): Call {
  const { vectors, fused } = shape;
  return module.function(name, new Array<"i32">(starts ? 9 : 7).fill("i32"), [], (f) => {
    const [a, aStep, b, bStep, c, cRow, k, start, startRow] = f.parameters;
    const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => f.local("v128")));
    sums.forEach((row, i) => {
      row.forEach((sum, j) => void f.emit(sum.set(starts ? v128.load(start, 16 * j) : v128.zero)));
      if (starts && i < rows - 1) f.advance(start, startRow);
    });
    const from = sums.map((_, i) => (long && i > 0 ? f.local("i32") : a));
    for (let i = 1; long && i < rows; i++) f.emit(from[i].set(i32.add(from[i - 1], aStep)));
    f.countDown(k, () => {
      const line: Local[] = [];
      for (let j = 0; j < vectors; j++) line.push(f.let("v128", v128.load(b, 16 * j)));
      sums.forEach((row, i) => {
        const factor = f.let("v128", loadSplat(shape)(from[i], long ? 0 : i * sizeOf(shape)));
        row.forEach((sum, j) => void f.emit(sum.set(multiplyAdd(shape, sum, factor, line[j]))));
      });
      // A constant step makes the unfused loop a tenth faster, and the fused one a little slower.
      if (long) for (const row of from) f.advance(row, sizeOf(shape));
      else f.advance(a, fused ? aStep : lineOf(shape));
      f.advance(b, bStep);
    });
    sums.forEach((row, i) => {
      row.forEach((sum, j) => void f.emit(v128.store(c, sum, 16 * j)));
      if (i < rows - 1) f.advance(c, cRow);
    });
  });
}

/** Bytes of a line of packed `a`. */
export const lineOf = (shape: TileShape): number => shape.rows * sizeOf(shape);

/** Computes a tile of some rows: `c = a b`, or `c = start + a b` if `starts` is not 0; the start may be `c` itself. */
export type Tiles = (
  f: FunctionBuilder,
  rows: Local,
  starts: Local,
  operands: {
    readonly a: Code;
    readonly aStep: Code;
    readonly b: Code;
    readonly bStep: Code;
    readonly c: Code;
    readonly cRow: Code;
    readonly start: Code;
    readonly startRow: Code;
    readonly k: Code;
  },
) => void;

/** The tiles of all numbers of rows up to a shape's. */
export function addTiles(module: ModuleBuilder, shape: TileShape, long = false): Tiles {
  const ofEach = (name: string, starts: boolean): Call[] =>
    Array.from({ length: shape.rows }, (_, i) => addTile(module, `${name}${i + 1}`, shape, i + 1, starts, long));
  const [plain, started] = [ofEach("tile", false), ofEach("startedTile", true)];
  return (f, rows, starts, { a, aStep, b, bStep, c, cRow, start, startRow, k }) => {
    const choose = (tiles: readonly Call[], most: number, ...more: Code[]): void => {
      const compute = tiles[most - 1](a, aStep, b, bStep, c, cRow, k, ...more);
      if (most === 1) f.emit(compute);
      else
        f.if(
          i32.eq(rows, i32.const(most)),
          () => f.emit(compute),
          () => choose(tiles, most - 1, ...more),
        );
    };
    f.if(
      starts,
      () => choose(started, shape.rows, start, startRow),
      () => choose(plain, shape.rows),
    );
  };
}

/** How many of the rows that are left the next tile takes: as even numbers as there can be. */
export const nextRows = (shape: TileShape, left: Local): Code => {
  const most = i32.const(shape.rows);
  const ceil = (x: Code, by: Code): Code => i32.divU(i32.sub(i32.add(x, by), i32.const(1)), by);
  return ceil(left, ceil(left, most));
};

/** `patch(from, fromRow, fromColumn, to, toRow, toColumn, rows, columns)`: copies a small block of numbers; rows and columns are at least 1. */
export function addPatch(module: ModuleBuilder, shape: TileShape): Call {
  const scalar = shape.lanes === "f32x4" ? f32 : f64;
  return module.function("patch", ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"], [], (f) => {
    const [from, fromRow, fromColumn, to, toRow, toColumn, rows, columns] = f.parameters;
    const [source, target, left] = [f.local("i32"), f.local("i32"), f.local("i32")];
    f.countDown(rows, () => {
      f.emit(source.set(from), target.set(to), left.set(columns));
      f.countDown(left, () => {
        f.emit(scalar.store(target, scalar.load(source)));
        f.advance(source, fromColumn);
        f.advance(target, toColumn);
      });
      f.advance(from, fromRow);
      f.advance(to, toRow);
    });
  });
}

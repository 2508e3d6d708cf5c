import { type Call, f32, f32x4, f64, f64x2, type Local, type ModuleBuilder, v128 } from "../../assembler/index.ts";
import { loadSplat, multiplyAdd, sizeOf, type TileShape } from "./shape.ts";

/**
 * `tile(a, aStep, b, bStep, c, cRow, k, add)`: one tile of the product, `c = a b` or, with `add`, `c += a b`. The rows' numbers of `a` lie next to one
 * another, as do the columns' of `b`; the steps, in bytes, go from one k to the next, `cRow` from one row of `c` to the next. k is at least 1.
 */
export function addTile(module: ModuleBuilder, shape: TileShape): Call {
  const { rows, vectors } = shape;
  return module.function("tile", ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"], [], (f) => {
    const [a, aStep, b, bStep, c, cRow, k, add] = f.parameters;
    const at = (row: number, vector: number): number => row * vectors + vector;
    const sums = Array.from({ length: rows * vectors }, () => f.local("v128"));
    const rowOf = f.local("i32");
    const eachRow = (visit: (row: number) => void): void => {
      f.emit(rowOf.set(c));
      for (let row = 0; row < rows; row++) {
        visit(row);
        if (row < rows - 1) f.advance(rowOf, cRow);
      }
    };
    const zero = shape.lanes === "f32x4" ? f32x4.splat(f32.const(0)) : f64x2.splat(f64.const(0));
    f.if(
      add,
      () =>
        eachRow((row) => {
          for (let j = 0; j < vectors; j++) f.emit(sums[at(row, j)].set(v128.load(rowOf, 16 * j)));
        }),
      () => {
        for (const sum of sums) f.emit(sum.set(zero));
      },
    );
    f.countDown(k, () => {
      const line: Local[] = [];
      for (let j = 0; j < vectors; j++) line.push(f.let("v128", v128.load(b, 16 * j)));
      for (let row = 0; row < rows; row++) {
        const factor = f.let("v128", loadSplat(shape)(a, row * sizeOf(shape)));
        for (let j = 0; j < vectors; j++) f.emit(sums[at(row, j)].set(multiplyAdd(shape, sums[at(row, j)], factor, line[j])));
      }
      f.advance(a, aStep);
      f.advance(b, bStep);
    });
    eachRow((row) => {
      for (let j = 0; j < vectors; j++) f.emit(v128.store(rowOf, sums[at(row, j)], 16 * j));
    });
  });
}

/** `patch(from, fromRow, to, toRow, rows, columns)`: copies a small block of numbers; rows and columns are at least 1. */
export function addPatch(module: ModuleBuilder, shape: TileShape): Call {
  const size = sizeOf(shape);
  const scalar = shape.lanes === "f32x4" ? f32 : f64;
  return module.function("patch", ["i32", "i32", "i32", "i32", "i32", "i32"], [], (f) => {
    const [from, fromRow, to, toRow, rows, columns] = f.parameters;
    const [source, target, left] = [f.local("i32"), f.local("i32"), f.local("i32")];
    f.countDown(rows, () => {
      f.emit(source.set(from), target.set(to), left.set(columns));
      f.countDown(left, () => {
        f.emit(scalar.store(target, scalar.load(source)));
        f.advance(source, size);
        f.advance(target, size);
      });
      f.advance(from, fromRow);
      f.advance(to, toRow);
    });
  });
}

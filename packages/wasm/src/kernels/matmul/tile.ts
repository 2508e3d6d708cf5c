import { type Call, f32, f64, i32, type Local, type ModuleBuilder, v128 } from "../../assembler/index.ts";
import { loadSplat, multiplyAdd, sizeOf, type TileShape } from "./shape.ts";

/**
 * `(a, aStep, b, bStep, c, cRow, k)`: one tile of the product, `c = a b`, or `c += a b` where it `adds`. The rows' numbers of `a` lie next to one another,
 * as do the columns' of `b`; the steps, in bytes, go from one k to the next, `cRow` from one row of `c` to the next. k is at least 1.
 */
export function addTile(module: ModuleBuilder, name: string, shape: TileShape, adds: boolean): Call {
  const { rows, vectors } = shape;
  return module.function(name, ["i32", "i32", "i32", "i32", "i32", "i32", "i32"], [], (f) => {
    const [a, aStep, b, bStep, c, cRow, k] = f.parameters;
    const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => f.local("v128")));
    const starts = [c];
    for (let row = 1; row < rows; row++) starts.push(f.let("i32", i32.add(starts[row - 1], cRow)));
    sums.forEach((row, i) => {
      row.forEach((sum, j) => void f.emit(sum.set(adds ? v128.load(starts[i], 16 * j) : v128.zero)));
    });
    f.countDown(k, () => {
      const line: Local[] = [];
      for (let j = 0; j < vectors; j++) line.push(f.let("v128", v128.load(b, 16 * j)));
      sums.forEach((row, i) => {
        const factor = f.let("v128", loadSplat(shape)(a, i * sizeOf(shape)));
        row.forEach((sum, j) => void f.emit(sum.set(multiplyAdd(shape, sum, factor, line[j]))));
      });
      f.advance(a, aStep);
      f.advance(b, bStep);
    });
    sums.forEach((row, i) => {
      row.forEach((sum, j) => void f.emit(v128.store(starts[i], sum, 16 * j)));
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

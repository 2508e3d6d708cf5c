import { type Code, type FunctionBuilder, f32, f32x4, f64, f64x2, i32, type Local, ModuleBuilder, v128 } from "../../assembler/index.ts";
import { addGate } from "./gate.ts";
import { addInner } from "./inner.ts";
import { addOuter } from "./outer.ts";
import { lanesOf, loadSplat, multiplyAdd, sizeOf, type TileShape } from "./shape.ts";

const zeroOf = (shape: TileShape) => (shape.lanes === "f32x4" ? f32x4.splat(f32.const(0)) : f64x2.splat(f64.const(0)));

/**
 * A module for products that need no tiles with packed sides. A row times a matrix, `y[n] = start[n] + x[k] B[k,n]`, `y` in one piece; steps in bytes, k and n at
 * least 1: it begins with 0 where the start is at address 0. `dots(x, b, bColumn, y, n, k, start, startColumn)` where `x` and the columns of B lie in one piece,
 * `sums(x, xStep, b, bRow, y, n, k, start, startColumn)` where the rows of B do, and the start does or is one number. Beside them `outer`, `gate`, and `inner` where
 * there is one, as the files of those names say.
 */
export function vectorModule(shape: TileShape, options: { readonly shared: boolean }): ModuleBuilder {
  const module = new ModuleBuilder(options);
  module.function("dots", new Array<"i32">(8).fill("i32"), [], (f) => writeDots(f, shape));
  module.function("sums", new Array<"i32">(9).fill("i32"), [], (f) => writeSums(f, shape));
  addOuter(module, shape);
  const gate = addGate(module, shape);
  if (shape.lanes === "f32x4" && shape.fused) addInner(module, shape, gate);
  return module;
}

function writeDots(f: FunctionBuilder, shape: TileShape): void {
  const [x, b, bColumn, y, n, k, start, startColumn] = f.parameters;
  const size = sizeOf(shape);
  const lanes = lanesOf(shape);
  const ops = shape.lanes === "f32x4" ? f32x4 : f64x2;
  const scalar = shape.lanes === "f32x4" ? f32 : f64;
  const left = f.local("i32");
  const from = f.local("i32");
  // Enough columns to hide how long an addition takes, and not more vectors than the compiler keeps in registers, as for tiles.
  f.inGroups(n, shape.rows === 6 ? [8, 4, 1] : [6, 3, 1], (columns) => {
    const sums = Array.from({ length: columns }, () => f.let("v128", zeroOf(shape)));
    const starts: Local[] = [];
    for (let j = 0; j < columns; j++) starts.push(f.let("i32", j === 0 ? b : i32.add(starts[j - 1], bColumn)));
    f.emit(from.set(x), left.set(k));
    f.inGroups(left, [lanes], () => {
      const line = f.let("v128", v128.load(from));
      for (let j = 0; j < columns; j++) {
        f.emit(sums[j].set(multiplyAdd(shape, sums[j], line, v128.load(starts[j]))));
        f.advance(starts[j], 16);
      }
      f.advance(from, 16);
    });
    const totals = sums.map((sum) => {
      const halves = f.let("v128", ops.add(sum, v128.shuffle(sum, sum, [2, 3, 2, 3])));
      return lanes === 2 ? halves : f.let("v128", ops.add(halves, v128.shuffle(halves, halves, [1, 1, 1, 1])));
    });
    f.if(left, () =>
      f.countDown(left, () => {
        const factor = f.let("v128", loadSplat(shape)(from));
        for (let j = 0; j < columns; j++) {
          f.emit(totals[j].set(multiplyAdd(shape, totals[j], factor, loadSplat(shape)(starts[j]))));
          f.advance(starts[j], size);
        }
        f.advance(from, size);
      }),
    );
    f.if(start, () => {
      for (const total of totals) {
        f.emit(total.set(ops.add(total, loadSplat(shape)(start))));
        f.advance(start, startColumn);
      }
    });
    for (let j = 0; j < columns; j++) f.emit(scalar.store(y, ops.lane(totals[j], 0), j * size));
    f.advance(y, columns * size);
    f.advance(b, i32.mul(bColumn, i32.const(columns)));
  });
}

function writeSums(f: FunctionBuilder, shape: TileShape): void {
  const [x, xStep, b, bRow, y, n, k, start, startColumn] = f.parameters;
  const size = sizeOf(shape);
  const lanes = lanesOf(shape);
  const scalar = shape.lanes === "f32x4" ? f32 : f64;
  const ops = shape.lanes === "f32x4" ? f32x4 : f64x2;
  const [from, row, left] = [f.local("i32"), f.local("i32"), f.local("i32")];
  f.inGroups(n, [8 * lanes, lanes, 1], (columns) => {
    const vectors = Math.max(1, columns / lanes);
    const sums = Array.from({ length: vectors }, () => f.let("v128", zeroOf(shape)));
    const begin = (load: (j: number) => Code): void => sums.forEach((sum, j) => void f.emit(sum.set(load(j))));
    const splat = (): void => begin(() => loadSplat(shape)(start));
    f.if(start, () => {
      if (columns === 1) splat();
      else f.if(startColumn, () => begin((j) => v128.load(start, 16 * j)), splat);
      f.advance(start, i32.mul(startColumn, i32.const(columns)));
    });
    f.emit(from.set(x), row.set(b), left.set(k));
    f.countDown(left, () => {
      const factor = f.let("v128", loadSplat(shape)(from));
      sums.forEach((sum, j) => void f.emit(sum.set(multiplyAdd(shape, sum, factor, columns === 1 ? loadSplat(shape)(row) : v128.load(row, 16 * j)))));
      f.advance(from, xStep);
      f.advance(row, bRow);
    });
    if (columns === 1) f.emit(scalar.store(y, ops.lane(sums[0], 0)));
    else sums.forEach((sum, j) => void f.emit(v128.store(y, sum, 16 * j)));
    f.advance(y, columns * size);
    f.advance(b, columns * size);
  });
}

import { type Call, type Code, type FunctionBuilder, f32, f64, i32, type Local, type ModuleBuilder, select, v128 } from "../../assembler/index.ts";
import { lanesOf, sizeOf, type TileShape } from "./shape.ts";

const evenLow = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const evenHigh = [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31];

/** The transpose of a square of vectors. */
export function transposed(f: FunctionBuilder, rows: readonly Local[]): Local[] {
  const halves = (a: Local, b: Local): Local[] => [f.let("v128", v128.shuffleBytes(a, b, evenLow)), f.let("v128", v128.shuffleBytes(a, b, evenHigh))];
  if (rows.length === 2) return halves(rows[0], rows[1]);
  const low = (a: Local, b: Local): Local => f.let("v128", v128.shuffle(a, b, [0, 4, 1, 5]));
  const high = (a: Local, b: Local): Local => f.let("v128", v128.shuffle(a, b, [2, 6, 3, 7]));
  return [...halves(low(rows[0], rows[1]), low(rows[2], rows[3])), ...halves(high(rows[0], rows[1]), high(rows[2], rows[3]))];
}

/**
 * `pack(source, major, minor, count, valid, target)`: lines of `width` numbers next to one another. The steps, in bytes, go to the next line (`major`) and
 * to the next number of a line (`minor`). Numbers from the `valid`-th on may be anything finite that was there. count is at least 1.
 */
export function addPack(module: ModuleBuilder, name: string, shape: TileShape, width: number): Call {
  const size = sizeOf(shape);
  const lanes = lanesOf(shape);
  const scalar = shape.lanes === "f32x4" ? f32 : f64;
  return module.function(name, ["i32", "i32", "i32", "i32", "i32", "i32"], [], (f) => {
    const [source, major, minor, count, valid, target] = f.parameters;
    const left = f.local("i32");

    const copyLines = (): void =>
      f.countDown(count, () => {
        const whole = Math.floor(width / lanes);
        for (let j = 0; j < whole; j++) f.emit(v128.store(target, v128.load(source, 16 * j), 16 * j));
        if (width % lanes > 0) f.emit(v128.store64Lane(target, v128.load64Zero(source, 16 * whole), 0, 16 * whole));
        f.advance(source, major);
        f.advance(target, width * size);
      });

    const oneByOne = (): void => {
      const [from, to] = [f.local("i32"), f.local("i32")];
      f.countDown(count, () => {
        f.emit(from.set(source), to.set(target));
        f.emit(left.set(valid));
        f.countDown(left, () => {
          f.emit(scalar.store(to, scalar.load(from)));
          f.advance(from, minor);
          f.advance(to, size);
        });
        f.emit(left.set(i32.sub(i32.const(width), valid)));
        f.if(left, () =>
          f.countDown(left, () => {
            f.emit(scalar.store(to, scalar.const(0)));
            f.advance(to, size);
          }),
        );
        f.advance(source, major);
        f.advance(target, width * size);
      });
    };

    const transposeSquares = (stepTo: (place: number) => Code): void => {
      const squares = f.let("i32", i32.shrU(count, i32.const(Math.log2(lanes))));
      f.if(squares, () =>
        f.countDown(squares, () => {
          const from = f.let("i32", source);
          for (let column = 0; column < width; column += lanes) {
            const present = Math.min(lanes, width - column);
            const rows = Array.from({ length: lanes }, (_, row) => {
              if (column + row > 0 && row < present) f.advance(from, stepTo(column + row));
              return f.let("v128", v128.load(from));
            });
            transposed(f, rows).forEach((line, k) => {
              const offset = (k * width + column) * size;
              f.emit(present === lanes ? v128.store(target, line, offset) : v128.store64Lane(target, line, 0, offset));
            });
          }
          f.advance(source, lanes * size);
          f.advance(target, lanes * width * size);
        }),
      );
      f.emit(count.set(i32.and(count, i32.const(lanes - 1))));
      f.if(count, oneByOne);
    };

    const full = f.let("i32", i32.eq(valid, i32.const(width)));
    // Places beyond the valid ones repeat the last of them: nobody looks at what is computed there.
    const clamped = (place: number): Code => select(minor, i32.const(0), i32.ltU(i32.const(place), valid));
    f.if(i32.and(full, i32.eq(minor, i32.const(size))), copyLines, () =>
      f.if(
        i32.eq(major, i32.const(size)),
        () =>
          f.if(
            full,
            () => transposeSquares(() => minor),
            () => transposeSquares(clamped),
          ),
        oneByOne,
      ),
    );
  });
}

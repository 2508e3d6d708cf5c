import { type Code, i32, type ModuleBuilder, v128 } from "../../assembler/index.ts";
import { lanesOf, loadSplat, multiplyAdd, sizeOf, type TileShape } from "./shape.ts";

/**
 * Adds `outer(a, aStep, b, c, cRow, m, n, start, startRow, startColumn)`: `c[m,n] = start[m,n] + a[m] b[n]`, beginning with 0, as tiles do, where the start is at address 0. `b` and the
 * rows of `c` lie in one piece, those of the start do or are one number; steps in bytes, m and n at least 1.
 */
export function addOuter(module: ModuleBuilder, shape: TileShape): void {
  const lanes = lanesOf(shape);
  const storeOne = shape.lanes === "f32x4" ? v128.store32Lane : v128.store64Lane;
  module.function("outer", new Array<"i32">(10).fill("i32"), [], (f) => {
    const [a, aStep, b, c, cRow, m, n, start, startRow, startColumn] = f.parameters;
    const [from, to, begin, left] = [f.local("i32"), f.local("i32"), f.local("i32"), f.local("i32")];
    f.countDown(m, () => {
      const factor = f.let("v128", loadSplat(shape)(a));
      f.emit(from.set(b), to.set(c), begin.set(start), left.set(n));
      /** Goes along a row; `first` is a vector, or a number, of the start. */
      const row = (first?: (offset: number, one: boolean) => Code): void =>
        f.inGroups(left, [4 * lanes, lanes, 1], (columns) => {
          const one = columns === 1;
          for (let j = 0; j < Math.max(1, columns / lanes); j++) {
            const number = one ? loadSplat(shape)(from) : v128.load(from, 16 * j);
            const product = multiplyAdd(shape, first === undefined ? f.constant(shape.lanes, 0) : first(16 * j, one), factor, number);
            f.emit(one ? storeOne(to, product, 0) : v128.store(to, product, 16 * j));
          }
          const bytes = columns * sizeOf(shape);
          f.advance(from, bytes);
          f.advance(to, bytes);
          if (first !== undefined) f.advance(begin, i32.mul(startColumn, i32.const(columns)));
        });
      const inPiece = (offset: number, one: boolean): Code => (one ? loadSplat(shape)(begin) : v128.load(begin, offset));
      f.if(
        start,
        () =>
          f.if(
            startColumn,
            () => row(inPiece),
            () => row(() => loadSplat(shape)(begin)),
          ),
        () => row(),
      );
      f.advance(a, aStep);
      f.advance(c, cRow);
      f.advance(start, startRow);
    });
  });
}

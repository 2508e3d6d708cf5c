import { type Call, type Code, type FunctionBuilder, i32, type Local, ModuleBuilder, select } from "../../assembler/index.ts";
import { addPack } from "./pack.ts";
import { sizeOf, type TileShape, widthOf } from "./shape.ts";
import { addPatch, addTile } from "./tile.ts";

/** Words of the description of a block of a product. Steps are in bytes. */
export const blockWords = ["a", "aRow", "aColumn", "b", "bRow", "bColumn", "c", "cRow", "m", "n", "k", "add", "packB", "scratch"] as const;

type Words = { readonly [W in (typeof blockWords)[number]]: Local };

/** Bytes of scratch memory that a block needs: packed `b`, a packed tile of `a`, a tile of `c`. */
export const scratchBytes = (shape: TileShape, n: number, k: number): number =>
  ((Math.ceil(n / widthOf(shape)) * widthOf(shape) + shape.rows) * k + shape.rows * widthOf(shape)) * sizeOf(shape) + 64;

/** A module whose `block(description)` computes `c = a b`, or `c += a b`, tile by tile: `[m,k] x [k,n]`, any strides of a and b, rows of c in one piece. */
export function blockModule(shape: TileShape, options: { readonly shared: boolean }): ModuleBuilder {
  const module = new ModuleBuilder(options);
  const packA = addPack(module, "packA", shape, shape.rows);
  const packB = addPack(module, "packB", shape, widthOf(shape));
  const tile = addTile(module, "tile", shape, false);
  const tileAdd = addTile(module, "tileAdd", shape, true);
  const patch = addPatch(module, shape);
  module.function("block", ["i32"], [], (f) => {
    const words = Object.fromEntries(blockWords.map((name, index) => [name, f.hoist("i32", i32.load(f.parameters[0], 4 * index))])) as Words;
    writeBlock(f, words, shape, { packA, packB, tile, tileAdd, patch });
  });
  return module;
}

interface Parts {
  readonly packA: Call;
  readonly packB: Call;
  readonly tile: Call;
  readonly tileAdd: Call;
  readonly patch: Call;
}

function writeBlock(f: FunctionBuilder, words: Words, shape: TileShape, parts: Parts): void {
  const { a, aRow, aColumn, b, bRow, bColumn, c, cRow, m, n, k, add, packB, scratch } = words;
  const size = sizeOf(shape);
  const width = widthOf(shape);
  const { rows } = shape;
  const least = (x: Local, bound: number): Local => f.let("i32", select(x, i32.const(bound), i32.ltU(x, i32.const(bound))));
  const lineBytes = i32.const(width * size);

  const panelBytes = f.let("i32", i32.mul(k, lineBytes));
  const corner = scratch;
  const packedA = f.let("i32", i32.add(scratch, i32.const(rows * width * size)));
  const packedB = f.let("i32", i32.add(packedA, i32.mul(k, i32.const(rows * size))));

  /** Visits the panels of columns: how many columns are left, where the panel of `b` is packed. */
  const eachPanel = (visit: (left: Local, packed: Local, offset: Local) => void): void => {
    const left = f.let("i32", n);
    const packed = f.let("i32", packedB);
    const offset = f.let("i32", i32.const(0));
    f.doWhile(
      () => {
        visit(left, packed, offset);
        f.advance(packed, panelBytes);
        f.advance(offset, width);
        f.emit(left.set(i32.sub(left, least(left, width))));
      },
      () => left,
    );
  };

  eachPanel((left, packed, offset) => {
    const valid = least(left, width);
    f.if(i32.or(packB, i32.ltU(left, i32.const(width))), () =>
      f.emit(parts.packB(i32.add(b, i32.mul(offset, bColumn)), bRow, bColumn, k, valid, packed)),
    );
  });

  const rowsLeft = f.let("i32", m);
  const tileA = f.local("i32");
  const stepA = f.local("i32");
  f.doWhile(
    () => {
      const valid = least(rowsLeft, rows);
      const fullRows = f.let("i32", i32.eq(valid, i32.const(rows)));
      f.if(
        i32.and(fullRows, i32.eq(aRow, i32.const(size))),
        () => f.emit(tileA.set(a), stepA.set(aColumn)),
        () => f.emit(parts.packA(a, aColumn, aRow, k, valid, packedA), tileA.set(packedA), stepA.set(i32.const(rows * size))),
      );
      eachPanel((left, packed, offset) => {
        const columns = least(left, width);
        const fullColumns = f.let("i32", i32.eq(columns, i32.const(width)));
        const isPacked = f.let("i32", i32.or(packB, i32.eqz(fullColumns)));
        const panel = f.let("i32", select(packed, i32.add(b, i32.mul(offset, i32.const(size))), isPacked));
        const stepB = f.let("i32", select(lineBytes, bRow, isPacked));
        const target = f.let("i32", i32.add(c, i32.mul(offset, i32.const(size))));
        const multiply = (to: Local, step: Code): void =>
          f.if(
            add,
            () => f.emit(parts.tileAdd(tileA, stepA, panel, stepB, to, step, k)),
            () => f.emit(parts.tile(tileA, stepA, panel, stepB, to, step, k)),
          );
        f.if(
          i32.and(fullRows, fullColumns),
          () => multiply(target, cRow),
          () => {
            f.if(add, () => f.emit(parts.patch(target, cRow, corner, lineBytes, valid, columns)));
            multiply(corner, lineBytes);
            f.emit(parts.patch(corner, lineBytes, target, cRow, valid, columns));
          },
        );
      });
      f.advance(a, i32.mul(aRow, i32.const(rows)));
      f.advance(c, i32.mul(cRow, i32.const(rows)));
      f.emit(rowsLeft.set(i32.sub(rowsLeft, valid)));
    },
    () => rowsLeft,
  );
}

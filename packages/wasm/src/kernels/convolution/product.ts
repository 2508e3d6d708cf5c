import { type Call, type Code, type FunctionBuilder, f32, f64, i32, type Local, ModuleBuilder, select } from "../../assembler/index.ts";
import { sizeOf, type TileShape, widthOf } from "../matmul/shape.ts";
import { addTile } from "../matmul/tile.ts";
import { addGather } from "./gather.ts";

/**
 * Words of the description of a product `c[m,n] = a[m,k] b[k,n]` of matrices that are spread over memory: element (i, j) of `a` lies at
 * `a + aRows[i] + aSteps[j]`, of `b` at `b + bSteps[i] + bColumns[j]`, of `c` at `c + i cRow + cColumns[j]`. All offsets and steps are in bytes; tables of
 * rows and columns go on to whole tiles, with offsets that can be read. `add` adds to `c`; `packA` says that `packedA` is yet to be filled.
 */
export const productWords = [
  "a",
  "aRows",
  "aSteps",
  "b",
  "bSteps",
  "bColumns",
  "c",
  "cRow",
  "cColumns",
  "m",
  "n",
  "k",
  "add",
  "packA",
  "packedA",
  "packedB",
  "corner",
] as const;

/** The words of one product. */
export type Product = Readonly<Record<(typeof productWords)[number], number>>;

type Words = { readonly [W in (typeof productWords)[number]]: Local };

/** Bytes of `packedA`. */
export const packedABytes = (shape: TileShape, m: number, k: number): number => Math.ceil(m / shape.rows) * shape.rows * k * sizeOf(shape);

/** Bytes of `packedB`. */
export const packedBBytes = (shape: TileShape, k: number): number => widthOf(shape) * k * sizeOf(shape);

/** Bytes of `corner`, a tile for itself. */
export const cornerBytes = (shape: TileShape): number => shape.rows * widthOf(shape) * sizeOf(shape);

/** A module whose `product(description)` computes such a product: a panel of `b` is gathered into the first cache, and meets every panel of `a` there. */
export function productModule(shape: TileShape, options: { readonly shared: boolean }): ModuleBuilder {
  const module = new ModuleBuilder(options);
  const parts: Parts = {
    gatherA: addGather(module, "gatherA", shape, shape.rows),
    gatherB: addGather(module, "gatherB", shape, widthOf(shape)),
    tile: addTile(module, "tile", shape, false),
    addingTile: addTile(module, "addingTile", shape, true),
    collect: addMove(module, "collect", shape),
    spread: addMove(module, "spread", shape),
  };
  module.function("product", ["i32"], [], (f) => {
    const words = Object.fromEntries(productWords.map((name, index) => [name, f.hoist("i32", i32.load(f.parameters[0], 4 * index))])) as Words;
    writeProduct(f, words, shape, parts);
  });
  return module;
}

interface Parts {
  readonly gatherA: Call;
  readonly gatherB: Call;
  readonly tile: Call;
  readonly addingTile: Call;
  readonly collect: Call;
  readonly spread: Call;
}

function writeProduct(f: FunctionBuilder, words: Words, shape: TileShape, parts: Parts): void {
  const { a, aRows, aSteps, b, bSteps, bColumns, c, cRow, cColumns, m, n, k, add, packA, packedA, packedB, corner } = words;
  const size = sizeOf(shape);
  const width = widthOf(shape);
  const { rows } = shape;
  const lineA = i32.const(rows * size);
  const lineB = i32.const(width * size);
  const panelBytes = f.let("i32", i32.mul(k, lineA));
  const least = (x: Local, bound: number): Code => select(x, i32.const(bound), i32.ltU(x, i32.const(bound)));

  /** Visits the panels of rows: where a panel is packed, and how many rows are left. */
  const eachPanel = (visit: (packed: Local, left: Local) => void): void => {
    const left = f.let("i32", m);
    const packed = f.let("i32", packedA);
    f.doWhile(
      () => {
        visit(packed, left);
        f.advance(packed, panelBytes);
        f.emit(left.set(i32.sub(left, least(left, rows))));
      },
      () => left,
    );
  };

  f.if(packA, () => {
    const table = f.let("i32", aRows);
    eachPanel((packed) => {
      f.emit(parts.gatherA(a, table, aSteps, k, packed));
      f.advance(table, 4 * rows);
    });
  });

  const columnsLeft = f.let("i32", n);
  f.doWhile(
    () => {
      f.emit(parts.gatherB(b, bColumns, bSteps, k, packedB));
      const columns = f.let("i32", least(columnsLeft, width));
      const first = f.let("i32", i32.load(cColumns));
      const last = i32.load(i32.add(cColumns, i32.shl(i32.sub(columns, i32.const(1)), i32.const(2))));
      const inOnePiece = f.let("i32", i32.and(i32.geU(columnsLeft, i32.const(width)), i32.eq(i32.sub(last, first), i32.const((width - 1) * size))));
      const line = f.let("i32", c);
      eachPanel((packed, left) => {
        const compute = (at: Code, row: Code): void =>
          f.if(
            add,
            () => f.emit(parts.addingTile(packed, lineA, packedB, lineB, at, row, k)),
            () => f.emit(parts.tile(packed, lineA, packedB, lineB, at, row, k)),
          );
        f.if(
          i32.and(inOnePiece, i32.geU(left, i32.const(rows))),
          () => compute(i32.add(line, first), cRow),
          () => {
            const valid = f.let("i32", least(left, rows));
            f.if(add, () => f.emit(parts.collect(line, cRow, cColumns, corner, valid, columns)));
            compute(corner, lineB);
            f.emit(parts.spread(line, cRow, cColumns, corner, valid, columns));
          },
        );
        f.advance(line, i32.mul(cRow, i32.const(rows)));
      });
      f.advance(bColumns, 4 * width);
      f.advance(cColumns, 4 * width);
      f.emit(columnsLeft.set(i32.sub(columnsLeft, columns)));
    },
    () => columnsLeft,
  );
}

/** `move(c, cRow, cColumns, corner, rows, columns)`: `collect` copies a part of the result to a tile for itself, `spread` copies it back. */
function addMove(module: ModuleBuilder, direction: "collect" | "spread", shape: TileShape): Call {
  const size = sizeOf(shape);
  const scalar = shape.lanes === "f32x4" ? f32 : f64;
  return module.function(direction, ["i32", "i32", "i32", "i32", "i32", "i32"], [], (f) => {
    const [c, cRow, cColumns, corner, rows, columns] = f.parameters;
    const [table, own, left] = [f.local("i32"), f.local("i32"), f.local("i32")];
    f.countDown(rows, () => {
      f.emit(table.set(cColumns), own.set(corner), left.set(columns));
      f.countDown(left, () => {
        const place = i32.add(c, i32.load(table));
        f.emit(direction === "collect" ? scalar.store(own, scalar.load(place)) : scalar.store(place, scalar.load(own)));
        f.advance(table, 4);
        f.advance(own, size);
      });
      f.advance(c, cRow);
      f.advance(corner, widthOf(shape) * size);
    });
  });
}

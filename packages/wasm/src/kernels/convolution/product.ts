import { type Call, type Code, type FunctionBuilder, f32, f64, i32, type Local, ModuleBuilder, select } from "../../assembler/index.ts";
import { sizeOf, type TileShape, widthOf } from "../matmul/shape.ts";
import { addTiles, lineOf, type Tiles } from "../matmul/tile.ts";
import { addChannelwise, addChannelwiseWeight } from "./channelwise.ts";
import { addCopy } from "./copy.ts";
import { addGather } from "./gather.ts";

/**
 * Words of the description of a product `c[m,n] = a[m,k] b[k,n]` of matrices that are spread over memory: element (i, j) of `a` lies at
 * `a + aRows[i] + aSteps[j]`, of `b` at `b + bSteps[i] + bColumns[j]`, of `c` at `c + i cRow + cColumns[j]`. All offsets and steps are in bytes; tables of
 * rows and columns go on to whole tiles, with offsets that can be read. `add` adds to `c`. `packed` is the place of the packed `a`, `scratch` a part's own.
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
  "packed",
  "scratch",
] as const;

/** The words of one product. */
export type Product = Readonly<Record<(typeof productWords)[number], number>>;

type Words = { readonly [W in (typeof productWords)[number]]: Local };

/** Bytes of the packed `a`. */
export const packedBytes = (shape: TileShape, m: number, k: number): number => Math.ceil(m / shape.rows) * shape.rows * k * sizeOf(shape);

/** Bytes of the scratch memory: a tile for itself, a packed panel of `b`. */
export const scratchBytes = (shape: TileShape, k: number): number => (shape.rows + k) * widthOf(shape) * sizeOf(shape) + 64;

/**
 * A module that computes such a product: `pack(description)` gathers all of `a`; then `product(description)` gathers `b` panel by panel into the first cache,
 * where each one meets every panel of `a`. `copy(description)` copies images between zeros.
 */
export function productModule(shape: TileShape, options: { readonly shared: boolean }): ModuleBuilder {
  const module = new ModuleBuilder(options);
  addCopy(module, "copy");
  addChannelwise(module, shape);
  addChannelwiseWeight(module, shape);
  const gatherA = addGather(module, "gatherA", shape, shape.rows);
  const parts: Parts = {
    gatherB: addGather(module, "gatherB", shape, widthOf(shape)),
    tiles: addTiles(module, shape),
    collect: addMove(module, "collect", shape),
    spread: addMove(module, "spread", shape),
  };
  const wordsOf = (f: FunctionBuilder): Words =>
    Object.fromEntries(productWords.map((name, index) => [name, f.hoist("i32", i32.load(f.parameters[0], 4 * index))])) as Words;
  module.function("pack", ["i32"], [], (f) => {
    const words = wordsOf(f);
    eachPanel(f, words, shape, (packed) => {
      f.emit(gatherA(words.a, words.aRows, words.aSteps, words.k, packed));
      f.advance(words.aRows, 4 * shape.rows);
    });
  });
  module.function("product", ["i32"], [], (f) => writeProduct(f, wordsOf(f), shape, parts));
  return module;
}

const least = (x: Local, bound: number): Code => select(x, i32.const(bound), i32.ltU(x, i32.const(bound)));

/** Visits the panels of `a`: where one is packed, and how many rows it has. */
function eachPanel(f: FunctionBuilder, { m, k, packed }: Words, shape: TileShape, visit: (panel: Local, rows: Local) => void): void {
  const panel = f.let("i32", packed);
  const left = f.let("i32", m);
  f.doWhile(
    () => {
      const rows = f.let("i32", least(left, shape.rows));
      visit(panel, rows);
      f.advance(panel, i32.mul(k, i32.const(lineOf(shape))));
      f.emit(left.set(i32.sub(left, rows)));
    },
    () => left,
  );
}

interface Parts {
  readonly gatherB: Call;
  readonly tiles: Tiles;
  readonly collect: Call;
  readonly spread: Call;
}

function writeProduct(f: FunctionBuilder, words: Words, shape: TileShape, parts: Parts): void {
  const { b, bSteps, bColumns, c, cRow, cColumns, n, k, add, scratch: corner } = words;
  const size = sizeOf(shape);
  const width = widthOf(shape);
  const lineA = i32.const(lineOf(shape));
  const lineB = i32.const(width * size);
  const packedB = f.let("i32", i32.add(corner, i32.const(shape.rows * width * size)));
  const columnsLeft = f.let("i32", n);
  f.doWhile(
    () => {
      f.emit(parts.gatherB(b, bColumns, bSteps, k, packedB));
      const columns = f.let("i32", least(columnsLeft, width));
      const first = f.let("i32", i32.load(cColumns));
      const last = i32.load(i32.add(cColumns, i32.shl(i32.sub(columns, i32.const(1)), i32.const(2))));
      const inOnePiece = f.let("i32", i32.and(i32.geU(columnsLeft, i32.const(width)), i32.eq(i32.sub(last, first), i32.const((width - 1) * size))));
      const line = f.let("i32", c);
      eachPanel(f, words, shape, (packed, rows) => {
        const compute = (at: Code, row: Code): void =>
          parts.tiles(f, rows, add, { a: packed, aStep: lineA, b: packedB, bStep: lineB, c: at, cRow: row, start: at, startRow: row, k });
        f.if(
          inOnePiece,
          () => compute(i32.add(line, first), cRow),
          () => {
            f.if(add, () => f.emit(parts.collect(line, cRow, cColumns, corner, rows, columns)));
            compute(corner, lineB);
            f.emit(parts.spread(line, cRow, cColumns, corner, rows, columns));
          },
        );
        f.advance(line, i32.mul(cRow, rows));
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

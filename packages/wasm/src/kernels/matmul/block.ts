import { type Call, type Code, type FunctionBuilder, i32, type Local, ModuleBuilder, select } from "../../assembler/index.ts";
import { addGate } from "./gate.ts";
import { addPack } from "./pack.ts";
import { sizeOf, type TileShape, widthOf } from "./shape.ts";
import { addPatch, addTiles, lineOf, nextRows, type Tiles } from "./tile.ts";
import { addTurn } from "./turn.ts";

/**
 * Words of the description of a block of a product, and of as many like it as `batch` says. Steps are in bytes. Without a `start`, its words are 0. If it is `gated`,
 * numbers become 0 where that which lies `gate` bytes after them is at most 0.
 */
export const blockWords = [
  "a",
  "aRow",
  "aColumn",
  "aBatch",
  "b",
  "bRow",
  "bColumn",
  "bBatch",
  "c",
  "cRow",
  "cColumn",
  "cBatch",
  "start",
  "startRow",
  "startColumn",
  "startBatch",
  "gated",
  "gate",
  "m",
  "n",
  "k",
  "batch",
  "packB",
  "scratch",
] as const;

/** The words of one block. */
export type Block = Readonly<Record<(typeof blockWords)[number], number>>;

/** The words of a block that begins with 0 and is not gated. */
export const plain = { start: 0, startRow: 0, startColumn: 0, startBatch: 0, gated: 0, gate: 0 } as const;

/** Writes the description of a block to the memory's words. */
export function describe(i32: Int32Array, at: number, block: Block): void {
  i32[at] = block.a;
  i32[at + 1] = block.aRow;
  i32[at + 2] = block.aColumn;
  i32[at + 3] = block.aBatch;
  i32[at + 4] = block.b;
  i32[at + 5] = block.bRow;
  i32[at + 6] = block.bColumn;
  i32[at + 7] = block.bBatch;
  i32[at + 8] = block.c;
  i32[at + 9] = block.cRow;
  i32[at + 10] = block.cColumn;
  i32[at + 11] = block.cBatch;
  i32[at + 12] = block.start;
  i32[at + 13] = block.startRow;
  i32[at + 14] = block.startColumn;
  i32[at + 15] = block.startBatch;
  i32[at + 16] = block.gated;
  i32[at + 17] = block.gate;
  i32[at + 18] = block.m;
  i32[at + 19] = block.n;
  i32[at + 20] = block.k;
  i32[at + 21] = block.batch;
  i32[at + 22] = block.packB;
  i32[at + 23] = block.scratch;
}

type Words = { readonly [W in (typeof blockWords)[number]]: Local };

/** Bytes of scratch memory that a block needs: a tile of `c`, a packed tile of `a`, packed `b`. */
export const scratchBytes = (shape: TileShape, n: number, k: number): number =>
  ((Math.ceil(n / widthOf(shape)) * widthOf(shape) + shape.rows) * k + shape.rows * widthOf(shape)) * sizeOf(shape) + 64;

/**
 * Adds `block(description)`, which computes `c = a b` or `c = start + a b` tile by tile: `[m,k] x [k,n]`, any strides; the start may be `c` itself. A gate is
 * closed tile by tile, while the tile is in the first cache.
 */
export function addBlock(module: ModuleBuilder, shape: TileShape, long = false): Call {
  const parts: Parts = {
    packA: addPack(module, "packA", shape, shape.rows),
    packB: addPack(module, "packB", shape, widthOf(shape)),
    tiles: addTiles(module, shape, long),
    patch: addPatch(module, shape),
    gate: addGate(module, shape),
    turn: sizeOf(shape) === 4 ? addTurn(module) : undefined,
  };
  return module.function("block", ["i32"], [], (f) => {
    const words = Object.fromEntries(blockWords.map((name, index) => [name, f.let("i32", i32.load(f.parameters[0], 4 * index))])) as Words;
    f.countDown(words.batch, () => {
      const fresh = (word: "a" | "b" | "c" | "start"): Local => f.let("i32", words[word]);
      const own = { ...words, a: fresh("a"), b: fresh("b"), c: fresh("c"), start: fresh("start") };
      writeBlock(f, own, shape, parts, long);
      f.advance(words.a, words.aBatch);
      f.advance(words.b, words.bBatch);
      f.advance(words.c, words.cBatch);
      f.advance(words.start, words.startBatch);
    });
  });
}

/** A module with `block(description)` alone. */
export function blockModule(shape: TileShape, options: { readonly shared: boolean }, long = false): ModuleBuilder {
  const module = new ModuleBuilder(options);
  addBlock(module, shape, long);
  return module;
}

interface Parts {
  readonly packA: Call;
  readonly packB: Call;
  readonly tiles: Tiles;
  readonly patch: Call;
  readonly gate: Call;
  readonly turn: Call | undefined;
}

function writeBlock(f: FunctionBuilder, words: Words, shape: TileShape, { packA, packB, tiles, patch, gate, turn }: Parts, long: boolean): void {
  const { a, aRow, aColumn, b, bRow, bColumn, c, cRow, cColumn, start, startRow, startColumn, m, n, k, scratch: corner } = words;
  const size = sizeOf(shape);
  const width = widthOf(shape);
  const lineA = i32.const(lineOf(shape));
  const lineB = i32.const(width * size);
  const packedA = f.let("i32", i32.add(corner, i32.const(shape.rows * width * size)));
  const packedB = f.let("i32", i32.add(packedA, i32.mul(k, lineA)));
  const panelBytes = f.let("i32", i32.mul(k, lineB));

  /** Visits the panels of columns: how many columns it has, where `b` is packed for it, where it starts. */
  const eachPanel = (visit: (columns: Local, packed: Local, offset: Local) => void): void => {
    const left = f.let("i32", n);
    const packed = f.let("i32", packedB);
    const offset = f.let("i32", i32.const(0));
    f.doWhile(
      () => {
        const columns = f.let("i32", select(left, i32.const(width), i32.ltU(left, i32.const(width))));
        visit(columns, packed, offset);
        f.advance(packed, panelBytes);
        f.advance(offset, width);
        f.emit(left.set(i32.sub(left, columns)));
      },
      () => left,
    );
  };
  /** Whether a tile is turned as it is written. */
  const turns = (rows: Local, columns: Local): Code =>
    i32.and(i32.eq(cRow, i32.const(size)), i32.and(i32.geU(rows, i32.const(4)), i32.eqz(i32.and(columns, i32.const(3)))));
  const isFull = (columns: Local): Code => i32.eq(columns, i32.const(width));
  const liesInVectors = (columns: Local, column: Local): Code => i32.and(isFull(columns), i32.eq(column, i32.const(size)));

  const [begin, beginRow] = [f.local("i32"), f.local("i32")];
  /** Finds where a tile's start lies in vectors: where it is, or as a copy in the corner; rows that are all the same are one. */
  const findStart = (rows: Local, columns: Local, offset: Local): void =>
    f.if(start, () => {
      f.emit(begin.set(i32.add(start, i32.mul(offset, startColumn))), beginRow.set(startRow));
      f.if(i32.eqz(liesInVectors(columns, startColumn)), () => {
        const distinct = select(rows, i32.const(1), startRow);
        f.emit(patch(begin, startRow, startColumn, corner, lineB, i32.const(size), distinct, columns));
        f.emit(begin.set(corner), beginRow.set(select(lineB, i32.const(0), startRow)));
      });
    });

  eachPanel((columns, packed, offset) =>
    f.if(i32.or(words.packB, i32.eqz(isFull(columns))), () => f.emit(packB(i32.add(b, i32.mul(offset, bColumn)), bRow, bColumn, k, columns, packed))),
  );

  const left = f.let("i32", m);
  const [tileA, stepA] = [f.local("i32"), f.local("i32")];
  const inPlace = shape.fused ? i32.eq(aRow, i32.const(size)) : i32.const(0);
  f.doWhile(
    () => {
      const rows = f.let("i32", nextRows(shape, left));
      if (long) f.emit(tileA.set(a), stepA.set(aRow));
      else
        f.if(
          inPlace,
          () => f.emit(tileA.set(a), stepA.set(aColumn)),
          () => f.emit(packA(a, aColumn, aRow, k, rows, packedA), tileA.set(packedA), stepA.set(lineA)),
        );
      eachPanel((columns, packed, offset) => {
        const isPacked = f.let("i32", i32.or(words.packB, i32.eqz(isFull(columns))));
        const panel = f.let("i32", select(packed, i32.add(b, i32.mul(offset, i32.const(size))), isPacked));
        const stepB = f.let("i32", select(lineB, bRow, isPacked));
        const target = f.let("i32", i32.add(c, i32.mul(offset, cColumn)));
        const multiply = (to: Local, row: Code): void =>
          tiles(f, rows, start, { a: tileA, aStep: stepA, b: panel, bStep: stepB, c: to, cRow: row, start: begin, startRow: beginRow, k });
        findStart(rows, columns, offset);
        f.if(
          liesInVectors(columns, cColumn),
          () => multiply(target, cRow),
          () => {
            multiply(corner, lineB);
            const across = (): void => f.emit(patch(corner, lineB, i32.const(size), target, cRow, cColumn, rows, columns));
            if (turn === undefined) across();
            else f.if(turns(rows, columns), () => f.emit(turn(corner, lineB, target, cColumn, rows, columns)), across);
          },
        );
        f.if(words.gated, () => f.emit(gate(target, cRow, cColumn, rows, columns, words.gate)));
      });
      f.advance(a, i32.mul(aRow, rows));
      f.advance(c, i32.mul(cRow, rows));
      f.advance(start, i32.mul(startRow, rows));
      f.emit(left.set(i32.sub(left, rows)));
    },
    () => left,
  );
}

import { type Call, type Code, type FunctionBuilder, f32, f32x4, i32, type Local, type ModuleBuilder, select, v128 } from "../../assembler/index.ts";
import { type Block, blockWords } from "./block.ts";
import type { Product } from "./product.ts";
import { multiplyAdd, type TileShape } from "./shape.ts";

/** Rows and columns of a tile. */
const [ROWS, COLUMNS] = [2, 4];
/** Numbers that a turn takes of every row and column: pairs of vectors. */
const TURN = 8;
/** The most rows: with more of them it pays to pack the other side. */
const MOST = 32;
/** The least numbers of a row: with fewer, adding up the lanes of sums takes too large a part. */
const LEAST = 128;

/** Whether a product is better made of inner products: of few rows, rows and columns in one piece, as when a batch of few inputs meets the weight of a layer. */
export const isInner = ({ a, b, start, m, n, k }: Product): boolean =>
  a.column === 4 && b.row === 4 && m <= MOST && n >= COLUMNS && k >= LEAST && (start.column === 4 || start.column === 0);

/**
 * Adds `inner(description)`, which does what `block` does, in tiles of inner products: nothing is packed, vectors go along k. For float32 and fused multiply-adds; sums
 * without them take more registers than there are.
 */
export function addInner(module: ModuleBuilder, shape: TileShape, gate: Call): void {
  const tiles = Array.from({ length: ROWS }, (_, i) => addTile(module, shape, i + 1));
  const store = addStore(module);
  module.function("inner", ["i32"], [], (f) => {
    const word = (name: keyof Block): Local => f.let("i32", i32.load(f.parameters[0], 4 * blockWords.indexOf(name)));
    const [a, aRow, aBatch, b, bColumn, bBatch] = [word("a"), word("aRow"), word("aBatch"), word("b"), word("bColumn"), word("bBatch")];
    const [c, cRow, cColumn, cBatch] = [word("c"), word("cRow"), word("cColumn"), word("cBatch")];
    const [start, startRow, startColumn, startBatch] = [word("start"), word("startRow"), word("startColumn"), word("startBatch")];
    const [m, n, k, batch, gated, gateAt, scratch] = [word("m"), word("n"), word("k"), word("batch"), word("gated"), word("gate"), word("scratch")];
    const least = (left: Local, most: number): Code => select(left, i32.const(most), i32.ltU(left, i32.const(most)));
    f.countDown(batch, () => {
      const [column, to, first] = [f.let("i32", b), f.let("i32", c), f.let("i32", start)];
      const columnsLeft = f.let("i32", n);
      f.doWhile(
        () => {
          const columns = f.let("i32", least(columnsLeft, COLUMNS));
          const [row, target, begin] = [f.let("i32", a), f.let("i32", to), f.let("i32", first)];
          const rowsLeft = f.let("i32", m);
          f.doWhile(
            () => {
              const rows = f.let("i32", least(rowsLeft, ROWS));
              const compute = (count: number): void => f.emit(tiles[count - 1](row, aRow, column, bColumn, columns, k, scratch));
              f.if(
                i32.eq(rows, i32.const(ROWS)),
                () => compute(ROWS),
                () => compute(1),
              );
              f.emit(store(scratch, target, cRow, cColumn, rows, columns, begin, startRow, startColumn));
              f.if(gated, () => f.emit(gate(target, cRow, cColumn, rows, columns, gateAt)));
              f.advance(row, i32.mul(aRow, rows));
              f.advance(target, i32.mul(cRow, rows));
              f.advance(begin, i32.mul(startRow, rows));
              f.emit(rowsLeft.set(i32.sub(rowsLeft, rows)));
            },
            () => rowsLeft,
          );
          f.advance(column, i32.mul(bColumn, columns));
          f.advance(to, i32.mul(cColumn, columns));
          f.advance(first, i32.mul(startColumn, columns));
          f.emit(columnsLeft.set(i32.sub(columnsLeft, columns)));
        },
        () => columnsLeft,
      );
      f.advance(a, aBatch);
      f.advance(b, bBatch);
      f.advance(c, cBatch);
      f.advance(start, startBatch);
    });
  });
}

/**
 * `(a, aRow, b, bColumn, columns, k, scratch)`: the sums of a tile of so many rows, a vector for each. Columns beyond `columns` repeat the last one. Where pairs of
 * vectors run as one, each pair of a turn has sums of its own.
 */
function addTile(module: ModuleBuilder, shape: TileShape, rows: number): Call {
  const apart = shape.vectors > 2;
  return module.function(`innerTile${rows}`, new Array<"i32">(7).fill("i32"), [], (f) => {
    const [a, aRow, b, bColumn, columns, k, scratch] = f.parameters;
    const lines = Array.from({ length: rows }, (_, i) => f.let("i32", i === 0 ? a : i32.add(a, aRow)));
    const pillars: Local[] = [];
    for (let j = 0; j < COLUMNS; j++) {
      const next = (): Code => i32.add(pillars[j - 1], select(bColumn, i32.const(0), i32.ltU(i32.const(j), columns)));
      pillars.push(f.let("i32", j === 0 ? b : next()));
    }
    const sums = Array.from({ length: rows * COLUMNS * (apart ? 2 : 1) }, () => f.local("v128"));
    for (const sum of sums) f.emit(sum.set(v128.zero));
    const sumOf = (i: number, j: number, half: number): Local => sums[apart ? 2 * (COLUMNS * i + j) + half : COLUMNS * i + j];
    const turns = f.let("i32", i32.shrU(k, i32.const(Math.log2(TURN))));
    f.countDown(turns, () => {
      for (let at = 0; at < 4 * TURN; at += 32) {
        const left = lines.map((line) => [0, 1].map((half) => f.let("v128", v128.load(line, at + 16 * half))));
        pillars.forEach((pillar, j) => {
          const right = [0, 1].map((half) => f.let("v128", v128.load(pillar, at + 16 * half)));
          for (let i = 0; i < rows; i++)
            for (const half of [0, 1]) f.emit(sumOf(i, j, half).set(multiplyAdd(shape, sumOf(i, j, half), left[i][half], right[half])));
        });
      }
      for (const place of [...lines, ...pillars]) f.advance(place, 4 * TURN);
    });
    // Pairs of stores are where the engine begins to look for pairs of vectors.
    if (apart) for (const [at, sum] of sums.entries()) f.emit(v128.store(scratch, sum, 16 * at));
    const totals = Array.from({ length: rows }, (_, i) => {
      const whole = Array.from({ length: COLUMNS }, (__, j) => {
        const at = 2 * (COLUMNS * i + j);
        return apart ? f.let("v128", f32x4.add(v128.load(scratch, 16 * at), v128.load(scratch, 16 * at + 16))) : sumOf(i, j, 0);
      });
      return f.let("v128", acrossLanes(f, whole));
    });
    const rest = f.let("i32", i32.and(k, i32.const(TURN - 1)));
    f.if(rest, () =>
      f.countDown(rest, () => {
        const right = f.local("v128");
        f.emit(right.set(v128.load32Splat(pillars[0])));
        for (let j = 1; j < COLUMNS; j++) f.emit(right.set(v128.load32Lane(pillars[j], right, j)));
        totals.forEach((total, i) => void f.emit(total.set(multiplyAdd(shape, total, v128.load32Splat(lines[i]), right))));
        for (const place of [...lines, ...pillars]) f.advance(place, 4);
      }),
    );
    totals.forEach((total, i) => void f.emit(v128.store(scratch, total, 16 * i)));
  });
}

/** A vector of the sums of the lanes of four. */
function acrossLanes(f: FunctionBuilder, [s0, s1, s2, s3]: readonly Local[]): Code {
  const halves = (a: Local, b: Local): Local => f.let("v128", f32x4.add(v128.shuffle(a, b, [0, 4, 1, 5]), v128.shuffle(a, b, [2, 6, 3, 7])));
  const [low, high] = [halves(s0, s1), halves(s2, s3)];
  return f32x4.add(v128.shuffle(low, high, [0, 1, 4, 5]), v128.shuffle(low, high, [2, 3, 6, 7]));
}

/** Adds `(scratch, c, cRow, cColumn, rows, columns, start, startRow, startColumn)`: the sums of a tile, and the start if there is one, to where they belong. */
function addStore(module: ModuleBuilder): Call {
  return module.function("innerStore", new Array<"i32">(9).fill("i32"), [], (f) => {
    const [scratch, c, cRow, cColumn, rows, columns, start, startRow, startColumn] = f.parameters;
    const inPiece = i32.and(i32.eq(cColumn, i32.const(4)), i32.eq(columns, i32.const(COLUMNS)));
    const [from, to, begin, left] = [f.local("i32"), f.local("i32"), f.local("i32"), f.local("i32")];
    f.countDown(rows, () => {
      f.if(
        inPiece,
        () => {
          const sums = f.let("v128", v128.load(scratch));
          f.if(start, () => {
            f.if(
              startColumn,
              () => f.emit(sums.set(f32x4.add(v128.load(start), sums))),
              () => f.emit(sums.set(f32x4.add(v128.load32Splat(start), sums))),
            );
          });
          f.emit(v128.store(c, sums));
        },
        () => {
          f.emit(from.set(scratch), to.set(c), begin.set(start), left.set(columns));
          f.countDown(left, () => {
            f.if(
              start,
              () => f.emit(f32.store(to, f32.add(f32.load(begin), f32.load(from)))),
              () => f.emit(f32.store(to, f32.load(from))),
            );
            f.advance(from, 4);
            f.advance(to, cColumn);
            f.advance(begin, startColumn);
          });
        },
      );
      f.advance(scratch, 16);
      f.advance(c, cRow);
      f.advance(start, startRow);
    });
  });
}

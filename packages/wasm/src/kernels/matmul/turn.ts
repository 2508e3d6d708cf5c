import { type Call, type FunctionBuilder, i32, type Local, type ModuleBuilder, v128 } from "../../assembler/index.ts";

/**
 * Adds `turn(from, fromRow, to, toRow, rows, columns)`: writes a tile of float32 whose rows lie in one piece so that its columns do. Four, five or six rows, a
 * multiple of four columns; steps in bytes.
 */
export function addTurn(module: ModuleBuilder): Call {
  return module.function("turn", ["i32", "i32", "i32", "i32", "i32", "i32"], [], (f) => {
    const [from, fromRow, to, toRow, rows, columns] = f.parameters;
    f.doWhile(
      () => {
        const row = f.let("i32", from);
        const target = f.let("i32", to);
        const four = loadRows(f, row, fromRow, 4);
        const [low, high] = [
          [0, 1],
          [2, 3],
        ].map(([a, b]) => [f.let("v128", v128.shuffle(four[a], four[b], [0, 4, 1, 5])), f.let("v128", v128.shuffle(four[a], four[b], [2, 6, 3, 7]))]);
        for (let j = 0; j < 4; j++) {
          const lanes = j % 2 === 0 ? ([0, 1, 4, 5] as const) : ([2, 3, 6, 7] as const);
          f.emit(v128.store(target, v128.shuffle(low[j >> 1], high[j >> 1], lanes)));
          f.advance(target, toRow);
        }
        f.if(i32.eq(rows, i32.const(6)), () => {
          const two = loadRows(f, row, fromRow, 2);
          f.emit(target.set(to));
          for (const order of [
            [0, 4, 1, 5],
            [2, 6, 3, 7],
          ] as const) {
            const pairs = f.let("v128", v128.shuffle(two[0], two[1], order));
            for (const lane of [0, 1]) {
              f.emit(v128.store64Lane(target, pairs, lane, 16));
              f.advance(target, toRow);
            }
          }
        });
        f.if(i32.eq(rows, i32.const(5)), () => {
          const [one] = loadRows(f, row, fromRow, 1);
          f.emit(target.set(to));
          for (let lane = 0; lane < 4; lane++) {
            f.emit(v128.store32Lane(target, one, lane, 16));
            f.advance(target, toRow);
          }
        });
        f.advance(from, 16);
        f.advance(to, i32.shl(toRow, i32.const(2)));
        f.emit(columns.set(i32.sub(columns, i32.const(4))));
      },
      () => columns,
    );
  });
}

/** Four numbers of some rows; the pointer goes behind the last. */
function loadRows(f: FunctionBuilder, row: Local, step: Local, count: number): Local[] {
  return Array.from({ length: count }, () => {
    const numbers = f.let("v128", v128.load(row));
    f.advance(row, step);
    return numbers;
  });
}

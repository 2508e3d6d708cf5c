import { type Call, type Code, type FunctionBuilder, f32x4, f64x2, i32, type Local, type ModuleBuilder, v128 } from "../../assembler/index.ts";
import { loadSplat, sizeOf, type TileShape } from "./shape.ts";

/**
 * Adds `gate(c, cRow, cColumn, rows, columns, gate)`: numbers become 0 where that which lies so many bytes after them is at most 0. Steps in bytes, rows and columns
 * at least 1.
 */
export function addGate(module: ModuleBuilder, shape: TileShape): Call {
  const size = sizeOf(shape);
  const ops = shape.lanes === "f32x4" ? f32x4 : f64x2;
  const storeOne = shape.lanes === "f32x4" ? v128.store32Lane : v128.store64Lane;
  const shut = (f: FunctionBuilder, number: Code, gate: Code): Local => {
    const nothing = f.constant(shape.lanes, 0);
    return f.let("v128", v128.andNot(number, ops.le(gate, nothing)));
  };
  return module.function("gate", ["i32", "i32", "i32", "i32", "i32", "i32"], [], (f) => {
    const [c, cRow, cColumn, rows, columns, gate] = f.parameters;
    const [at, left] = [f.local("i32"), f.local("i32")];
    f.countDown(rows, () => {
      f.emit(at.set(c), left.set(columns));
      f.if(i32.eq(cColumn, i32.const(size)), () =>
        f.inGroups(left, [16 / size], () => {
          f.emit(v128.store(at, shut(f, v128.load(at), v128.load(i32.add(at, gate)))));
          f.advance(at, 16);
        }),
      );
      f.if(left, () =>
        f.countDown(left, () => {
          const load = loadSplat(shape);
          f.emit(storeOne(at, shut(f, load(at), load(i32.add(at, gate))), 0));
          f.advance(at, cColumn);
        }),
      );
      f.advance(c, cRow);
    });
  });
}

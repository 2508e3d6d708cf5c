import { describe, expect, test } from "vitest";
import { type FunctionBuilder, f32, f32x4, f64, f64x2, i32, i32x4, ModuleBuilder, v128 } from "./index.ts";

const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });

function run(module: ModuleBuilder, env: WebAssembly.ModuleImports = {}): Record<string, (...args: number[]) => number> {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory, ...env } });
  return instance.exports as Record<string, (...args: number[]) => number>;
}

describe("assembler", () => {
  test("scalars, locals, loops and calls between functions", () => {
    const module = new ModuleBuilder();
    const twice = module.function("twice", ["i32"], ["i32"], (f) => f.emit(i32.add(f.parameters[0], f.parameters[0])));
    module.function("power", ["i32"], ["i32"], (f) => {
      const [n] = f.parameters;
      const x = f.let("i32", i32.const(1));
      f.countDown(n, () => f.emit(x.set(twice(x))));
      f.emit(x);
    });
    const { power } = run(module);
    expect([power(1), power(10)]).toEqual([2, 1024]);
  });

  test("constants of every size", () => {
    for (const value of [0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, -8192, 2 ** 31 - 1, -(2 ** 31)]) {
      const module = new ModuleBuilder();
      module.function("f", [], ["i32"], (f) => f.emit(i32.const(value)));
      expect(run(module).f()).toBe(value);
    }
    const module = new ModuleBuilder();
    module.function("single", [], ["f32"], (f) => f.emit(f32.const(0.1)));
    module.function("double", [], ["f64"], (f) => f.emit(f64.const(0.1)));
    const { single, double } = run(module);
    expect([single(), double()]).toEqual([Math.fround(0.1), 0.1]);
  });

  test("conditions, imports, and constants hoisted out of loops", () => {
    const module = new ModuleBuilder();
    const log = module.import("log", ["f64"], ["f64"]);
    module.function("f", ["i32", "i32"], [], (f) => {
      const [at, n] = f.parameters;
      f.countDown(n, () => {
        f.emit(v128.store(at, f64x2.add(v128.load(at), f.constant("f64x2", 0.5))));
        f.advance(at, 16);
      });
    });
    module.function("sign", ["f64"], ["f64"], (f) => {
      const [x] = f.parameters;
      const y = f.local("f64");
      f.if(
        f64.lt(x, f64.const(0)),
        () => f.emit(y.set(f64.const(-1))),
        () => f.emit(y.set(log(x))),
      );
      f.emit(y);
    });
    const values = new Float64Array(memory.buffer, 64, 4);
    values.set([1, 2, 3, 4]);
    const exports = run(module, { log: Math.log });
    exports.f(64, 2);
    expect([...values]).toEqual([1.5, 2.5, 3.5, 4.5]);
    expect([exports.sign(-3), exports.sign(Math.E)]).toEqual([-1, 1]);
  });

  test("a loop whose condition may be 0 at once, and a variable that starts anew in each turn", () => {
    const module = new ModuleBuilder();
    module.function("sum", ["i32", "i32"], ["f64"], (f) => {
      const [at, left] = f.parameters;
      const sum = f.let("v128", f.constant("f64x2", 0));
      f.while(
        () => left,
        () => {
          const x = f.let("v128", v128.load(at));
          f.emit(sum.set(f64x2.add(sum, x)), left.set(i32.sub(left, i32.const(1))));
          f.advance(at, 16);
        },
      );
      f.emit(f64x2.lane(sum, 1));
    });
    const { sum } = run(module);
    new Float64Array(memory.buffer, 64, 6).set([1, 2, 3, 4, 5, 6]);
    expect([sum(64, 0), sum(64, 1), sum(64, 3)]).toEqual([0, 2, 12]);
  });

  test("interleaved strands of any length, with conditions and loops in them", () => {
    const order = (write: (f: FunctionBuilder, strands: readonly (() => void)[]) => void): number[] => {
      const seen: number[] = [];
      const module = new ModuleBuilder();
      const note = module.import("note", ["i32"], []);
      module.function("f", [], [], (f) => {
        const say = (value: number): void => f.emit(note(i32.const(value)));
        const turns = f.let("i32", i32.const(2));
        write(f, [
          () => {
            say(1);
            f.if(i32.const(1), () => {
              say(2);
              say(3);
            });
            say(4);
          },
          () => {
            say(10);
            f.countDown(turns, () => say(20));
          },
        ]);
      });
      run(module, { note: (value: number) => void seen.push(value) }).f();
      return seen;
    };
    expect(order((_, strands) => strands.forEach((write) => void write()))).toEqual([1, 2, 3, 4, 10, 20, 20]);
    expect(order((f, strands) => f.interleave(strands))).toEqual([1, 10, 2, 3, 20, 20, 4]);
    expect(order((f, strands) => f.if(i32.const(1), () => f.interleave(strands)))).toEqual([1, 10, 2, 3, 20, 20, 4]);
  });

  test("vectors: arithmetic, lanes, masks, shuffles and conversions", () => {
    const module = new ModuleBuilder();
    const write = (name: string, value: Parameters<typeof v128.store>[1]) =>
      module.function(name, [], [], (f) => f.emit(v128.store(i32.const(128), value)));
    const x = v128.load(i32.const(64));
    write("max", f32x4.max(x, f32x4.splat(f32.const(0))));
    write("reverse", v128.shuffle(x, x, [3, 2, 1, 0]));
    write("mask", v128.and(f32x4.lt(x, f32x4.splat(f32.const(0))), f32x4.splat(f32.const(1))));
    write("widen", f64x2.promoteLow(x));
    write("integers", i32x4.truncSatF32(x));
    module.function("lane", [], ["f32"], (f) => f.emit(f32x4.lane(x, 2)));
    const input = new Float32Array(memory.buffer, 64, 4);
    input.set([-1.5, 2, NaN, 3e10]);
    const exports = run(module);
    const result = (name: string): number[] => {
      exports[name]();
      return [...new Float32Array(memory.buffer, 128, 4)];
    };
    expect(result("max")).toEqual([0, 2, NaN, Math.fround(3e10)]);
    expect(result("reverse")).toEqual([Math.fround(3e10), NaN, 2, -1.5]);
    expect(result("mask")).toEqual([1, 0, 0, 0]);
    exports.widen();
    expect([...new Float64Array(memory.buffer, 128, 2)]).toEqual([-1.5, 2]);
    exports.integers();
    expect([...new Int32Array(memory.buffer, 128, 4)]).toEqual([-1, 2, 0, 2 ** 31 - 1]);
    expect(exports.lane()).toBeNaN();
  });
});

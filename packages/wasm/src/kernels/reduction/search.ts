import type { DType } from "@gradtape/core";
import { f64, f64x2, i32, type Local, ModuleBuilder, select } from "../../assembler/index.ts";
import { read } from "../elementwise/access.ts";
import { double, VectorCode } from "../elementwise/lanes.ts";
import { foldWords } from "./fold.ts";

/** The first index of the extremum of each row: `run(description)`, the words are those of a fold. NaN beats every number. */
export function searchModule(search: "argmax" | "argmin", input: DType, options: { readonly shared: boolean }): ModuleBuilder {
  const module = new ModuleBuilder(options);
  module.function("run", ["i32"], [], (f) => {
    const word = (name: (typeof foldWords)[number]): Local => f.hoist("i32", i32.load(f.parameters[0], 4 * foldWords.indexOf(name)));
    const [from, to, rows, inputRow, outputRow] = (["input", "output", "rows", "inputRow", "outputRow"] as const).map(word);
    const [count, step] = (["count", "inputStep"] as const).map(word);
    const v = new VectorCode(f, double, false, 1, new Map());
    const pointer = f.local("i32");
    const [index, found] = [f.local("i32"), f.local("i32")];
    const [best, x] = [f.local("f64"), f.local("f64")];
    const beats = search === "argmax" ? f64.gt : f64.lt;
    f.countDown(rows, () => {
      f.emit(pointer.set(from), index.set(i32.const(0)), found.set(i32.const(0)));
      f.emit(best.set(f64.const(search === "argmax" ? -Infinity : Infinity)));
      f.doWhile(
        () => {
          f.emit(x.set(f64x2.lane(read(v, { dtype: input, step: "unit", pointer, stride: undefined }, { whole: false, group: 0 }), 0)));
          const better = f.let("i32", i32.or(beats(x, best), i32.and(f64.ne(x, x), f64.eq(best, best))));
          f.emit(best.set(select(x, best, better)), found.set(select(index, found, better)));
          f.advance(pointer, step);
          f.advance(index, 1);
        },
        () => i32.ltU(index, count),
      );
      f.emit(i32.store(to, found));
      f.advance(from, inputRow);
      f.advance(to, outputRow);
    });
  });
  return module;
}

import { type FunctionBuilder, f32, f64, i32, type Local, ModuleBuilder, v128 } from "../../assembler/index.ts";
import { bytesOf } from "../../memory/heap.ts";

/** Words of the description that a scattering loop reads, those of the planes first; steps are in bytes. `rows` is a table of two offsets for each row. */
export const scatterWords = [
  "planes",
  "gradient",
  "gradientPlane",
  "numbers",
  "numbersPlane",
  "image",
  "imagePlane",
  "gradientStep",
  "numbersStep",
  "size",
  "rows",
  "rowCount",
  "columns",
] as const;

type Words = { readonly [W in (typeof scatterWords)[number]]: Local };

/** `run(description)`: plane by plane zeros, to which gradients are added at their numbers. A number that no element of the plane has is passed over. */
export function scatterModule(dtype: "float32" | "float64", options: { readonly shared: boolean }): ModuleBuilder {
  const module = new ModuleBuilder(options);
  const scalar = dtype === "float32" ? f32 : f64;
  module.function("run", ["i32"], [], (f) => {
    const words = Object.fromEntries(scatterWords.map((name, i) => [name, f.hoist("i32", i32.load(f.parameters[0], 4 * i))])) as Words;
    const size = bytesOf[dtype];
    f.countDown(words.planes, () => {
      clear(f, words, size);
      const [table, rows] = [f.let("i32", words.rows), f.let("i32", words.rowCount)];
      f.countDown(rows, () => {
        const gradient = f.let("i32", i32.add(words.gradient, i32.load(table)));
        const number = f.let("i32", i32.add(words.numbers, i32.load(table, 4)));
        const left = f.let("i32", words.columns);
        f.countDown(left, () => {
          const found = f.let("i32", i32.load(number));
          f.if(i32.ltU(found, words.size), () => {
            const at = f.let("i32", i32.add(words.image, i32.mul(found, i32.const(size))));
            f.emit(scalar.store(at, scalar.add(scalar.load(at), scalar.load(gradient))));
          });
          f.advance(gradient, words.gradientStep);
          f.advance(number, words.numbersStep);
        });
        f.advance(table, 8);
      });
      f.advance(words.gradient, words.gradientPlane);
      f.advance(words.numbers, words.numbersPlane);
      f.advance(words.image, words.imagePlane);
    });
  });
  return module;
}

/** Writes zeros over a plane. */
function clear(f: FunctionBuilder, words: Words, size: number): void {
  const [to, left] = [f.let("i32", words.image), f.let("i32", words.size)];
  const lanes = 16 / size;
  f.inGroups(left, [4 * lanes, lanes, 1], (elements) => {
    if (elements === 1) f.emit(size === 4 ? i32.store(to, i32.const(0)) : f64.store(to, f64.const(0)));
    else for (let at = 0; at < elements * size; at += 16) f.emit(v128.store(to, v128.zero, at));
    f.advance(to, elements * size);
  });
}

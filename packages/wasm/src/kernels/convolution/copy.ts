import { type Call, type FunctionBuilder, i32, type Local, type ModuleBuilder, v128 } from "../../assembler/index.ts";

/** Words of the description of a copy of rows that lie in one piece, three dimensions of them; sizes count indices, of a row bytes; steps are in bytes. */
export const copyWords = [
  "source",
  "target",
  "bytes",
  "size0",
  "size1",
  "size2",
  "source0",
  "source1",
  "source2",
  "target0",
  "target1",
  "target2",
] as const;

/** The words of one copy. */
export type Copy = Readonly<Record<(typeof copyWords)[number], number>>;

/** `copy(description)`. Every size is at least 1, and the bytes of a row are a multiple of 4. */
export function addCopy(module: ModuleBuilder, name: string): Call {
  return module.function(name, ["i32"], [], (f) => {
    const words = Object.fromEntries(copyWords.map((word, i) => [word, f.hoist("i32", i32.load(f.parameters[0], 4 * i))])) as Record<
      (typeof copyWords)[number],
      Local
    >;
    const vectors = f.hoist("i32", i32.shrU(words.bytes, i32.const(4)));
    const rest = f.hoist("i32", i32.and(words.bytes, i32.const(15)));
    const each = (d: 0 | 1 | 2, source: Local, target: Local): void => {
      const left = f.let("i32", words[`size${d}`]);
      f.countDown(left, () => {
        const [from, to] = [f.let("i32", source), f.let("i32", target)];
        if (d < 2) each((d + 1) as 1 | 2, from, to);
        else writeRow(f, from, to, vectors, rest);
        f.advance(source, words[`source${d}`]);
        f.advance(target, words[`target${d}`]);
      });
    };
    each(0, f.let("i32", words.source), f.let("i32", words.target));
  });
}

/** One row: whole vectors, then the last one again from so far back that it ends with the row; short rows in pieces of four bytes. */
function writeRow(f: FunctionBuilder, from: Local, to: Local, vectors: Local, rest: Local): void {
  f.if(
    vectors,
    () => {
      const left = f.let("i32", vectors);
      f.countDown(left, () => {
        f.emit(v128.store(to, v128.load(from)));
        f.advance(from, 16);
        f.advance(to, 16);
      });
      f.if(rest, () => {
        const back = i32.sub(rest, i32.const(16));
        f.emit(v128.store(i32.add(to, back), v128.load(i32.add(from, back))));
      });
    },
    () => {
      const left = f.let("i32", i32.shrU(rest, i32.const(2)));
      f.countDown(left, () => {
        f.emit(i32.store(to, i32.load(from)));
        f.advance(from, 4);
        f.advance(to, 4);
      });
    },
  );
}

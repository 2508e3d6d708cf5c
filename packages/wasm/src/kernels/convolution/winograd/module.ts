import { type FunctionBuilder, i32, type Local, ModuleBuilder, select } from "../../../assembler/index.ts";
import { addBlock, blockWords } from "../../matmul/block.ts";
import { type TileShape, widthOf } from "../../matmul/shape.ts";
import { addCollect, addSpread, addWeight, LANES, type Planes, planeWords } from "./planes.ts";

/**
 * Words of the description of a convolution by tiles: images of inputs and of results, and where their rows of tiles begin; how many rows of tiles there are
 * and are taken at a time; where the description lies of the product of the planes.
 */
export const passWords = [
  "source",
  "sourceChannel",
  "sourceRow",
  "sourceTiles",
  "sourceHalf",
  "target",
  "targetChannel",
  "targetRow",
  "targetTiles",
  "targetHalf",
  "step",
  "rows",
  "rowsAtOnce",
  "vectors",
  "block",
] as const;

/** The words of one convolution. */
export type Pass = Readonly<Record<(typeof passWords)[number], number>>;

const blockOffset = (word: (typeof blockWords)[number]): number => 4 * blockWords.indexOf(word);

const read = <W extends string>(f: FunctionBuilder, names: readonly W[], at: Local): { readonly [N in W]: Local } =>
  Object.fromEntries(names.map((name, i) => [name, f.hoist("i32", i32.load(at, 4 * i))])) as { readonly [N in W]: Local };

/**
 * A module of convolutions by Winograd's tiles: `pass(description)` computes one, portion by portion, each from the inputs to the results while it stays in the
 * cache; `input` and `gradient` make planes, `spreadWeight` those of weights, `collectWeight` weights of theirs; `block` multiplies.
 */
export function winogradModule(shape: TileShape, options: { readonly shared: boolean }): ModuleBuilder {
  const module = new ModuleBuilder(options);
  const block = addBlock(module, shape);
  const input = addSpread(module, "spreadInput", "input");
  const gradient = addSpread(module, "spreadGradient", "gradient");
  const collect = addCollect(module, "collect");
  addWeight(module, "spreadWeight");
  addWeight(module, "collectWeight");
  for (const [name, spread] of [["input", input] as const, ["gradient", gradient] as const])
    module.function(name, ["i32"], [], (f) => {
      const words = read(f, planeWords, f.parameters[0]);
      f.emit(spread(...planeWords.map((word) => words[word])));
    });
  module.function("pass", ["i32"], [], (f) => {
    const { block: product, ...words } = read(f, passWords, f.parameters[0]);
    const of = (word: (typeof blockWords)[number]): Local => f.let("i32", i32.load(product, blockOffset(word)));
    const [inputs, inputPlane, inputChannel, channels] = [of("b"), of("bBatch"), of("bRow"), of("k")];
    const [results, resultPlane, resultChannel, outputs] = [of("c"), of("cBatch"), of("cRow"), of("m")];
    const [left, sourceTiles, targetTiles] = [words.rows, words.sourceTiles, words.targetTiles].map((word) => f.let("i32", word));
    const call = (planes: { readonly [W in keyof Planes]: Local }) => planeWords.map((word) => planes[word]);
    f.doWhile(
      () => {
        const rows = f.let("i32", select(left, words.rowsAtOnce, i32.ltU(left, words.rowsAtOnce)));
        const { vectors, step } = words;
        f.emit(
          input(
            ...call({
              image: words.source,
              imageChannel: words.sourceChannel,
              imageRow: words.sourceRow,
              tileRows: sourceTiles,
              half: words.sourceHalf,
              step,
              planes: inputs,
              plane: inputPlane,
              channel: inputChannel,
              channels,
              rows,
              vectors,
            }),
          ),
        );
        // Whole tiles of the product: what is beyond the last column is computed and not looked at.
        const most = i32.add(i32.mul(i32.mul(rows, vectors), i32.const(LANES)), i32.const(widthOf(shape) - 1));
        f.emit(i32.store(product, i32.and(most, i32.const(-widthOf(shape))), blockOffset("n")), block(product));
        f.emit(
          collect(
            ...call({
              image: words.target,
              imageChannel: words.targetChannel,
              imageRow: words.targetRow,
              tileRows: targetTiles,
              half: words.targetHalf,
              step,
              planes: results,
              plane: resultPlane,
              channel: resultChannel,
              channels: outputs,
              rows,
              vectors,
            }),
          ),
        );
        for (const table of [sourceTiles, targetTiles]) f.advance(table, i32.shl(rows, i32.const(2)));
        f.emit(left.set(i32.sub(left, rows)));
      },
      () => left,
    );
  });
  return module;
}

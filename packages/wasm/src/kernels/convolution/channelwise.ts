import { type FunctionBuilder, f32, f32x4, f64, f64x2, i32, type Local, type ModuleBuilder, v128 } from "../../assembler/index.ts";
import { lanesOf, loadSplat, multiplyAdd, sizeOf, type TileShape } from "../matmul/shape.ts";

/**
 * Words of the description of a convolution of every channel with a kernel of its own. Steps are in bytes. `rows` is a table with two offsets for each row of
 * positions, in the source and in the other image; `taps` one with an offset in the source for each tap, `elements` in the kernel.
 */
export const channelwiseWords = [
  "source",
  "sourceChannel",
  "image",
  "imageChannel",
  "weight",
  "weightChannel",
  "channels",
  "rows",
  "rowCount",
  "columns",
  "taps",
  "elements",
  "tapCount",
  "add",
] as const;

/** The words of one such convolution. */
export type Channelwise = Readonly<Record<(typeof channelwiseWords)[number], number>>;

type Words = { readonly [W in (typeof channelwiseWords)[number]]: Local };

const wordsOf = (f: FunctionBuilder): Words =>
  Object.fromEntries(channelwiseWords.map((name, i) => [name, f.hoist("i32", i32.load(f.parameters[0], 4 * i))])) as Words;

function eachChannel(f: FunctionBuilder, words: Words, visit: (source: Local, image: Local, weight: Local) => void): void {
  const [source, image, weight, left] = [words.source, words.image, words.weight, words.channels].map((word) => f.let("i32", word));
  f.countDown(left, () => {
    visit(source, image, weight);
    f.advance(source, words.sourceChannel);
    f.advance(image, words.imageChannel);
    f.advance(weight, words.weightChannel);
  });
}

function eachRow(f: FunctionBuilder, words: Words, source: Local, image: Local, visit: (source: Local, image: Local) => void): void {
  const [table, left] = [f.let("i32", words.rows), f.let("i32", words.rowCount)];
  f.countDown(left, () => {
    visit(f.let("i32", i32.add(source, i32.load(table))), f.let("i32", i32.add(image, i32.load(table, 4))));
    f.advance(table, 8);
  });
}

function eachTap(f: FunctionBuilder, words: Words, visit: (tap: Local, element: Local) => void): void {
  const [taps, elements, left] = [words.taps, words.elements, words.tapCount].map((word) => f.let("i32", word));
  f.countDown(left, () => {
    visit(f.let("i32", i32.load(taps)), f.let("i32", i32.load(elements)));
    f.advance(taps, 4);
    f.advance(elements, 4);
  });
}

/** Adds `channelwise(description)`, from the source and kernels to the image: a row in pieces of four vectors, each of which meets all taps. */
export function addChannelwise(module: ModuleBuilder, shape: TileShape): void {
  const lanes = lanesOf(shape);
  const scalar = shape.lanes === "f32x4" ? f32 : f64;
  const ops = shape.lanes === "f32x4" ? f32x4 : f64x2;
  module.function("channelwise", ["i32"], [], (f) => {
    const words = wordsOf(f);
    eachChannel(f, words, (source, image, weight) =>
      eachRow(f, words, source, image, (from, to) => {
        const left = f.let("i32", words.columns);
        f.inGroups(left, [4 * lanes, lanes, 1], (columns) => {
          const vectors = Math.max(1, columns / lanes);
          const sums = Array.from({ length: vectors }, () => f.let("v128", v128.zero));
          eachTap(f, words, (tap, element) => {
            const at = f.let("i32", i32.add(from, tap));
            const factor = f.let("v128", loadSplat(shape)(i32.add(weight, element)));
            const load = columns === 1 ? loadSplat(shape) : v128.load;
            sums.forEach((sum, j) => void f.emit(sum.set(multiplyAdd(shape, sum, factor, load(at, 16 * j)))));
          });
          if (columns === 1) f.emit(scalar.store(to, ops.lane(sums[0], 0)));
          else sums.forEach((sum, j) => void f.emit(v128.store(to, sum, 16 * j)));
          f.advance(from, columns * sizeOf(shape));
          f.advance(to, columns * sizeOf(shape));
        });
      }),
    );
  });
}

/** Adds `channelwiseWeight(description)`, from the source and the image, a gradient, to the gradient of the kernels; adds to it if `add` is not 0. */
export function addChannelwiseWeight(module: ModuleBuilder, shape: TileShape): void {
  const lanes = lanesOf(shape);
  const scalar = shape.lanes === "f32x4" ? f32 : f64;
  const ops = shape.lanes === "f32x4" ? f32x4 : f64x2;
  const loadZero = shape.lanes === "f32x4" ? v128.load32Zero : v128.load64Zero;
  module.function("channelwiseWeight", ["i32"], [], (f) => {
    const words = wordsOf(f);
    eachChannel(f, words, (source, image, weight) =>
      eachTap(f, words, (tap, element) => {
        const sums = Array.from({ length: 4 }, () => f.let("v128", v128.zero));
        const start = f.let("i32", i32.add(source, tap));
        eachRow(f, words, start, image, (from, gradient) => {
          const left = f.let("i32", words.columns);
          f.inGroups(left, [4 * lanes, lanes, 1], (columns) => {
            const load = columns === 1 ? loadZero : v128.load;
            sums
              .slice(0, Math.max(1, columns / lanes))
              .forEach((sum, j) => void f.emit(sum.set(multiplyAdd(shape, sum, load(from, 16 * j), load(gradient, 16 * j)))));
            f.advance(from, columns * sizeOf(shape));
            f.advance(gradient, columns * sizeOf(shape));
          });
        });
        const halves = f.let("v128", ops.add(ops.add(sums[0], sums[1]), ops.add(sums[2], sums[3])));
        f.emit(halves.set(ops.add(halves, v128.shuffle(halves, halves, [2, 3, 2, 3]))));
        if (lanes === 4) f.emit(halves.set(ops.add(halves, v128.shuffle(halves, halves, [1, 1, 1, 1]))));
        const place = f.let("i32", i32.add(weight, element));
        f.if(words.add, () => f.emit(halves.set(ops.add(halves, loadZero(place)))));
        f.emit(scalar.store(place, ops.lane(halves, 0)));
      }),
    );
  });
}

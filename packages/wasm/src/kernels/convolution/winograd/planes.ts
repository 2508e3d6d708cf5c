import { type Call, type Code, type FunctionBuilder, i32, type Local, type ModuleBuilder, v128 } from "../../../assembler/index.ts";
import { ofGradient, ofInput, ofOutput, ofWeight, ofWeightGradient, type Square, transformed } from "./square.ts";

/** Numbers of a transformed tile: the planes. */
export const PLANES = 16;

/** Tiles that a vector has one number of each of. */
export const LANES = 4;

/**
 * Words that describe how images meet their planes, in which tiles lie next to one another: plane p of channel c at `planes + p plane + c channel`. Images of
 * a channel lie `imageChannel` apart; a row of vectors of tiles begins at the offset that the table `tileRows` has for it. Steps are in bytes.
 */
export const planeWords = [
  "image",
  "imageChannel",
  "imageRow",
  "tileRows",
  /** From the first two tiles of a vector to the others, and to the next vector. */
  "half",
  "step",
  "planes",
  "plane",
  "channel",
  "channels",
  /** Rows of vectors of tiles, and vectors in each of them. */
  "rows",
  "vectors",
] as const;

/** The words of one transformation. */
export type Planes = Readonly<Record<(typeof planeWords)[number], number>>;

type Words = { readonly [W in (typeof planeWords)[number]]: Local };

/** Visits every vector of tiles: where it lies in the image and in the first plane. */
function eachVector(f: FunctionBuilder, words: Words, visit: (image: Local, planes: Local) => void): void {
  const { image, imageChannel, tileRows, step, planes, channel, channels, rows, vectors } = words;
  f.countDown(channels, () => {
    const table = f.let("i32", tileRows);
    const target = f.let("i32", planes);
    const rowsLeft = f.let("i32", rows);
    f.countDown(rowsLeft, () => {
      const from = f.let("i32", i32.add(image, i32.load(table)));
      const left = f.let("i32", vectors);
      f.countDown(left, () => {
        visit(from, target);
        f.advance(from, step);
        f.advance(target, 16);
      });
      f.advance(table, 4);
    });
    f.advance(image, imageChannel);
    f.advance(planes, channel);
  });
}

/** Visits the planes of a tile one after the other. */
function eachPlane(f: FunctionBuilder, first: Local, plane: Local, visit: (address: Local, row: number, column: number) => void): void {
  const address = f.let("i32", first);
  for (let p = 0; p < PLANES; p++) {
    visit(address, p >> 2, p & 3);
    if (p < PLANES - 1) f.advance(address, plane);
  }
}

function loadPlanes(f: FunctionBuilder, first: Local, plane: Local, load: (address: Local) => Code): Square {
  const square: Local[][] = [[], [], [], []];
  eachPlane(f, first, plane, (address, row) => square[row].push(f.let("v128", load(address))));
  return square;
}

const evens = [0, 2, 4, 6] as const;
const odds = [1, 3, 5, 7] as const;

/** Numbers of the rows of a vector's tiles, which begin two numbers apart: the first and second of each, and so on. */
function loadRow(f: FunctionBuilder, row: Local, half: Local, numbers: 2 | 4): Local[] {
  const all: Local[] = [];
  const other = f.let("i32", i32.add(row, half));
  for (let at = 0; at < numbers; at += 2) {
    const [low, high] = [row, other].map((start) => f.let("v128", v128.load(start, 4 * at)));
    all.push(f.let("v128", v128.shuffle(low, high, evens)), f.let("v128", v128.shuffle(low, high, odds)));
  }
  return all;
}

function addPlaneFunction(module: ModuleBuilder, name: string, write: (f: FunctionBuilder, words: Words) => void): Call {
  return module.function(
    name,
    planeWords.map(() => "i32"),
    [],
    (f) => write(f, Object.fromEntries(planeWords.map((word, i) => [word, f.parameters[i]])) as Words),
  );
}

/** `spread(…words)`: from images to planes; of tiles of 4x4 inputs that overlap by 2, or of 2x2 gradients. */
export function addSpread(module: ModuleBuilder, name: string, of: "input" | "gradient"): Call {
  const [matrix, size] = of === "input" ? [ofInput, 4 as const] : [ofGradient, 2 as const];
  return addPlaneFunction(module, name, (f, words) =>
    eachVector(f, words, (image, planes) => {
      const row = f.let("i32", image);
      const tile = Array.from({ length: size }, (_, i) => {
        if (i > 0) f.advance(row, words.imageRow);
        return loadRow(f, row, words.half, size);
      });
      const result = transformed(f, matrix, tile);
      eachPlane(f, planes, words.plane, (address, i, j) => f.emit(v128.store(address, result[i][j])));
    }),
  );
}

/** `collect(…words)`: from planes to images of 2x2 results per tile. */
export function addCollect(module: ModuleBuilder, name: string): Call {
  return addPlaneFunction(module, name, (f, words) =>
    eachVector(f, words, (image, planes) => {
      const tile = transformed(
        f,
        ofOutput,
        loadPlanes(f, planes, words.plane, (address) => v128.load(address)),
      );
      tile.forEach(([even, odd], i) => {
        const row = i === 0 ? image : f.let("i32", i32.add(image, words.imageRow));
        f.emit(v128.store(row, v128.shuffle(even, odd, [0, 4, 1, 5])));
        f.emit(v128.store(i32.add(row, words.half), v128.shuffle(even, odd, [2, 6, 3, 7])));
      });
    }),
  );
}

/**
 * Words of the description of weights of 3x3 and their planes, over two dimensions: rows and channels. The inner one should be that of which the planes'
 * numbers lie next to one another. Steps are in bytes, those of the window may go backwards.
 */
export const weightWords = [
  "weight",
  "weightOuter",
  "weightInner",
  "down",
  "right",
  "planes",
  "plane",
  "planesOuter",
  "planesInner",
  "outer",
  "inner",
] as const;

/** The words of one transformation of weights. */
export type Weights = Readonly<Record<(typeof weightWords)[number], number>>;

/** `spreadWeight(description)` from weights to planes, or `collectWeight(description)` from planes to weights. */
export function addWeight(module: ModuleBuilder, direction: "spreadWeight" | "collectWeight"): Call {
  return module.function(direction, ["i32"], [], (f) => {
    const words = Object.fromEntries(weightWords.map((name, i) => [name, f.hoist("i32", i32.load(f.parameters[0], 4 * i))])) as {
      readonly [W in (typeof weightWords)[number]]: Local;
    };
    const { weight, planes, plane } = words;
    f.countDown(words.outer, () => {
      const [from, to, left] = [f.let("i32", weight), f.let("i32", planes), f.let("i32", words.inner)];
      f.countDown(left, () => {
        const places = Array.from({ length: 9 }, (_, i) => {
          const down = i32.mul(words.down, i32.const(Math.floor(i / 3)));
          return f.let("i32", i32.add(from, i32.add(down, i32.mul(words.right, i32.const(i % 3)))));
        });
        if (direction === "spreadWeight") {
          const window = [0, 3, 6].map((i) => places.slice(i, i + 3).map((place) => f.let("v128", v128.load32Zero(place))));
          const result = transformed(f, ofWeight, window);
          eachPlane(f, to, plane, (address, i, j) => f.emit(v128.store32Lane(address, result[i][j], 0)));
        } else {
          const result = transformed(
            f,
            ofWeightGradient,
            loadPlanes(f, to, plane, (address) => v128.load32Zero(address)),
          ).flat();
          places.forEach((place, i) => void f.emit(v128.store32Lane(place, result[i], 0)));
        }
        f.advance(from, words.weightInner);
        f.advance(to, words.planesInner);
      });
      f.advance(weight, words.weightOuter);
      f.advance(planes, words.planesOuter);
    });
  });
}

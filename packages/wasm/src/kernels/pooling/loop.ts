import type { Pooling } from "@gradtape/core";
import { type Code, type FunctionBuilder, i32, i32x4, type Local, ModuleBuilder, v128 } from "../../assembler/index.ts";
import { type Place, type Portion, read, write, writeNumbers } from "../elementwise/access.ts";
import { double, type Lanes, single, VectorCode } from "../elementwise/lanes.ts";
import { segmentWords, tapWords } from "./plan.ts";

/** Words of the description that a pooling loop reads, those of the planes first; steps are in bytes, that of `number` in elements. */
export const poolWords = [
  "planes",
  "source",
  "sourcePlane",
  "image",
  "imagePlane",
  "sourceStep",
  "imageStep",
  "numberStep",
  "segments",
  "segmentCount",
  "taps",
] as const;

type Words = { readonly [W in (typeof poolWords)[number]]: Local };
type Segment = { readonly [W in (typeof segmentWords)[number]]: Local };

/** What a compiled pooling loop depends on. */
export interface PoolClass {
  readonly pooling: Pooling;
  readonly dtype: "float32" | "float64";
  /** How the elements lie that a tap touches in neighbouring positions. */
  readonly source: "unit" | "two" | "any";
  /** How neighbouring results lie; numbers are neighbours. */
  readonly image: "unit" | "any";
}

/** Vectors of positions that meet the taps together. */
const GROUPS = 4;

/** A pooling loop: `run(description)`, plane by plane, segment by segment. */
export function poolModule(kind: PoolClass, options: { readonly shared: boolean; readonly fused: boolean }): ModuleBuilder {
  const module = new ModuleBuilder(options);
  const lanes = kind.dtype === "float32" ? single : double;
  module.function("run", ["i32"], [], (f) => {
    const words = Object.fromEntries(poolWords.map((name, i) => [name, f.hoist("i32", i32.load(f.parameters[0], 4 * i))])) as Words;
    const v = new VectorCode(f, lanes, options.fused, lanes.count, new Map());
    const pool = kind.pooling === "sum" ? sum(v, kind, words) : search(v, kind, words);
    f.countDown(words.planes, () => {
      const [table, left] = [f.let("i32", words.segments), f.let("i32", words.segmentCount)];
      f.countDown(left, () => {
        const segment = Object.fromEntries(segmentWords.map((name, i) => [name, f.let("i32", i32.load(table, 4 * i))])) as Segment;
        f.advance(segment.source, words.source);
        f.advance(segment.image, words.image);
        f.advance(segment.taps, words.taps);
        eachGroup(f, lanes, words, segment, pool);
        f.advance(table, 4 * segmentWords.length);
      });
      f.advance(words.source, words.sourcePlane);
      f.advance(words.image, words.imagePlane);
    });
  });
  return module;
}

/** Pools the portions of positions from where a segment stands. */
type Pool = (segment: Segment, portions: readonly Portion[]) => void;

const one: Portion = { whole: false, group: 0 };
const whole = (group: number): Portion => ({ whole: true, group });

/** Goes along a segment by vectors of positions; the last one begins earlier where it would reach over the end, and gives the same results again. */
function eachGroup(f: FunctionBuilder, { count }: Lanes, words: Words, segment: Segment, pool: Pool): void {
  const left = f.let("i32", segment.count);
  const go = (positions: Code): void => {
    f.advance(segment.source, i32.mul(words.sourceStep, positions));
    f.advance(segment.image, i32.mul(words.imageStep, positions));
    f.advance(segment.number, i32.mul(words.numberStep, positions));
    f.emit(left.set(i32.sub(left, positions)));
  };
  const together = i32.const(GROUPS * count);
  f.while(
    () => i32.geU(left, together),
    () => {
      pool(
        segment,
        Array.from({ length: GROUPS }, (_, g) => whole(g)),
      );
      go(together);
    },
  );
  f.if(
    i32.geU(segment.count, i32.const(count)),
    () =>
      f.while(
        () => left,
        () => {
          f.if(i32.ltU(left, i32.const(count)), () => go(i32.sub(left, i32.const(count))));
          pool(segment, [whole(0)]);
          go(i32.const(count));
        },
      ),
    () =>
      f.countDown(segment.count, () => {
        pool(segment, [one]);
        go(i32.const(1));
      }),
  );
}

function eachTap(f: FunctionBuilder, segment: Segment, visit: (at: Local, tap: Local) => void): void {
  const [tap, left] = [f.let("i32", segment.taps), f.let("i32", segment.tapCount)];
  f.countDown(left, () => {
    visit(f.let("i32", i32.add(segment.source, i32.load(tap))), tap);
    f.advance(tap, 4 * tapWords.length);
  });
}

/** What a portion of positions sees from an address on. */
function look(v: VectorCode, { dtype, source }: PoolClass, { sourceStep }: Words, pointer: Local, portion: Portion): Local {
  const { whole, group } = portion;
  if (source !== "two" || !whole) return read(v, { dtype, step: source === "unit" ? "unit" : "any", pointer, stride: sourceStep }, portion);
  // The second load ends with the last element that is wanted, so that nothing behind a plane is read.
  const at = 32 * group;
  return v.let(
    v.lanes.count === 4
      ? v128.shuffle(v128.load(pointer, at), v128.load(pointer, at + 12), [0, 2, 5, 7])
      : v128.shuffle(v128.load(pointer, at), v128.load(pointer, at + 8), [0, 1, 6, 7]),
  );
}

function sum(v: VectorCode, kind: PoolClass, words: Words): Pool {
  const { f, lanes } = v;
  return (segment, portions) => {
    const sums = portions.map(() => v.let(v.constant(0)));
    f.if(segment.tapCount, () =>
      eachTap(f, segment, (at) =>
        portions.forEach((portion, g) => void f.emit(sums[g].set(lanes.ops.add(sums[g], look(v, kind, words, at, portion))))),
      ),
    );
    const target: Place = { dtype: kind.dtype, step: kind.image, pointer: segment.image, stride: words.imageStep };
    portions.forEach((portion, g) => void write(v, target, { code: sums[g], mask: false }, portion));
  };
}

function search(v: VectorCode, kind: PoolClass, words: Words): Pool {
  const { f, lanes } = v;
  const perLane = 4 / lanes.count;
  const numberAt = 4 * tapWords.indexOf("number");
  // By how much the numbers of the lanes are larger than that of the first, and those of a vector than those of the one before.
  const ramp = f.hoist(
    "v128",
    [1, 2, 3].reduce<Code>(
      (vector, lane) => i32x4.withLane(vector, lane, i32.mul(words.numberStep, i32.const(Math.floor(lane / perLane)))),
      v128.zero,
    ),
  );
  const stride = f.hoist("v128", i32x4.splat(i32.mul(words.numberStep, i32.const(lanes.count))));
  return (segment, portions) => {
    const best = portions.map(() => v.let(v.constant(-Infinity)));
    const found = portions.map(() => v.let(v128.load32Splat(segment.taps, numberAt)));
    eachTap(f, segment, (at, tap) => {
      const number = v.let(v128.load32Splat(tap, numberAt));
      portions.forEach((portion, g) => {
        const x = look(v, kind, words, at, portion);
        const better = v.let(v128.or(lanes.ops.gt(x, best[g]), lanes.ops.ne(x, x)));
        // Later taps have larger numbers.
        f.emit(found[g].set(i32x4.maxS(found[g], v128.and(number, better))), best[g].set(v.choose(better, x, best[g])));
      });
    });
    const first = v.let(i32x4.add(i32x4.splat(segment.number), ramp));
    portions.forEach((portion, g) => {
      const numbers = v.let(i32x4.add(found[g], first));
      writeNumbers(v, segment.image, numbers, portion);
      f.emit(first.set(i32x4.add(first, stride)));
    });
  };
}

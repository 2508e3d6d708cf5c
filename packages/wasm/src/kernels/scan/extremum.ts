import type { DType } from "@gradtape/core";
import { type Code, type FunctionBuilder, f32, f32x4, f64, f64x2, i32, i32x4, type Local, v128 } from "../../assembler/index.ts";
import { bytesOf } from "../../memory/heap.ts";
import { type Place, type Portion, read, writeNumbers } from "../elementwise/access.ts";
import { double, single, VectorCode } from "../elementwise/lanes.ts";
import type { Track } from "./loop.ts";

type Search = "argmax" | "argmin";

/** Vectors of lines that go at a time. */
const GROUPS = 4;

/**
 * Where the running extrema of lines stand, as int32. Lines go side by side in the lanes of vectors where results of neighbouring lines are neighbours, else
 * one after the other: a new extremum is rare, and what comes in between is passed over by vectors.
 */
export function scanExtrema(f: FunctionBuilder, search: Search, input: Track, output: Track, lines: Local, count: Local): void {
  const lanes = input.dtype === "float32" ? single : double;
  const v = new VectorCode(f, lanes, false, lanes.count, new Map());
  const advance = (by: number): void => {
    for (const { at, line } of [input, output]) f.advance(at, i32.mul(line, i32.const(by)));
    f.emit(lines.set(i32.sub(lines, i32.const(by))));
  };
  if (output.step === "unit")
    for (const groups of [GROUPS, 1])
      f.while(
        () => i32.geU(lines, i32.const(groups * lanes.count)),
        () => {
          sideBySide(v, search, input, output, count, groups);
          advance(groups * lanes.count);
        },
      );
  f.while(
    () => lines,
    () => {
      oneLine(v, search, input, output, count);
      advance(1);
    },
  );
}

function sideBySide(v: VectorCode, search: Search, input: Track, output: Track, count: Local, groups: number): void {
  const { f, lanes } = v;
  const place: Place = { dtype: input.dtype, step: input.step, pointer: f.let("i32", input.at), stride: input.line };
  const to = f.let("i32", output.at);
  const portions = Array.from({ length: groups }, (_, group): Portion => ({ whole: true, group }));
  const best = portions.map(() => v.let(v.constant(search === "argmax" ? -Infinity : Infinity)));
  const found = portions.map(() => v.let(v128.zero));
  const index = v.let(v128.zero);
  const left = f.let("i32", count);
  f.countDown(left, () => {
    portions.forEach((portion, g) => {
      const x = read(v, place, portion);
      const better = v.let(v128.or(lanes.ops[search === "argmax" ? "ge" : "le"](x, best[g]), lanes.ops.ne(x, x)));
      f.emit(found[g].set(i32x4.maxS(found[g], v128.and(index, better))), best[g].set(v128.select(x, best[g], better)));
      writeNumbers(v, to, found[g], portion);
    });
    f.emit(index.set(i32x4.add(index, v.bits(1))));
    f.advance(place.pointer, input.along);
    f.advance(to, output.along);
  });
}

/** Elements one at a time, as single or double precision. */
function scalarOf(dtype: DType) {
  if (dtype === "float32") return { ...f32, type: "f32", splat: f32x4.splat } as const;
  const load = { float64: f64.load, int32: (at: Code) => f64.convert(i32.load(at)), bool: (at: Code) => f64.convert(i32.load8U(at)) }[dtype];
  return { ...f64, load, type: "f64", splat: f64x2.splat } as const;
}

function oneLine(v: VectorCode, search: Search, input: Track, output: Track, count: Local): void {
  const { f, lanes } = v;
  const { dtype } = input;
  const scalar = scalarOf(dtype);
  const loses = search === "argmax" ? "lt" : "gt";
  const [from, to, index, found] = [input.at, output.at, i32.const(0), i32.const(0)].map((start) => f.let("i32", start));
  const [best, x] = [f.let(scalar.type, scalar.load(from)), f.local(scalar.type)];
  const bests = v.let(scalar.splat(best));
  const left = f.let("i32", count);
  const step = (): void => {
    f.emit(x.set(scalar.load(from)));
    // NaN loses to none, and only to NaN when it is the best.
    f.if(i32.eqz(scalar[loses](x, best)), () =>
      f.if(i32.or(scalar.eq(best, best), scalar.ne(x, x)), () => f.emit(best.set(x), bests.set(scalar.splat(x)), found.set(index))),
    );
    f.emit(i32.store(to, found));
    f.advance(from, input.along);
    f.advance(to, output.along);
    f.advance(index, 1);
  };
  if (dtype === "float32" || dtype === "float64") {
    const dense = i32.and(i32.eq(input.along, i32.const(bytesOf[dtype])), i32.eq(output.along, i32.const(bytesOf.int32)));
    f.if(dense, () =>
      f.while(
        () => i32.geU(left, i32.const(lanes.count)),
        () => {
          f.if(
            v128.anyTrue(v128.not(lanes.ops[loses](v128.load(from), bests))),
            () => {
              for (let lane = 0; lane < lanes.count; lane++) step();
            },
            () => {
              writeNumbers(v, to, v.let(i32x4.splat(found)), { whole: true, group: 0 });
              f.advance(from, 16);
              f.advance(to, bytesOf.int32 * lanes.count);
              f.advance(index, lanes.count);
            },
          );
          f.emit(left.set(i32.sub(left, i32.const(lanes.count))));
        },
      ),
    );
  }
  f.if(left, () => f.countDown(left, step));
}

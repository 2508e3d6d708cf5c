import type { DType } from "@gradtape/core";
import { type FunctionBuilder, i32, type Local, ModuleBuilder } from "../../assembler/index.ts";
import { type Place, type Portion, read, type Step, write } from "../elementwise/access.ts";
import { double, VectorCode } from "../elementwise/lanes.ts";
import { scanExtrema } from "./extremum.ts";

type Recurrence = "sum" | "affine";

/** What a line of elements becomes: running sums, the recurrence `yₖ = aₖ yₖ₋₁ + bₖ`, or the index of the running extremum. */
export type ScanKind = Recurrence | "argmax" | "argmin";

/** A view of a scan: how its elements lie from one line to the next. */
export interface LineClass {
  readonly dtype: DType;
  readonly step: Step;
}

/** What a compiled scan depends on. */
export interface ScanClass {
  readonly kind: ScanKind;
  readonly inputs: readonly LineClass[];
  readonly output: LineClass;
}

/** Words of the description before those of the views; both counts are at least 1. */
export const scanWords = { lines: 0, count: 1 } as const;
/** Words of each view, inputs first: where it starts, and bytes to the next line and to the next element. */
export const viewWords = { at: 0, line: 1, step: 2, from: (view: number): number => 2 + 3 * view } as const;

const LINES = 4;
const GROUPS = 8;

/** A view as a scan goes along it: where the next line starts, and bytes to the line after it and from one element to the next. */
export interface Track {
  readonly dtype: DType;
  readonly step: Step;
  readonly at: Local;
  readonly line: Local;
  readonly along: Local;
}

/**
 * A scan: `run(description)`, sums in double precision. Each element waits for the one before, so several lines go at a time: in the lanes of vectors where
 * results of neighbouring lines are neighbours, else one beside the other.
 */
export function scanModule(kind: ScanClass, options: { readonly shared: boolean }): ModuleBuilder {
  const module = new ModuleBuilder(options);
  module.function("run", ["i32"], [], (f) => {
    const word = (index: number): Local => f.hoist("i32", i32.load(f.parameters[0], 4 * index));
    const left = word(scanWords.lines);
    const count = word(scanWords.count);
    const tracks = [...kind.inputs, kind.output].map(({ dtype, step }, k): Track => {
      const [at, line, along] = [viewWords.at, viewWords.line, viewWords.step].map((w) => word(viewWords.from(k) + w));
      return { dtype, step, at, line, along };
    });
    if (kind.kind === "argmax" || kind.kind === "argmin") return scanExtrema(f, kind.kind, tracks[0], tracks[1], left, count);
    const recurrence = kind.kind;
    const sideBySide = kind.output.step === "unit";
    for (const [groups, whole] of sideBySide
      ? ([
          [GROUPS, true],
          [1, true],
          [1, false],
        ] as const)
      : ([
          [LINES, false],
          [1, false],
        ] as const)) {
      const lines = whole ? groups * double.count : groups;
      f.while(
        () => i32.geU(left, i32.const(lines)),
        () => {
          scanLines(f, recurrence, tracks, count, groups, whole);
          for (const { at, line } of tracks) f.advance(at, i32.mul(line, i32.const(lines)));
          f.emit(left.set(i32.sub(left, i32.const(lines))));
        },
      );
    }
  });
  return module;
}

/** So many lines, or vectors of lines, from their first element to their last. */
function scanLines(f: FunctionBuilder, kind: Recurrence, tracks: readonly Track[], count: Local, groups: number, whole: boolean): void {
  const v = new VectorCode(f, double, false, whole ? double.count : 1, new Map());
  // Vectors share one pointer; lines one beside the other have their own.
  const pointers = tracks.map(({ at, line }) =>
    Array.from({ length: whole ? 1 : groups }, (_, g) => f.let("i32", g === 0 ? at : i32.add(at, i32.mul(line, i32.const(g))))),
  );
  const place = (k: number, group: number): Place => ({
    dtype: tracks[k].dtype,
    step: whole ? tracks[k].step : "unit",
    pointer: pointers[k][whole ? 0 : group],
    stride: tracks[k].line,
  });
  const portion = (group: number): Portion => ({ whole, group: whole ? group : 0 });
  const states = Array.from({ length: groups }, () => stateOf(v, kind));
  const last = tracks.length - 1;
  const turn = (position: "first" | "later"): void => {
    states.forEach((state, group) => {
      const x = tracks.slice(0, last).map((_, k) => read(v, place(k, group), portion(group)));
      f.emit(...(position === "first" ? state.start(x) : state.next(x)));
      write(v, place(last, group), { code: state.result, mask: false }, portion(group));
    });
    tracks.forEach(({ along }, k) => {
      for (const pointer of pointers[k]) f.advance(pointer, along);
    });
  };
  turn("first");
  const left = f.let("i32", i32.sub(count, i32.const(1)));
  f.if(left, () => f.countDown(left, () => turn("later")));
}

/** What is carried from element to element: statements that begin with the first inputs, and that go on with the next. */
interface State {
  readonly result: Local;
  start(x: readonly Local[]): Statement[];
  next(x: readonly Local[]): Statement[];
}

type Statement = ReturnType<Local["set"]>;

function stateOf(v: VectorCode, kind: Recurrence): State {
  const { ops } = v.lanes;
  const y = v.let(v.constant(0));
  if (kind === "sum") return { result: y, start: ([b]) => [y.set(b)], next: ([b]) => [y.set(ops.add(y, b))] };
  return { result: y, start: ([, b]) => [y.set(b)], next: ([a, b]) => [y.set(ops.add(ops.mul(a, y), b))] };
}

import type { DType, Kernel } from "@gradtape/core";
import { type Call, type Code, type FunctionBuilder, i32, type Local, ModuleBuilder, v128 } from "../../assembler/index.ts";
import { bytesOf } from "../../memory/heap.ts";
import { type Place, type Portion, read, type Step, write } from "./access.ts";
import { vectorsPerTurn } from "./cost.ts";
import { evaluate, reciprocalsOf } from "./evaluate.ts";
import { double, type FunctionName, importFunction, type Lanes, type Operand, single, VectorCode } from "./lanes.ts";
import { callsOf } from "./spelling.ts";

/** What a compiled loop depends on, view by view: inputs, then outputs. */
export interface ViewClass {
  readonly dtype: DType;
  readonly step: Step;
  /** The earlier view that it lies exactly on, whose pointer it shares; itself otherwise. */
  readonly alias: number;
}

/** Words of the description that a loop reads: the lengths of the rows and their number, then three words per pointer, then the uniforms. */
export const description = {
  length: 0,
  rows: 4,
  pointer: (index: number): number => 8 + 12 * index,
  rowStep: (index: number): number => 12 + 12 * index,
  step: (index: number): number => 16 + 12 * index,
  uniforms: (pointers: number): number => (8 + 12 * pointers + 7) & ~7,
} as const;

/** Single precision as soon as a float32 takes part and no float64 does; integers alone are computed exactly, in double. */
export function lanesFor(views: readonly ViewClass[]): Lanes {
  const has = (dtype: DType): boolean => views.some((view) => view.dtype === dtype);
  return has("float32") && !has("float64") ? single : double;
}

/** Options of the machine and of the loop's shape. */
export interface LoopOptions {
  readonly fused: boolean;
  readonly shared: boolean;
  /** Whether the engine joins neighbouring vectors to one of 256 bits. */
  readonly wide: boolean;
}

/** One fused loop for a kernel: `run(description)` goes through rows of elements. */
export function loopModule(kernel: Kernel, views: readonly ViewClass[], options: LoopOptions): ModuleBuilder {
  const lanes = lanesFor(views);
  const module = new ModuleBuilder({ shared: options.shared });
  const calls = new Map<FunctionName, Call>();
  const expressions = kernel.outputs.map((output) => output.expression);
  for (const name of callsOf(expressions)) calls.set(name, importFunction(module, name));
  const part: Part = { kernel, views, lanes, fused: options.fused, calls };
  const run = (name: string, vectors: number): Run => ({
    elements: vectors > 0 ? vectors * lanes.count : 1,
    call: addPart(module, part, name, vectors),
  });
  const runs = [
    run("groups", vectorsPerTurn(lanes, expressions, { reads: kernel.inputs.length, joinsPairs: options.wide })),
    run("vectors", 1),
    run("singles", 0),
  ];
  module.function("run", ["i32"], [], (f) => writeRows(f, views, runs));
  return module;
}

/** A loop over elements, so many per turn, which is a power of 2. */
interface Run {
  readonly elements: number;
  readonly call: Call;
}

interface Part {
  readonly kernel: Kernel;
  readonly views: readonly ViewClass[];
  readonly lanes: Lanes;
  readonly fused: boolean;
  readonly calls: ReadonlyMap<FunctionName, Call>;
}

/** The views that have a pointer of their own. */
export const pointersOf = (views: readonly ViewClass[]): number[] => views.flatMap(({ alias }, k) => (alias === k ? [k] : []));

/**
 * `(description, turns, …pointers)`: a run of elements, so many vectors per turn, or one element per turn when there are none. Vectors and single elements
 * are functions apart: sharing constants with single elements would keep an engine from joining vectors.
 */
function addPart(module: ModuleBuilder, { kernel, views, lanes, fused, calls }: Part, name: string, vectors: number): Call {
  const owners = pointersOf(views);
  return module.function(name, ["i32", "i32", ...owners.map(() => "i32" as const)], [], (f) => {
    const [at, turns, ...pointers] = f.parameters;
    const whole = vectors > 0;
    const v = new VectorCode(f, lanes, fused, whole ? lanes.count : 1, calls);
    const places = owners.map((k, index): Place => {
      const { dtype, step } = views[k];
      return { dtype, step, pointer: pointers[index], stride: step === "any" ? f.let("i32", i32.load(at, description.step(index))) : undefined };
    });
    const placeOf = (k: number): Place => places[owners.indexOf(views[k].alias)];
    const load = lanes === single ? v128.load32Splat : v128.load64Splat;
    const scalar = (k: number): Local => v.let(load(at, description.uniforms(owners.length) + 8 * k));
    const { uniforms } = kernel;
    const scalars = new Map(uniforms.map((uniform, k) => [uniform, scalar(k)]));
    const reciprocals = new Map(reciprocalsOf(kernel, lanes).map((index, k) => [uniforms[index], scalar(uniforms.length + k)]));
    const expressions = kernel.outputs.map(({ expression }) => expression);
    const inputs = kernel.inputs.length;
    const fixed = views.slice(0, inputs).map(({ step }, k) => (step === "zero" ? read(v, placeOf(k), { whole, group: 0 }) : undefined));
    const portions = Array.from({ length: Math.max(1, vectors) }, (_, group): Portion => ({ whole, group }));
    f.countDown(turns, () => {
      // Neighbours are read and written one after the other, so that an engine may join two vectors to one.
      const loaded = fixed.map((known, input) => portions.map((portion) => known ?? read(v, placeOf(input), portion)));
      const results: Operand[][] = [];
      f.interleave(
        portions.map(({ group }) => () => {
          const valueOf = (name: string): Local | undefined => loaded[kernel.inputs.indexOf(name)]?.[group] ?? scalars.get(name);
          results[group] = evaluate(v, expressions, valueOf, reciprocals);
        }),
      );
      kernel.outputs.forEach((_, output) => {
        for (const portion of portions) write(v, placeOf(inputs + output), results[portion.group][output], portion);
      });
      const elements = portions.length * v.active;
      for (const place of places) {
        if (place.step === "unit") f.advance(place.pointer, elements * bytesOf[place.dtype]);
        if (place.step === "any") f.advance(place.pointer, i32.mul(place.stride as Local, i32.const(elements)));
      }
    });
  });
}

/** The rows of a description: as many turns as possible of the largest loop, then of the next. */
function writeRows(f: FunctionBuilder, views: readonly ViewClass[], runs: readonly Run[]): void {
  const [at] = f.parameters;
  const owners = pointersOf(views);
  const field = (offset: number): Local => f.let("i32", i32.load(at, offset));
  const starts = owners.map((_, index) => field(description.pointer(index)));
  const rowSteps = owners.map((_, index) => field(description.rowStep(index)));
  const [length, rows] = [field(description.length), field(description.rows)];
  const strideOf = (k: number, index: number): Code => {
    const { dtype, step } = views[k];
    return step === "unit" ? i32.const(bytesOf[dtype]) : step === "any" ? i32.load(at, description.step(index)) : i32.const(0);
  };
  let rest: Code = length;
  let done: Code = i32.const(0);
  const parts = runs.map(({ elements, call }) => {
    const turns = f.let("i32", i32.shrU(rest, i32.const(Math.log2(elements))));
    const before = done;
    const reach = owners.map((k, index) => f.let("i32", i32.mul(before, strideOf(k, index))));
    done = f.let("i32", i32.and(length, i32.const(-elements)));
    rest = f.let("i32", i32.and(length, i32.const(elements - 1)));
    return { call, turns, reach };
  });
  f.if(rows, () =>
    f.countDown(rows, () => {
      for (const { call, turns, reach } of parts)
        f.if(turns, () => f.emit(call(at, turns, ...starts.map((start, index) => i32.add(start, reach[index])))));
      starts.forEach((start, index) => void f.advance(start, rowSteps[index]));
    }),
  );
}

import { type DType, type Expression, freeNames, POSITION, type RowKernel, type RowPass } from "@gradtape/core";
import { type Call, type FunctionBuilder, f32, f32x4, f64, f64x2, i32, type Local, ModuleBuilder, v128 } from "../../assembler/index.ts";
import { bytesOf } from "../../memory/heap.ts";
import { type Place, type Portion, read, type Step, write } from "../elementwise/access.ts";
import { vectorsPerTurn } from "../elementwise/cost.ts";
import { evaluate } from "../elementwise/evaluate.ts";
import { type FunctionName, importFunction, type Lanes, type Operand, single, VectorCode } from "../elementwise/lanes.ts";
import type { LoopOptions } from "../elementwise/loop.ts";
import { callsOf } from "../elementwise/spelling.ts";
import { RowTotal } from "./total.ts";

/** How a view lies in its rows, inputs before outputs: element by element, or one number for the row. */
export interface RowView {
  readonly dtype: DType;
  readonly step: Extract<Step, "unit" | "zero">;
}

/** Words of the description: how many rows, how long, then a pointer and the bytes to the next row for each view, then the scalars. */
export const rowWords = {
  rows: 0,
  length: 4,
  pointer: (view: number): number => 8 + 8 * view,
  rowStep: (view: number): number => 12 + 8 * view,
  scalars: (views: number): number => 8 + 8 * views,
} as const;

/** All expressions of a row kernel. */
export const expressionsOf = ({ passes, totals }: RowKernel): Expression[] =>
  [...passes.flatMap(({ constants, writes, folds }) => [...constants, ...writes, ...folds]), ...totals].map(({ expression }) => expression);

const one: Portion = { whole: false, group: 0 };

/** The passes over rows of a kernel: `run(description)`. */
export function rowModule(kernel: RowKernel, views: readonly RowView[], lanes: Lanes, options: LoopOptions): ModuleBuilder {
  const module = new ModuleBuilder({ shared: options.shared });
  const calls = new Map<FunctionName, Call>();
  for (const name of callsOf(expressionsOf(kernel))) calls.set(name, importFunction(module, name));
  module.function("run", ["i32"], [], (f) => new RowWriter(f, kernel, views, lanes, options, calls).write());
  return module;
}

class RowWriter {
  readonly #f: FunctionBuilder;
  readonly #kernel: RowKernel;
  readonly #views: readonly RowView[];
  readonly #v: VectorCode;
  /** The same for single elements, of which the first lane alone matters. */
  readonly #single: VectorCode;
  readonly #wide: boolean;
  readonly #names: readonly string[];
  readonly #pointers: readonly Local[];
  readonly #length: Local;
  /** What is one number for the row that is written now: scalars, inputs, constants, folds. */
  readonly #known = new Map<string, Local>();

  constructor(
    f: FunctionBuilder,
    kernel: RowKernel,
    views: readonly RowView[],
    lanes: Lanes,
    options: LoopOptions,
    calls: ReadonlyMap<FunctionName, Call>,
  ) {
    this.#f = f;
    this.#kernel = kernel;
    this.#views = views;
    this.#v = new VectorCode(f, lanes, options.fused, lanes.count, calls);
    this.#single = new VectorCode(f, lanes, options.fused, 1, calls);
    this.#wide = options.wide;
    this.#names = [...kernel.inputs, ...kernel.outputs.map(({ name }) => name)];
    const [at] = f.parameters;
    this.#length = f.let("i32", i32.load(at, rowWords.length));
    this.#pointers = views.map((_, k) => f.let("i32", i32.load(at, rowWords.pointer(k))));
  }

  write(): void {
    const f = this.#f;
    const [at] = f.parameters;
    const load = this.#v.lanes === single ? v128.load32Splat : v128.load64Splat;
    this.#kernel.scalars.forEach((scalar, k) => void this.#known.set(scalar, this.#v.let(load(at, rowWords.scalars(this.#views.length) + 8 * k))));
    const steps = this.#views.map((_, k) => f.let("i32", i32.load(at, rowWords.rowStep(k))));
    f.countDown(f.let("i32", i32.load(at, rowWords.rows)), () => {
      this.#kernel.inputs.forEach((input, k) => {
        if (this.#views[k].step === "zero") this.#known.set(input, read(this.#v, this.#place(k, this.#pointers[k]), { whole: true, group: 0 }));
      });
      for (const pass of this.#kernel.passes) this.#pass(pass);
      for (const { name, expression } of this.#kernel.totals) {
        const k = this.#names.lastIndexOf(name);
        const [total] = evaluate(this.#single, [expression], (read) => this.#known.get(read));
        write(this.#v, this.#place(k, this.#pointers[k]), total, one);
      }
      steps.forEach((step, k) => void f.advance(this.#pointers[k], step));
    });
  }

  #place(k: number, pointer: Local): Place {
    return { ...this.#views[k], pointer, stride: undefined };
  }

  #pass({ constants, writes, folds }: RowPass): void {
    const f = this.#f;
    const v = this.#v;
    const hoisted = evaluate(
      v,
      constants.map(({ expression }) => expression),
      (name) => this.#known.get(name),
    );
    constants.forEach(({ name }, k) => void this.#known.set(name, v.number(hoisted[k])));
    const expressions = [...writes, ...folds].map(({ expression }) => expression);
    const reads = new Set(expressions.flatMap(freeNames));
    const element = (name: string): number => (this.#known.has(name) ? -1 : this.#names.indexOf(name));
    const inputs = [...reads].filter((name) => name !== POSITION && element(name) >= 0);
    const outputs = writes.map(({ name }) => this.#names.lastIndexOf(name));
    const moving = [...new Set([...inputs.map(element), ...outputs])];
    const places = new Map(moving.map((k) => [k, this.#place(k, f.let("i32", this.#pointers[k]))]));
    const position = reads.has(POSITION) ? v.let(this.#count()) : undefined;
    const totals = folds.map(({ fold }) => new RowTotal(v, fold));
    const left = f.let("i32", this.#length);

    const turn = (words: VectorCode, portions: readonly Portion[], take: (total: RowTotal, vectors: readonly Local[]) => void): void => {
      const loaded = new Map(inputs.map((name) => [name, portions.map((portion) => read(words, places.get(element(name)) as Place, portion))]));
      const results: Operand[][] = [];
      f.interleave(
        portions.map(({ group }) => () => {
          const place =
            position === undefined || group === 0 ? position : words.let(words.lanes.ops.add(position, words.constant(group * words.lanes.count)));
          const valueOf = (name: string): Local | undefined => (name === POSITION ? place : (loaded.get(name)?.[group] ?? this.#known.get(name)));
          results[group] = evaluate(words, expressions, valueOf);
        }),
      );
      totals.forEach((total, k) => {
        take(
          total,
          portions.map(({ group }) => words.number(results[group][writes.length + k])),
        );
      });
      outputs.forEach((k, output) => {
        for (const portion of portions) write(words, places.get(k) as Place, results[portion.group][output], portion);
      });
      const elements = portions.length * words.active;
      for (const [k, { pointer }] of places) f.advance(pointer, elements * bytesOf[this.#views[k].dtype]);
      if (position !== undefined) f.emit(position.set(words.lanes.ops.add(position, words.constant(elements))));
      f.emit(left.set(i32.sub(left, i32.const(elements))));
    };

    for (const vectors of new Set([vectorsPerTurn(v.lanes, expressions, { reads: inputs.length, joinsPairs: this.#wide }), 1])) {
      const portions = Array.from({ length: vectors }, (_, group): Portion => ({ whole: true, group }));
      f.while(
        () => i32.geU(left, i32.const(vectors * v.lanes.count)),
        () => turn(v, portions, (total, vectors) => total.add(vectors)),
      );
    }
    for (const total of totals) total.close();
    f.while(
      () => left,
      () => turn(this.#single, [one], (total, [x]) => total.addOne(x)),
    );
    folds.forEach(({ name }, k) => void this.#known.set(name, totals[k].result()));
  }

  /** The numbers 0, 1, … in the lanes. */
  #count(): Local {
    const v = this.#v;
    const count = v.let(v.constant(0));
    for (let lane = 1; lane < v.lanes.count; lane++)
      this.#f.emit(count.set(v.lanes === single ? f32x4.withLane(count, lane, f32.const(lane)) : f64x2.withLane(count, lane, f64.const(lane))));
    return count;
  }
}

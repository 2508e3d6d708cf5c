import type { DType, Expression, Kernel } from "@gradtape/core";
import { type Call, type FunctionBuilder, i32, type Local, ModuleBuilder, v128 } from "../../assembler/index.ts";
import { bytesOf } from "../../memory/heap.ts";
import { type Place, read, type Step, write } from "./access.ts";
import { double, type FunctionName, importFunction, type Lanes, type Operand, single, VectorCode } from "./lanes.ts";
import { callsOf, spellingOf } from "./spelling.ts";

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

/**
 * The uniforms that single precision multiplies by instead of dividing, by number: those that divide inside a larger formula. Their reciprocals
 * follow the uniforms, rounded once from float64, which loses no more than rounding the uniform itself does. A division alone stays one.
 */
export function reciprocalsOf(kernel: Kernel, lanes: Lanes): number[] {
  if (lanes !== single) return [];
  const found = new Set<number>();
  const seen = new Set<Expression>();
  const visit = (node: Expression): void => {
    if (node.kind !== "call" || seen.has(node)) return;
    seen.add(node);
    const divisor = node.fn === "div" ? node.args[1] : undefined;
    if (divisor?.kind === "name" && kernel.uniforms.includes(divisor.name) && !isOutput(kernel, node))
      found.add(kernel.uniforms.indexOf(divisor.name));
    node.args.forEach(visit);
  };
  for (const { expression } of kernel.outputs) visit(expression);
  return [...found];
}

const isOutput = (kernel: Kernel, node: Expression): boolean => kernel.outputs.some(({ expression }) => expression === node);

/** Options of the machine and of the loop's shape. */
export interface LoopOptions {
  readonly fused: boolean;
  readonly shared: boolean;
  /** Vectors per turn of the loop. */
  readonly unroll: number;
}

/** One fused loop for a kernel: `run(description)` goes through rows of elements. */
export function loopModule(kernel: Kernel, views: readonly ViewClass[], options: LoopOptions): ModuleBuilder {
  const lanes = lanesFor(views);
  const module = new ModuleBuilder({ shared: options.shared });
  const calls = new Map<FunctionName, Call>();
  for (const name of callsOf(
    lanes,
    kernel.outputs.map((output) => output.expression),
  ))
    calls.set(name, importFunction(module, name));
  module.function("run", ["i32"], [], (f) => writeLoop(f, kernel, views, lanes, calls, options));
  return module;
}

interface Walker {
  readonly view: ViewClass;
  /** Where the row starts. */
  readonly base: Local;
  readonly rowStep: Local;
  readonly place: Place;
}

function writeLoop(
  f: FunctionBuilder,
  kernel: Kernel,
  views: readonly ViewClass[],
  lanes: Lanes,
  calls: ReadonlyMap<FunctionName, Call>,
  { fused, unroll }: LoopOptions,
): void {
  const [at] = f.parameters;
  const walkers = views.flatMap((view, k): Walker[] => {
    if (view.alias !== k) return [];
    const index = views.slice(0, k).filter((other, j) => other.alias === j).length;
    const field = (offset: number): Local => f.hoist("i32", i32.load(at, offset));
    const stride = view.step === "any" ? field(description.step(index)) : undefined;
    const place = { dtype: view.dtype, step: view.step, pointer: f.local("i32"), stride };
    return [{ view, base: field(description.pointer(index)), rowStep: field(description.rowStep(index)), place }];
  });
  const placeOf = (k: number): Place => (walkers.find(({ view }) => view === views[views[k].alias]) as Walker).place;
  const uniform = (k: number): Local => {
    const address = description.uniforms(walkers.length) + 8 * k;
    return f.hoist("v128", lanes === single ? v128.load32Splat(at, address) : v128.load64Splat(at, address));
  };
  const inverse = reciprocalsOf(kernel, lanes);
  const scalars: Scalars = {
    uniforms: new Map(kernel.uniforms.map((name, k) => [name, uniform(k)])),
    reciprocals: new Map(inverse.map((index, k) => [kernel.uniforms[index], uniform(kernel.uniforms.length + k)])),
  };
  const length = f.hoist("i32", i32.load(at, description.length));
  const rows = f.hoist("i32", i32.load(at, description.rows));
  const inputs = kernel.inputs.length;
  const left = f.local("i32");

  const constants = new Map<number, Local>();
  /** So many vectors of elements, or a single element. */
  const step = (vectors: number, whole: boolean): void => {
    const v = new VectorCode(f, lanes, fused, whole ? lanes.count : 1, calls);
    const groups = Array.from({ length: vectors }, (_, group) => {
      const portion = { whole, group };
      return { portion, results: evaluate(v, kernel, (input) => constants.get(input) ?? read(v, placeOf(input), portion), scalars) };
    });
    for (const { portion, results } of groups) results.forEach((result, output) => void write(v, placeOf(inputs + output), result, portion));
    const count = vectors * v.active;
    for (const { place } of walkers) {
      if (place.step === "unit") f.advance(place.pointer, count * bytesOf[place.dtype]);
      if (place.step === "any") f.advance(place.pointer, i32.mul(place.stride as Local, i32.const(count)));
    }
  };

  f.if(i32.and(i32.ne(length, i32.const(0)), i32.ne(rows, i32.const(0))), () =>
    f.countDown(rows, () => {
      for (const { place, base } of walkers) f.emit(place.pointer.set(base));
      constants.clear();
      const v = new VectorCode(f, lanes, fused, lanes.count, calls);
      views.slice(0, inputs).forEach((view, k) => {
        if (view.step === "zero") constants.set(k, read(v, placeOf(k), { whole: true, group: 0 }));
      });
      f.emit(left.set(length));
      const enough = (): ReturnType<typeof i32.geU> => i32.geU(left, i32.const(lanes.count * unroll));
      f.if(enough(), () =>
        f.doWhile(
          () => {
            step(unroll, true);
            f.emit(left.set(i32.sub(left, i32.const(lanes.count * unroll))));
          },
          () => enough(),
        ),
      );
      f.if(left, () => f.countDown(left, () => step(1, false)));
      for (const { base, rowStep } of walkers) f.advance(base, rowStep);
    }),
  );
}

/** Variables that hold the uniforms, and the reciprocals of some, by name. */
interface Scalars {
  readonly uniforms: ReadonlyMap<string, Local>;
  readonly reciprocals: ReadonlyMap<string, Local>;
}

/** The kernel's outputs from its inputs; common parts are computed once. */
function evaluate(v: VectorCode, kernel: Kernel, input: (index: number) => Local, { uniforms, reciprocals }: Scalars): Operand[] {
  const done = new Map<Expression, Operand>();
  const visit = (node: Expression): Operand => {
    let result = done.get(node);
    if (result === undefined) {
      result = compute(node);
      done.set(node, result);
    }
    return result;
  };
  const compute = (node: Expression): Operand => {
    if (node.kind === "number") return { code: v.constant(node.value), mask: false, literal: node.value };
    if (node.kind === "name") {
      const index = kernel.inputs.indexOf(node.name);
      const code = index >= 0 ? input(index) : uniforms.get(node.name);
      if (code === undefined) throw new Error(`map: ${node.name} is neither a tensor nor a scalar of the kernel`);
      return { code, mask: false };
    }
    const divisor = node.fn === "div" ? node.args[1] : undefined;
    const reciprocal = divisor?.kind === "name" && !isOutput(kernel, node) ? reciprocals.get(divisor.name) : undefined;
    if (reciprocal !== undefined) return { code: v.let(v.lanes.ops.mul(v.number(visit(node.args[0])), reciprocal)), mask: false };
    const args = node.args.map(visit);
    const spelling = spellingOf(v.lanes, node);
    if (spelling !== undefined) return spelling(v, ...args);
    return {
      code: v.each(
        node.fn,
        args.map((arg) => v.number(arg)),
      ),
      mask: false,
    };
  };
  return kernel.outputs.map(({ expression }) => visit(expression));
}

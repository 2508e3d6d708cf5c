import { type DType, isDense, isFloat, type Pooling, restride, type View, type Window } from "@gradtape/core";
import type { ModuleBuilder } from "../../assembler/index.ts";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import type { Run } from "../../threads/routines.ts";
import { sums } from "../convolution/grid.ts";
import { walkOf } from "../elementwise/walk.ts";
import { type PoolClass, poolModule } from "./loop.ts";
import { type Plan, type PlanClass, Plans, segmentWords } from "./plan.ts";
import { eachPlane } from "./planes.ts";
import { scatterModule } from "./scatter.ts";

type Float = "float32" | "float64";

/** Nanoseconds, about: of a position for each element of the window, of a gradient that goes where its number says, and of an element of the result. */
const COST = { tap: 0.2, gradient: 1.2, element: 0.1 } as const;

const product = (sizes: readonly number[]): number => sizes.reduce((total, size) => total * size, 1);

/** Pooling and its adjoint. A window goes over planes, the last dimensions of a view, which do not depend on one another. */
export class Pools {
  readonly #engine: Engine;
  readonly #compiled = new Map<string, Run>();
  readonly #plans = new Plans();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Forgets compiled kernels. */
  reset(): void {
    this.#compiled.clear();
  }

  /** `Backend.pool`. */
  pool(pooling: Pooling, x: View, output: View, window: Window): boolean {
    const plan = this.#plan("window", x, output, window);
    const blind = pooling === "argmax" && plan.gaps ? "a window that sees nothing" : undefined;
    if (this.#refuses("pool", obstacle(x, output, pooling === "sum" ? x.dtype : "int32", window) ?? blind)) return false;
    this.#slide(pooling, x, output, window, plan, { source: window.stride[window.stride.length - 1], image: 1 });
    return true;
  }

  /** `Backend.unpool`. */
  unpool(pooling: Pooling, g: View, numbers: View | undefined, output: View, window: Window): boolean {
    const foreign = numbers === undefined || numbers.dtype === "int32" ? undefined : `numbers of ${numbers.dtype}`;
    if (this.#refuses("unpool", obstacle(g, output, g.dtype, window) ?? foreign)) return false;
    if (numbers !== undefined) this.#scatter(g, numbers, output, window);
    else {
      const plan = this.#plan("adjoint", g, output, window);
      this.#slide(pooling, g, output, window, plan, { source: 1, image: window.stride[window.stride.length - 1] });
    }
    return true;
  }

  #plan(of: PlanClass["of"], source: View, image: View, window: Window): Plan {
    const n = window.kernel.length;
    const strides = (view: View): number[] => view.strides.slice(view.shape.length - n).map((stride) => stride * bytesOf[view.dtype]);
    return this.#plans.get({ of, window, source: strides(source), image: strides(image) });
  }

  #refuses(name: "pool" | "unpool", reason: string | undefined): boolean {
    const { report } = this.#engine;
    if (reason === undefined) report.family(name).wasm++;
    else report.fellBack(name, `${reason}; composed of other kernels`);
    return reason !== undefined;
  }

  /** Moves a window along; `steps` are the elements from one position to the next. */
  #slide(pooling: Pooling, source: View, image: View, window: Window, plan: Plan, steps: { readonly source: number; readonly image: number }): void {
    const { kernel, stride, output } = window;
    const inner = source.shape.length - 1;
    const [from, to] = [steps.source * source.strides[inner], steps.image * image.strides[inner]];
    const kind: PoolClass = {
      pooling,
      dtype: source.dtype as Float,
      source: from === 1 ? "unit" : from === 2 ? "two" : "any",
      image: to === 1 ? "unit" : "any",
    };
    const { heap, fused } = this.#engine;
    eachPlane(this.#engine, [source, image], kernel.length, {
      run: this.#kernel(`${pooling} ${kind.dtype} ${kind.source} ${kind.image}`, () => poolModule(kind, { shared: heap.shared, fused })),
      work: COST.tap * product(output) * product(kernel),
      words: (scratch) => [
        from * bytesOf[source.dtype],
        to * bytesOf[image.dtype],
        stride[stride.length - 1],
        scratch.table(plan.segments),
        plan.segments.length / segmentWords.length,
        scratch.table(plan.taps),
      ],
    });
  }

  /** Gives every gradient to the element with its number. */
  #scatter(g: View, numbers: View, image: View, { kernel, input, output }: Window): void {
    const lead = g.shape.length - kernel.length;
    const views = [g, numbers];
    const { sizes, strides } = walkOf(
      output,
      views.map((view) => restride(view, output, view.strides.slice(lead))),
    );
    const last = sizes.length - 1;
    const bytes = (d: number, k: number): number => strides[d][k] * bytesOf[views[k].dtype];
    const offsets = views.map((_, k) => sums(sizes.slice(0, last).map((size, d) => Array.from({ length: size }, (_, i) => i * bytes(d, k)))));
    const dtype = g.dtype as Float;
    eachPlane(this.#engine, [g, numbers, image], kernel.length, {
      run: this.#kernel(`scatter ${dtype}`, () => scatterModule(dtype, this.#engine.heap)),
      work: COST.gradient * product(output) + COST.element * product(input),
      words: (scratch) => [
        bytes(last, 0),
        bytes(last, 1),
        product(input),
        scratch.table(offsets[0].flatMap((offset, row) => [offset, offsets[1][row]])),
        offsets[0].length,
        sizes[last],
      ],
    });
  }

  #kernel(key: string, module: () => ModuleBuilder): Run {
    let run = this.#compiled.get(key);
    if (run === undefined) {
      run = this.#engine.instantiate(module()).run as Run;
      this.#compiled.set(key, run);
    }
    return run;
  }
}

/** Why there is no kernel from one view to another, if there is none. */
function obstacle(source: View, image: View, wanted: DType, { input, output }: Window): string | undefined {
  if (input.includes(0) || output.includes(0)) return "nothing to pool";
  if (!isFloat(source.dtype)) return source.dtype;
  if (image.dtype !== wanted) return `${source.dtype} into ${image.dtype}`;
  return isDense(image) ? undefined : "into a view that is not dense";
}

import { type Kernel, sizeOf, type View } from "@gradtape/core";
import type { Face, Source } from "./adapter.ts";
import type { Engine } from "./engine.ts";
import { Printer } from "./expression.ts";
import type { NativeFunction } from "./gpujs.ts";
import { gridOf } from "./grid.ts";
import { idOf } from "./later.ts";
import { libraryText, native } from "./library.ts";
import { numberFunction, placeFunction, type Reach, reachOf, type Walk, walkKey, walkOf } from "./position.ts";
import type { GpuStorage } from "./storage.ts";

/** Whether a view shows its whole storage in order. */
const isWhole = (view: View, walk: Walk): boolean =>
  view.offset === 0 && view.storage.length === sizeOf(view.shape) && (walk.sizes.length === 0 || (walk.sizes.length === 1 && walk.strides[0] === 1));

/** The walk of a view stretched to a shape. */
function stretched(view: View, shape: readonly number[]): Walk {
  const lead = shape.length - view.shape.length;
  const strides = shape.map((n, d) => (d < lead || (view.shape[d - lead] === 1 && n !== 1) ? 0 : view.strides[d - lead]));
  return walkOf(shape, strides, view.offset);
}

/** Elements from which a launch is worth being saved: a kernel of several formulas takes its time to compile. */
const LARGE = 2 ** 14;

/** Whether a formula may be put off: a new result, and inputs that lie as it does. In-place updates are not, so that what waits does not grow from step to step. */
function canWait(inputs: readonly View[], walks: readonly Walk[], output: View): boolean {
  const storage = output.storage as GpuStorage;
  return (
    output.dtype === "float32" &&
    storage.length >= LARGE &&
    inputs.length > 0 &&
    storage.sheet === undefined &&
    storage.mirror === undefined &&
    storage.cell.later === undefined &&
    inputs.every((input, k) => isWhole(input, walks[k]) && input.storage.length === storage.length)
  );
}

/** The key and the source of a formula over textures that lie as its result does. */
export function wholeMap(engine: Engine, kernel: Kernel, inputs: number, output: GpuStorage): { readonly key: string; readonly make: () => Source } {
  const walk = walkOf([output.length], [1], 0);
  const walks = Array.from({ length: inputs }, () => walk);
  const view: View = { storage: output, dtype: output.dtype, shape: [output.length], strides: [1], offset: 0 };
  return { key: wholeKey(kernel, walks, [view]), make: () => wholeSource(engine, kernel, walks, [view]) };
}

const wholeKey = (kernel: Kernel, walks: readonly Walk[], outputs: readonly View[]): string =>
  `${idOf(kernel)};${outputs[0].storage.length};${outputs.map(({ dtype }) => dtype).join()};${walks.map(walkKey).join(";")}`;

/** Runs a formula over views: one launch for all outputs where they show whole storages, else one for each. */
export function map(engine: Engine, kernel: Kernel, inputs: readonly View[], uniforms: readonly number[], outputs: readonly View[]): void {
  const { shape } = outputs[0];
  if (sizeOf(shape) === 0) return;
  const walks = inputs.map((input) => stretched(input, shape));
  const targets = outputs.map((output) => walkOf(shape, output.strides, output.offset));
  const whole = outputs.every((output, k) => isWhole(output, targets[k]));
  if (whole) {
    if (outputs.length === 1 && canWait(inputs, walks, outputs[0])) {
      engine.defer(kernel, inputs, uniforms, outputs[0].storage as GpuStorage);
      return;
    }
    engine.run(
      "map",
      wholeKey(kernel, walks, outputs),
      () => wholeSource(engine, kernel, walks, outputs),
      inputs,
      uniforms,
      outputs.map((output) => output.storage as GpuStorage),
    );
    return;
  }
  // All outputs are computed before one is stored: they may be inputs.
  const fresh = outputs.map((output) => engine.scratch(output.dtype, output.storage.length));
  outputs.forEach((output, k) => {
    const key = `${idOf(kernel)};${k};${output.storage.length};${output.dtype};${walkKey(targets[k])};${walks.map(walkKey).join(";")}`;
    engine.run("place", key, () => placedSource(engine, kernel, k, walks, output, targets[k]), [...inputs, output], uniforms, [fresh[k]]);
  });
  outputs.forEach((output, k) => {
    engine.adopt(output.storage as GpuStorage, fresh[k]);
  });
}

const lanes = [0, 1, 2, 3];

/** How an input is read: by texels where four elements lie together, else one by one. */
interface Read {
  readonly face: Face;
  /** Statements before the lanes. */
  readonly setup: string;
  readonly element: (lane: number) => string;
  readonly natives: readonly NativeFunction[];
}

/** How the elements 4t … 4t + 3 of a walk are read from the input `a{k}`. */
export function readOf(walk: Walk, k: number): Read {
  const reach: Reach = reachOf(walk);
  const place = `at${k}`;
  switch (reach) {
    case "same":
      return {
        face: "vector",
        setup: `const v${k} = a${k}[${walk.offset === 0 ? "t" : `t + ${walk.offset / 4}`}];`,
        element: (lane) => `v${k}[${lane}]`,
        natives: [],
      };
    case "one":
      return { face: "scalar", setup: `const v${k} = a${k}[${walk.offset}];`, element: () => `v${k}`, natives: [] };
    case "row":
      return {
        face: "vector",
        setup: `const v${k} = a${k}[${place}(t)];`,
        element: (lane) => `v${k}[${lane}]`,
        natives: [texelFunction(place, walk)],
      };
    case "splat":
      return { face: "scalar", setup: `const v${k} = a${k}[${place}(t * 4)];`, element: () => `v${k}`, natives: [placeFunction(place, walk)] };
    case "scattered":
      return {
        face: "scalar",
        setup: lanes.map((lane) => `const v${k}_${lane} = a${k}[${place}(lane(${lane}))];`).join("\n"),
        element: (lane) => `v${k}_${lane}`,
        natives: [placeFunction(place, walk)],
      };
  }
}

/** From the number of a texel to that of the texel in the buffer. */
function texelFunction(name: string, walk: Walk): NativeFunction {
  const plain = placeFunction(name, walk);
  return { ...plain, source: plain.source.replace("r = e;", "r = e * 4;").replace("return o;", "return o / 4;") };
}

const WHOLE = native("m_whole");

/** What a store of an expression's value to this dtype writes. */
const stored = (text: string, output: View): string => (output.dtype === "int32" ? `f_whole(${text})` : text);

function wholeSource(engine: Engine, kernel: Kernel, walks: readonly Walk[], outputs: readonly View[]): Source {
  const printer = new Printer(kernel);
  const reads = walks.map(readOf);
  const body = [...reads.map((read) => read.setup), ...lanes.map((lane) => printer.lane(lane, (input) => reads[input].element(lane)))].join("\n");
  const results = outputs.map((output, k) =>
    lanes.map((lane) =>
      stored(
        printer.result(k, lane, (input) => reads[input].element(lane)),
        output,
      ),
    ),
  );
  const whole = outputs.some((output) => output.dtype === "int32");
  return {
    body,
    results,
    inputs: reads.map((read) => read.face),
    uniforms: kernel.uniforms.length,
    natives: [...reads.flatMap((read) => read.natives), ...printer.natives(), ...(whole ? [WHOLE] : [])],
    library: libraryText([...printer.used, ...(whole ? ["m_whole"] : [])]),
    grid: gridOf(outputs[0].storage.length, engine.adapter.limit),
  };
}

/** The whole storage of an output again, with the formula's values where the view shows them. */
function placedSource(engine: Engine, kernel: Kernel, output: number, walks: readonly Walk[], view: View, target: Walk): Source {
  const printer = new Printer(kernel);
  const old = walks.length;
  const element = (lane: number) => (input: number) => `v${input}_${lane}`;
  const lines = lanes.flatMap((lane) => [
    `const n_${lane} = number(t * 4 + ${lane});`,
    `const m_${lane} = inside(n_${lane});`,
    ...walks.map((_, k) => `const v${k}_${lane} = a${k}[at${k}(m_${lane})];`),
    printer.lane(lane, element(lane)),
    `const y_${lane} = choose(n_${lane}, ${stored(printer.result(output, lane, element(lane)), view)}, old[${lane}]);`,
  ]);
  const helpers: NativeFunction[] = [
    numberFunction("number", target),
    { name: "inside", source: "int inside(int n) { return n < 0 ? 0 : n; }", returnType: "Integer" },
    { name: "choose", source: "float choose(int n, float a, float b) { return n < 0 ? b : a; }", returnType: "Number" },
  ];
  return {
    body: [`const old = a${old}[t];`, ...lines].join("\n"),
    results: [lanes.map((lane) => `y_${lane}`)],
    inputs: [...walks.map((): Face => "scalar"), "vector"],
    uniforms: kernel.uniforms.length,
    natives: [...helpers, ...walks.map((walk, k) => placeFunction(`at${k}`, walk)), ...printer.natives(), ...(view.dtype === "int32" ? [WHOLE] : [])],
    library: libraryText([...printer.used, ...(view.dtype === "int32" ? ["m_whole"] : [])]),
    grid: gridOf(view.storage.length, engine.adapter.limit),
  };
}

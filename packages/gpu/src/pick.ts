import { sizeOf, type View } from "@gradtape/core";
import type { Source } from "./adapter.ts";
import type { Engine } from "./engine.ts";
import { quotient } from "./glsl.ts";
import type { NativeFunction } from "./gpujs.ts";
import { gridOf } from "./grid.ts";
import { libraryText } from "./library.ts";
import { placeFunction, walkKey, walkOf } from "./position.ts";
import type { GpuStorage } from "./storage.ts";

const lanes = [0, 1, 2, 3];

/** The view's walk with the given dimension standing still. */
const still = (view: View, shape: readonly number[], axis: number) =>
  walkOf(
    shape,
    view.strides.map((stride, d) => (d === axis ? 0 : stride)),
    view.offset,
  );

/** `output[…,i,…] = input[…,index[…,i,…],…]`; an index out of range gives NaN. */
export function gather(engine: Engine, input: View, axis: number, index: View, output: GpuStorage): void {
  if (output.length === 0) return;
  const where = walkOf(index.shape, index.strides, index.offset);
  const rest = still(input, index.shape, axis);
  const size = input.shape[axis];
  const stride = input.strides[axis];
  const key = `${walkKey(where)};${walkKey(rest)};${size},${stride}`;
  const make = (): Source => ({
    body: lanes
      .map((l) => `const i${l} = a1[where(lane(${l}))];\nconst x${l} = a0[from(lane(${l}), i${l})];\nconst y${l} = picked(i${l}, x${l});`)
      .join("\n"),
    results: [lanes.map((l) => `y${l}`)],
    inputs: ["scalar", "scalar"],
    uniforms: 0,
    natives: [
      placeFunction("where", where),
      {
        name: "from",
        source: `int from(int e, float i) { return rest(e) + (i >= 0.0 && i < ${size}.0 ? int(i) : 0) * (${stride}); }`,
        returnType: "Integer",
      },
      { name: "picked", source: `float picked(float i, float x) { return i >= 0.0 && i < ${size}.0 ? x : m_nan(); }`, returnType: "Number" },
    ],
    library: `${libraryText(["m_nan"])}\n${placeFunction("rest", rest).source}`,
    grid: gridOf(output.length, engine.adapter.limit),
  });
  engine.run("gather", key, make, [input, index], [], [output]);
}

/** Statements that give the coordinates `c0`, `c1`, … of the element `e` of a shape. */
function coordinates(shape: readonly number[]): string {
  const lines = ["int r = e; int q;"];
  let below = sizeOf(shape);
  for (let d = shape.length - 1; d > 0; d--) {
    lines.push(`q = ${quotient("r", shape[d], below)}; int c${d} = r - q * ${shape[d]}; r = q;`);
    below /= shape[d];
  }
  lines.push("int c0 = r;");
  return lines.join(" ");
}

/** `output[…,index[…,i,…],…] += source[…,i,…]` for a dense output: every element looks for what is added to it. An index out of range adds nothing. */
export function scatterAdd(engine: Engine, shape: readonly number[], axis: number, index: View, source: View, output: GpuStorage): void {
  const count = index.shape[axis];
  if (output.length === 0 || sizeOf(index.shape) === 0) return;
  const key = `${shape.join()};${axis};${index.shape.join()};${index.strides.join()}+${index.offset};${source.strides.join()}+${source.offset}`;
  const inside = shape.map((_, d) => (d === axis ? "true" : `c${d} < ${index.shape[d]}`)).join(" && ");
  const place = (view: View): string =>
    shape.map((_, d) => `${d === axis ? "k" : `min(c${d}, ${index.shape[d] - 1})`} * (${view.strides[d]})`).join(" + ");
  const natives: NativeFunction[] = [
    { name: "where", source: `int where(int e, int k) { ${coordinates(shape)} return ${index.offset} + ${place(index)}; }`, returnType: "Integer" },
    { name: "from", source: `int from(int e, int k) { ${coordinates(shape)} return ${source.offset} + ${place(source)}; }`, returnType: "Integer" },
    {
      name: "added",
      source: `float added(int e, float i, float x) { ${coordinates(shape)} return ${inside} && int(i) == c${axis} && i >= 0.0 ? x : 0.0; }`,
      returnType: "Number",
    },
  ];
  const make = (): Source => ({
    body: [
      "const old = a2[t];",
      ...lanes.map((l) =>
        [
          `const e${l} = t * 4 + ${l};`,
          `let s${l} = old[${l}];`,
          `for (let k = 0; k < ${count}; k++) { s${l} = s${l} + added(e${l}, a0[where(e${l}, k)], a1[from(e${l}, k)]); }`,
        ].join("\n"),
      ),
    ].join("\n"),
    results: [lanes.map((l) => `s${l}`)],
    inputs: ["scalar", "scalar", "vector"],
    uniforms: 0,
    natives,
    library: "",
    grid: gridOf(output.length, engine.adapter.limit),
  });
  const self: View = { storage: output, dtype: output.dtype, shape: [output.length], strides: [1], offset: 0 };
  engine.run("scatterAdd", key, make, [index, source, self], [], [output]);
}

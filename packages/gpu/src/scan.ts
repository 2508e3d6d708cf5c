import { type Scan, sizeOf, type View } from "@gradtape/core";
import type { Source } from "./adapter.ts";
import type { Engine } from "./engine.ts";
import { quotient } from "./glsl.ts";
import type { NativeFunction } from "./gpujs.ts";
import { gridOf } from "./grid.ts";
import { libraryText, native } from "./library.ts";
import { placeFunction2, walkKey, walkOf } from "./position.ts";
import type { GpuStorage } from "./storage.ts";

const lanes = [0, 1, 2, 3];

/** Each element walks its whole line: beyond this length that would take too long. */
const LINE_LIMIT = 8192;

function checkLine(op: string, length: number): void {
  if (length > LINE_LIMIT)
    throw new RangeError(`gpu: ${op} along ${length} elements; this device does ${LINE_LIMIT} at most, move the tensor with .to(cpu)`);
}

/** A walk over all dimensions but the axis, in the order of a dense result of the whole shape, and one along the axis. */
function lineOf(view: View, axis: number) {
  const outer = walkOf(
    view.shape,
    view.strides.map((stride, d) => (d === axis ? 0 : stride)),
    view.offset,
  );
  const along = walkOf([view.shape[axis]], [view.strides[axis]], 0);
  return { outer, along, key: `${walkKey(outer)}|${walkKey(along)}` };
}

/** Where on its line an element stands. */
const standFunction = (shape: readonly number[], axis: number): NativeFunction => {
  const inner = sizeOf(shape.slice(axis + 1));
  return {
    name: "stand",
    source: `int stand(int e) { int q = ${quotient("e", inner, sizeOf(shape))}; return q - ${quotient("q", shape[axis], sizeOf(shape) / inner)} * ${shape[axis]}; }`,
    returnType: "Integer",
  };
};

/** Goes along an axis into a dense storage; every element walks its line up to itself. */
export function scan(engine: Engine, kind: Scan, inputs: readonly View[], axis: number, output: GpuStorage): void {
  if (output.length === 0) return;
  const { shape } = inputs[0];
  const n = shape[axis];
  checkLine("a scan", n);
  const lines = inputs.map((input) => lineOf(input, axis));
  const natives: NativeFunction[] = [standFunction(shape, axis), ...lines.map(({ outer, along }, k) => placeFunction2(`at${k}`, outer, along))];
  const loop = (l: number, before: string, body: string): string =>
    [
      `const e${l} = t * 4 + ${l};`,
      `const p${l} = stand(e${l});`,
      before,
      `for (let k = 0; k < ${n}; k++) {`,
      `if (k <= p${l}) {`,
      body,
      "}",
      "}",
    ].join("\n");
  const make = (): Source => {
    const grid = gridOf(output.length, engine.adapter.limit);
    if (kind === "affine") {
      const first: NativeFunction = { name: "factor", source: "float factor(int k, float a) { return k == 0 ? 0.0 : a; }", returnType: "Number" };
      return {
        body: lanes
          .map((l) =>
            loop(l, `let s${l} = 0.0;`, `const f = factor(k, a0[at0(e${l}, k)]);\nconst b = a1[at1(e${l}, k)];\ns${l} = advance(k, f, s${l}, b);`),
          )
          .join("\n"),
        results: [lanes.map((l) => `s${l}`)],
        inputs: ["scalar", "scalar"],
        uniforms: 0,
        natives: [
          ...natives,
          first,
          { name: "advance", source: "float advance(int k, float a, float s, float b) { return k == 0 ? b : a * s + b; }", returnType: "Number" },
        ],
        library: "",
        grid,
      };
    }
    const beats: NativeFunction = {
      name: "beats",
      source: `float beats(int k, float x, float best) { return k == 0 || m_isnan(x) || x ${kind === "argmax" ? ">=" : "<="} best ? 1.0 : 0.0; }`,
      returnType: "Number",
    };
    return {
      body: lanes
        .map((l) =>
          loop(
            l,
            `let best${l} = 0.0;\nlet s${l} = 0.0;\nlet n${l} = 0.0;`,
            `const x = a0[at0(e${l}, k)];\nconst b = beats(k, x, best${l});\nbest${l} = f_where(b, x, best${l});\ns${l} = f_where(b, n${l}, s${l});\nn${l} = n${l} + 1.0;`,
          ),
        )
        .join("\n"),
      results: [lanes.map((l) => `s${l}`)],
      inputs: ["scalar"],
      uniforms: 0,
      natives: [...natives, beats, native("m_where")],
      library: libraryText(["m_isnan", "m_where"]),
      grid,
    };
  };
  engine.run("scan", `${kind};${shape.join()};${axis};${lines.map(({ key }) => key).join(";")}`, make, inputs, [], [output]);
}

/** The indices that sort each line, stable, NaN last: first every element counts those before it, then every place looks for its element. */
export function argsort(engine: Engine, input: View, axis: number, order: "ascending" | "descending", output: GpuStorage): void {
  if (output.length === 0) return;
  const { shape } = input;
  const n = shape[axis];
  checkLine("a sort", n);
  const line = lineOf(input, axis);
  const key = `${shape.join()};${axis}`;
  const grid = gridOf(output.length, engine.adapter.limit);
  const ranks = engine.scratch("int32", output.length);
  const less = order === "ascending" ? "x < y || (m_isnan(y) && !m_isnan(x))" : "x > y || (m_isnan(x) && !m_isnan(y))";
  const before: NativeFunction = {
    name: "before",
    source: `float before(float x, float y, int k, int p) { bool ahead = ${less}; bool same = x == y || (m_isnan(x) && m_isnan(y)); return ahead || (same && k < p) ? 1.0 : 0.0; }`,
    returnType: "Number",
  };
  const rank = (): Source => ({
    body: lanes
      .map((l) =>
        [
          `const e${l} = t * 4 + ${l};`,
          `const p${l} = stand(e${l});`,
          `const y${l} = a0[at0(e${l}, p${l})];`,
          `let s${l} = 0.0;`,
          `for (let k = 0; k < ${n}; k++) { s${l} = s${l} + before(a0[at0(e${l}, k)], y${l}, k, p${l}); }`,
        ].join("\n"),
      )
      .join("\n"),
    results: [lanes.map((l) => `s${l}`)],
    inputs: ["scalar"],
    uniforms: 0,
    natives: [standFunction(shape, axis), placeFunction2("at0", line.outer, line.along), before],
    library: libraryText(["m_isnan"]),
    grid,
  });
  engine.run("sort", `rank;${order};${key};${line.key}`, rank, [input], [], [ranks]);
  const view: View = { storage: ranks, dtype: "int32", shape, strides: shape.map((_, d) => sizeOf(shape.slice(d + 1))), offset: 0 };
  const own = lineOf(view, axis);
  const is: NativeFunction = { name: "found", source: "float found(float r, int p) { return int(r) == p ? 1.0 : 0.0; }", returnType: "Number" };
  const find = (): Source => ({
    body: lanes
      .map((l) =>
        [
          `const e${l} = t * 4 + ${l};`,
          `const p${l} = stand(e${l});`,
          `let s${l} = 0.0;`,
          `let n${l} = 0.0;`,
          `for (let k = 0; k < ${n}; k++) { s${l} = s${l} + n${l} * found(a0[at0(e${l}, k)], p${l}); n${l} = n${l} + 1.0; }`,
        ].join("\n"),
      )
      .join("\n"),
    results: [lanes.map((l) => `s${l}`)],
    inputs: ["scalar"],
    uniforms: 0,
    natives: [standFunction(shape, axis), placeFunction2("at0", own.outer, own.along), is],
    library: "",
    grid,
  });
  engine.run("sort", `find;${key}`, find, [view], [], [output]);
  engine.free(ranks);
}

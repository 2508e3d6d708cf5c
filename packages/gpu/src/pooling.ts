import { type Pooling, sizeOf, type View, type Window } from "@gradtape/core";
import type { Source } from "./adapter.ts";
import type { Engine } from "./engine.ts";
import { quotient } from "./glsl.ts";
import type { NativeFunction } from "./gpujs.ts";
import { gridOf } from "./grid.ts";
import { libraryText, native } from "./library.ts";
import { range } from "./operand.ts";
import { placeFunction, walkOf } from "./position.ts";
import type { GpuStorage } from "./storage.ts";

/** Where a view's planes begin and how far its elements lie apart, as text. */
interface Planes {
  /** A function of the shader from the number of a plane to the place of its first element. */
  readonly base: NativeFunction;
  readonly strides: readonly number[];
}

function planesOf(name: string, view: View, n: number): Planes {
  const d = view.shape.length - n;
  return { base: placeFunction(name, walkOf(view.shape.slice(0, d), view.strides.slice(0, d), view.offset)), strides: view.strides.slice(d) };
}

const keyOf = (view: View): string => `${view.shape.join()}/${view.strides.join()}+${view.offset}`;
const windowKey = (w: Window): string => [w.kernel, w.stride, w.padding, w.dilation, w.input, w.output].map((list) => list.join("x")).join();

/** Statements that split the number `e` of an element into its plane `n` and coordinates `c0`, `c1`, …, and the number `k` of a tap into `k0`, `k1`, …. */
function split(sizes: readonly number[], kernel: readonly number[], below: number): string {
  const lines = ["int n = e; int q;"];
  let rest = below;
  for (let d = sizes.length - 1; d >= 0; d--) {
    lines.push(`q = ${quotient("n", sizes[d], rest)}; int c${d} = n - q * ${sizes[d]}; n = q;`);
    rest /= sizes[d];
  }
  lines.push("int m = k;");
  rest = sizeOf(kernel);
  for (let d = kernel.length - 1; d >= 0; d--) {
    lines.push(`q = ${quotient("m", kernel[d], rest)}; int k${d} = m - q * ${kernel[d]}; m = q;`);
    rest /= kernel[d];
  }
  return lines.join(" ");
}

const inside: NativeFunction = { name: "inside", source: "int inside(int p) { return p < 0 ? 0 : p; }", returnType: "Integer" };

/** Which lane of a texel goes through all taps of its window with `statements`. */
const loop = (lane: number, taps: number, start: string, statements: readonly string[]): string =>
  [`const e${lane} = t * 4 + ${lane};`, start, `for (let k = 0; k < ${taps}; k++) {`, ...statements, "}"].join("\n");

/** Pools what a window sees in each position into a dense storage. */
export function pool(engine: Engine, pooling: Pooling, x: View, window: Window, output: GpuStorage): void {
  if (output.length === 0) return;
  const { kernel, stride, padding, dilation, input } = window;
  const taps = sizeOf(kernel);
  const { base, strides } = planesOf("plane", x, kernel.length);
  const head = split(window.output, kernel, output.length);
  const at = kernel.map(
    (_, d) => `c${d} = c${d} * ${stride[d]} - ${padding[d]} + k${d} * ${dilation[d]}; if (c${d} < 0 || c${d} >= ${input[d]}) return -1;`,
  );
  const place: NativeFunction = {
    name: "at",
    source: `int at(int e, int k) { ${head} ${at.join(" ")} return plane(n)${strides.map((step, d) => ` + c${d} * (${step})`).join("")}; }`,
    returnType: "Integer",
  };
  const number: NativeFunction = {
    name: "number",
    source: `int number(int e, int k) { ${head} ${at.join(" ")} return ${kernel.map((_, d) => `c${d} * ${sizeOf(input.slice(d + 1))}`).join(" + ")}; }`,
    returnType: "Integer",
  };
  const seen: NativeFunction = { name: "seen", source: "float seen(int p, float x) { return p < 0 ? 0.0 : x; }", returnType: "Number" };
  const beats: NativeFunction = {
    name: "beats",
    source: "float beats(int p, float n, float x, float best) { return p >= 0 && (n < 0.0 || x > best || m_isnan(x)) ? 1.0 : 0.0; }",
    returnType: "Number",
  };
  const sums = (l: number): string =>
    loop(l, taps, `let s${l} = 0.0;`, [`const p = at(e${l}, k);`, "const x = a0[inside(p)];", `s${l} = s${l} + seen(p, x);`]);
  const search = (l: number): string =>
    loop(l, taps, `let best${l} = 0.0;\nlet s${l} = -1.0;`, [
      `const p = at(e${l}, k);`,
      "const x = a0[inside(p)];",
      `const b = beats(p, s${l}, x, best${l});`,
      `best${l} = f_where(b, x, best${l});`,
      `s${l} = f_where(b, number(e${l}, k), s${l});`,
    ]);
  const make = (): Source => ({
    body: range(4)
      .map(pooling === "sum" ? sums : search)
      .join("\n"),
    results: [range(4).map((l) => `s${l}`)],
    inputs: ["scalar"],
    uniforms: 0,
    natives: pooling === "sum" ? [place, inside, seen] : [place, inside, number, beats, native("m_where")],
    library: `${pooling === "sum" ? "" : libraryText(["m_isnan", "m_where"])}\n${base.source}`,
    grid: gridOf(output.length, engine.adapter.limit),
  });
  engine.run("pool", `${pooling};${keyOf(x)};${windowKey(window)}`, make, [x], [], [output]);
}

/** The adjoint: every element of a dense storage looks at the windows that may see it. */
export function unpool(engine: Engine, pooling: Pooling, g: View, numbers: View | undefined, window: Window, output: GpuStorage): void {
  if (output.length === 0) return;
  const { kernel, stride, padding, dilation, input } = window;
  const taps = sizeOf(kernel);
  const head = split(input, kernel, output.length);
  const reach = (d: number): number => input[d] + padding[d];
  const at = kernel.map(
    (_, d) =>
      `c${d} += ${padding[d]} - k${d} * ${dilation[d]}; if (c${d} < 0) return -1; q = ${quotient(`c${d}`, stride[d], reach(d))}; if (q * ${stride[d]} != c${d} || q >= ${window.output[d]}) return -1; c${d} = q;`,
  );
  const placeIn = (name: string, plane: string, { strides }: Planes): NativeFunction => ({
    name,
    source: `int ${name}(int e, int k) { ${head} ${at.join(" ")} return ${plane}(n)${strides.map((step, d) => ` + c${d} * (${step})`).join("")}; }`,
    returnType: "Integer",
  });
  const gradients = planesOf("plane", g, kernel.length);
  const found = numbers === undefined ? undefined : planesOf("plane1", numbers, kernel.length);
  const plane = sizeOf(input);
  const own: NativeFunction = {
    name: "own",
    source: `int own(int e) { return e - ${quotient("e", plane, output.length)} * ${plane}; }`,
    returnType: "Integer",
  };
  const given: NativeFunction = { name: "given", source: "float given(int p, float g) { return p < 0 ? 0.0 : g; }", returnType: "Number" };
  const mine: NativeFunction = {
    name: "mine",
    source: "float mine(int own, float n, float g) { return int(n) == own ? g : 0.0; }",
    returnType: "Number",
  };
  const make = (): Source => ({
    body: range(4)
      .map((l) =>
        loop(l, taps, `let s${l} = 0.0;`, [
          `const p = at(e${l}, k);`,
          `const g = given(p, a0[inside(p)]);`,
          found === undefined ? `s${l} = s${l} + g;` : `s${l} = s${l} + mine(own(e${l}), a1[inside(at1(e${l}, k))], g);`,
        ]),
      )
      .join("\n"),
    results: [range(4).map((l) => `s${l}`)],
    inputs: found === undefined ? ["scalar"] : ["scalar", "scalar"],
    uniforms: 0,
    natives: [placeIn("at", "plane", gradients), inside, given, ...(found === undefined ? [] : [placeIn("at1", "plane1", found), own, mine])],
    library: `${gradients.base.source}\n${found === undefined ? "" : found.base.source}`,
    grid: gridOf(output.length, engine.adapter.limit),
  });
  const key = `${pooling};${keyOf(g)};${numbers === undefined ? "" : keyOf(numbers)};${windowKey(window)}`;
  engine.run("unpool", key, make, numbers === undefined ? [g] : [g, numbers], [], [output]);
}

import { copyKernel, sizeOf, type View } from "@gradtape/core";
import type { Face, Source } from "./adapter.ts";
import type { Engine } from "./engine.ts";
import type { NativeFunction } from "./gpujs.ts";
import { gridOf } from "./grid.ts";
import { map } from "./map.ts";
import { placeFunction2, type Walk, walkKey, walkOf } from "./position.ts";
import { reduce } from "./reduce.ts";
import type { GpuStorage } from "./storage.ts";

/** Along which dimension an operand's elements lie in whole texels. */
type Grain = "inner" | "outer" | "none";

/** One operand: where row or column `i` and inner index `k` of a batch lie. */
interface Operand {
  readonly view: View;
  readonly batch: Walk;
  /** Stride of the outer dimension: rows of the left operand, columns of the right one. */
  readonly outer: number;
  /** Stride of the dimension that is summed over. */
  readonly inner: number;
  readonly grain: Grain;
}

/** Products from which the tiles pay for their second launch. */
const TILED_WORK = 2 ** 18;
/** Products from which operands are copied to lie in whole texels. */
const PADDED_WORK = 2 ** 16;

const up4 = (n: number): number => 4 * Math.ceil(n / 4);
const range = (n: number): number[] => Array.from({ length: n }, (_, k) => k);

function operandOf(view: View, outerSize: number, innerSize: number, outerDim: number, innerDim: number): Operand {
  const lead = view.shape.length - 2;
  const batch = walkOf(view.shape.slice(0, lead), view.strides.slice(0, lead), view.offset);
  const outer = view.strides[outerDim];
  const inner = view.strides[innerDim];
  const even = view.offset % 4 === 0 && batch.strides.every((stride) => stride % 4 === 0);
  const grain =
    even && inner === 1 && innerSize % 4 === 0 && (outer % 4 === 0 || outerSize === 1)
      ? "inner"
      : even && outer === 1 && outerSize % 4 === 0 && (inner % 4 === 0 || innerSize === 1)
        ? "outer"
        : "none";
  return { view, batch, outer, inner, grain };
}

const operandKey = ({ batch, outer, inner, grain }: Operand): string => `${walkKey(batch)}:${outer},${inner}${grain}`;

interface Sizes {
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** `[…,m,k] x […,k,n]` into a dense storage. */
export function matmul(engine: Engine, a: View, b: View, output: GpuStorage): void {
  const d = a.shape.length;
  const sizes: Sizes = { batch: sizeOf(a.shape.slice(0, -2)), m: a.shape[d - 2], k: a.shape[d - 1], n: b.shape[d - 1] };
  const { batch, m, k, n } = sizes;
  if (batch * m * n === 0) return;
  const shape = [...a.shape.slice(0, -2), m, n];
  if (splitInner(engine, a, b, sizes, output)) return;
  const left = operandOf(a, m, k, d - 2, d - 1);
  const right = operandOf(b, n, k, d - 1, d - 2);
  const work = batch * m * k * n;
  const needsPad = left.grain === "none" || right.grain === "none" || n % 4 !== 0;
  if (needsPad && work >= PADDED_WORK) {
    padded(engine, a, b, sizes, shape, output, left, right);
    return;
  }
  if (needsPad) {
    const key = `${batch},${m},${k},${n};${operandKey(left)};${operandKey(right)}`;
    engine.run("matmul", `dots;${key}`, () => dotSource(engine, left, right, sizes), [a, b], [], [output]);
    return;
  }
  product(engine, left, right, sizes, output);
}

/** Sums many products of few results in portions, so that enough threads are at work. */
function splitInner(engine: Engine, a: View, b: View, { batch, m, k, n }: Sizes, output: GpuStorage): boolean {
  if ((batch * m * n) / 16 > 512 || k < 2048) return false;
  const parts = [64, 32, 16, 8, 4].find((p) => k % (4 * p) === 0 && k / p >= 128);
  if (parts === undefined) return false;
  const cut = (view: View, dim: number): View => {
    const lead = view.shape.length - 2;
    const step = view.strides[lead + dim];
    const shape = [...view.shape.slice(0, lead), parts, ...view.shape.slice(lead)];
    shape[lead + 1 + dim] = k / parts;
    return { ...view, shape, strides: [...view.strides.slice(0, lead), (step * k) / parts, ...view.strides.slice(lead)] };
  };
  const part = engine.scratch(output.dtype, batch * parts * m * n);
  matmul(engine, cut(a, 1), cut(b, 0), part);
  reduce(engine, "sum", dense(part, [batch, parts, m * n]), [1], output);
  engine.free(part);
  return true;
}

function dense(storage: GpuStorage, shape: readonly number[]): View {
  const strides = shape.map((_, d) => sizeOf(shape.slice(d + 1)));
  return { storage, dtype: storage.dtype, shape, strides, offset: 0 };
}

/** Copies what does not lie in whole texels into memory with zeros at the edges, multiplies, and cuts the edges off. */
function padded(
  engine: Engine,
  a: View,
  b: View,
  { batch, m, k, n }: Sizes,
  shape: readonly number[],
  output: GpuStorage,
  left: Operand,
  right: Operand,
): void {
  const k4 = up4(k);
  const n4 = up4(n);
  const lead = shape.slice(0, -2);
  const keepA = left.grain !== "none" && k4 === k;
  const keepB = right.grain !== "none" && k4 === k && n4 === n;
  const pa = keepA ? a : pad(engine, a, [...lead, m, k4]);
  const pb = keepB ? b : pad(engine, b, [...lead, k4, n4]);
  const d = shape.length;
  const sizes = { batch, m, k: k4, n: n4 };
  const target = n4 === n ? output : engine.scratch(output.dtype, batch * m * n4);
  product(engine, operandOf(pa, m, k4, d - 2, d - 1), operandOf(pb, n4, k4, d - 1, d - 2), sizes, target);
  if (target !== output) {
    const cut: View = { storage: target, dtype: output.dtype, shape: [batch, m, n], strides: [m * n4, n4, 1], offset: 0 };
    map(engine, copyKernel, [cut], [], [dense(output, [batch, m, n])]);
    engine.free(target);
  }
  if (!keepA) engine.free(pa.storage as GpuStorage);
  if (!keepB) engine.free(pb.storage as GpuStorage);
}

/** A dense copy of a view in a larger shape, 0 outside. */
function pad(engine: Engine, view: View, shape: readonly number[]): View {
  const storage = engine.scratch(view.dtype, sizeOf(shape));
  const d = shape.length;
  const [rows, columns] = [view.shape[d - 2], view.shape[d - 1]];
  const [wideRows, wideColumns] = [shape[d - 2], shape[d - 1]];
  const batch = walkOf(view.shape.slice(0, -2), view.strides.slice(0, -2), view.offset);
  const key = `${shape.join()};${walkKey(batch)};${rows},${columns};${view.strides.slice(-2).join()}`;
  engine.run("pad", key, () => padSource(engine, view, batch, rows, columns, wideRows, wideColumns, storage.length), [view], [], [storage]);
  return dense(storage, shape);
}

function padSource(
  engine: Engine,
  view: View,
  batch: Walk,
  rows: number,
  columns: number,
  wideRows: number,
  wideColumns: number,
  length: number,
): Source {
  const [rowStep, columnStep] = view.strides.slice(-2);
  const place = placeFunction2("base", batch, { sizes: [], strides: [], offset: 0 });
  const split = `int q = e / ${wideColumns}; int j = e - q * ${wideColumns}; int b = q / ${wideRows}; int i = q - b * ${wideRows};`;
  const at: NativeFunction = {
    name: "at",
    source: `int at(int e) { ${split} if (i >= ${rows} || j >= ${columns}) return -1; return base(b, 0) + i * ${rowStep} + j * ${columnStep}; }`,
    returnType: "Integer",
  };
  const inside: NativeFunction = { name: "inside", source: "int inside(int p) { return p < 0 ? 0 : p; }", returnType: "Integer" };
  const cut: NativeFunction = { name: "cut", source: "float cut(int p, float x) { return p < 0 ? 0.0 : x; }", returnType: "Number" };
  return {
    body: range(4)
      .map((l) => `const p${l} = at(t * 4 + ${l});\nconst x${l} = a0[inside(p${l})];\nconst y${l} = cut(p${l}, x${l});`)
      .join("\n"),
    results: [range(4).map((l) => `y${l}`)],
    inputs: ["scalar"],
    uniforms: 0,
    natives: [at, inside, cut],
    library: place.source,
    grid: gridOf(length, engine.adapter.limit),
  };
}

/** The product of operands that lie in whole texels, `n` a multiple of 4. */
function product(engine: Engine, left: Operand, right: Operand, sizes: Sizes, output: GpuStorage): void {
  const { batch, m, k, n } = sizes;
  const key = `${batch},${m},${k},${n};${operandKey(left)};${operandKey(right)}`;
  const { view: a } = left;
  const { view: b } = right;
  const rows = batch * m * k * n < TILED_WORK || m < 4 ? 1 : m >= 32 && engine.adapter.outputLimit >= 8 && batch * m * n >= 2 ** 16 ? 8 : 4;
  if (rows === 1) {
    engine.run("matmul", `rows;${key}`, () => tileSource(engine, left, right, sizes, 1, output.length), [a, b], [], [output]);
    return;
  }
  const tall = Math.ceil(m / rows);
  const parts = range(rows).map(() => engine.scratch(output.dtype, batch * tall * n));
  engine.run("matmul", `tiles${rows};${key}`, () => tileSource(engine, left, right, sizes, rows, parts[0].length), [a, b], [], parts);
  const views = parts.map((part) => dense(part, [part.length]));
  engine.run("merge", `${rows};${batch},${m},${n}`, () => mergeSource(engine, rows, m, n, output.length), views, [], [output]);
  for (const part of parts) engine.free(part);
}

/** Row, column and batch of a thread that makes `rows` x 4 results: `row`, `column` and `batch` of the texel `t`. */
function threadFunctions(tall: number, n: number, rows: number): NativeFunction[] {
  const quarter = n / 4;
  return [
    { name: "column", source: `int column(int t) { return (t - t / ${quarter} * ${quarter}) * 4; }`, returnType: "Integer" },
    { name: "row", source: `int row(int t) { int q = t / ${quarter}; return (q - q / ${tall} * ${tall}) * ${rows}; }`, returnType: "Integer" },
    { name: "batch", source: `int batch(int t) { return t / ${quarter * tall}; }`, returnType: "Integer" },
  ];
}

/** Where an operand's elements lie, relative to the place of its batch. */
const stepFunction = (name: string, { outer, inner }: Operand): NativeFunction => ({
  name,
  source: `int ${name}(int base, int i, int k) { return base + i * (${outer}) + k * (${inner}); }`,
  returnType: "Integer",
});

/** Where a batch's row or column begins, in texels or elements. */
const firstFunction = (name: string, start: string, { outer }: Operand, unit: number): NativeFunction => ({
  name,
  source: `int ${name}(int g, int i) { return (${start}(g) + i * (${outer})) / ${unit}; }`,
  returnType: "Integer",
});

const baseFunction = (name: string, { batch }: Operand): NativeFunction => {
  const made = placeFunction2(name, batch, { sizes: [], strides: [], offset: 0 });
  return { ...made, source: made.source.replace("(int e, int k)", "(int e)") };
};

function tileSource(engine: Engine, left: Operand, right: Operand, { m, k, n }: Sizes, rows: number, length: number): Source {
  // One row cannot use texels that hold four rows.
  const grainA = left.grain === "outer" && rows === 1 ? "none" : left.grain;
  const faceA: Face = grainA === "none" ? "scalar" : "vector";
  const block = k % 4 === 0 ? 4 : 1;
  const steps = range(block);
  const loads: string[] = [];
  const elementA = (r: number, s: number): string =>
    grainA === "inner" ? `x${r}[${s}]` : grainA === "outer" ? `x${r >> 2}_${s}[${r & 3}]` : `x${r}_${s}`;
  const elementB = (c: number, s: number): string => (right.grain === "inner" ? `y${c}[${s}]` : `y${s}[${c}]`);
  // Places are counted in texels where an operand is read by texels, and go on from block to block by what a block adds.
  const unit = faceA === "vector" ? 4 : 1;
  const a = { outer: left.outer / unit, inner: left.inner / unit };
  const b = { outer: right.outer / 4, inner: right.inner / 4 };
  const load = (name: string, input: string, place: string, more: number): void =>
    void loads.push(`const ${name} = ${input}[${more === 0 ? place : `${place} + ${more}`}];`);
  if (grainA === "inner") for (const r of range(rows)) load(`x${r}`, "a0", "pa", r * a.outer);
  else if (grainA === "outer") for (const g of range(Math.ceil(rows / 4))) for (const s of steps) load(`x${g}_${s}`, "a0", "pa", g + s * a.inner);
  else for (const r of range(rows)) for (const s of steps) load(`x${r}_${s}`, "a0", "pa", r * a.outer + s * a.inner);
  if (right.grain === "inner") for (const c of range(4)) load(`y${c}`, "a1", "pb", c * b.outer);
  else for (const s of steps) load(`y${s}`, "a1", "pb", s * b.inner);
  const sums = range(rows).flatMap((r) => range(4).map((c) => ({ r, c })));
  const body = [
    "const i = row(t); const j = column(t); const g = batch(t);",
    "let pa = placeA(g, i); let pb = placeB(g, j);",
    ...sums.map(({ r, c }) => `let c${r}_${c} = 0.0;`),
    `for (let h = 0; h < ${k / block}; h++) {`,
    ...loads,
    ...sums.map(({ r, c }) => `c${r}_${c} = c${r}_${c} + (${steps.map((s) => `${elementA(r, s)} * ${elementB(c, s)}`).join(" + ")});`),
    `pa = pa + ${block * a.inner}; pb = pb + ${block * b.inner};`,
    "}",
  ].join("\n");
  return {
    body,
    results: range(rows).map((r) => range(4).map((c) => `c${r}_${c}`)),
    inputs: [faceA, "vector"],
    uniforms: 0,
    natives: [
      ...threadFunctions(Math.ceil(m / rows), n, rows),
      firstFunction("placeA", "startA", left, unit),
      firstFunction("placeB", "startB", right, 4),
    ],
    library: `${baseFunction("startA", left).source}\n${baseFunction("startB", right).source}`,
    grid: gridOf(length, engine.adapter.limit),
  };
}

/** Puts the rows of tiles under each other. */
function mergeSource(engine: Engine, rows: number, m: number, n: number, length: number): Source {
  const quarter = n / 4;
  const tall = Math.ceil(m / rows);
  const split = `int q = t / ${quarter}; int b = q / ${m}; int i = q - b * ${m};`;
  const natives: NativeFunction[] = [
    {
      name: "from",
      source: `int from(int t) { ${split} return (b * ${tall} + i / ${rows}) * ${quarter} + t - q * ${quarter}; }`,
      returnType: "Integer",
    },
    { name: "which", source: `int which(int t) { ${split} return i - i / ${rows} * ${rows}; }`, returnType: "Integer" },
  ];
  const body = [
    "const p = from(t); const w = which(t);",
    "let v = a0[p];",
    ...range(rows - 1).map((r) => `if (w === ${r + 1}) { v = a${r + 1}[p]; }`),
  ].join("\n");
  return {
    body,
    results: [range(4).map((l) => `v[${l}]`)],
    inputs: range(rows).map((): Face => "vector"),
    uniforms: 0,
    natives,
    library: "",
    grid: gridOf(length, engine.adapter.limit),
  };
}

/** One result after the other, whatever the strides. */
function dotSource(engine: Engine, left: Operand, right: Operand, { batch, m, k, n }: Sizes): Source {
  const natives: NativeFunction[] = [
    { name: "column", source: `int column(int e) { return e - e / ${n} * ${n}; }`, returnType: "Integer" },
    { name: "row", source: `int row(int e) { int q = e / ${n}; return q - q / ${m} * ${m}; }`, returnType: "Integer" },
    { name: "batch", source: `int batch(int e) { return e / ${n * m}; }`, returnType: "Integer" },
    baseFunction("startA", left),
    baseFunction("startB", right),
    stepFunction("pa", left),
    stepFunction("pb", right),
  ];
  const body = range(4)
    .map((l) =>
      [
        `const e${l} = t * 4 + ${l};`,
        `const i${l} = row(e${l}); const j${l} = column(e${l}); const g${l} = batch(e${l});`,
        `const ba${l} = startA(g${l}); const bb${l} = startB(g${l});`,
        `let s${l} = 0.0;`,
        `for (let k = 0; k < ${k}; k++) { s${l} = s${l} + a0[pa(ba${l}, i${l}, k)] * a1[pb(bb${l}, j${l}, k)]; }`,
      ].join("\n"),
    )
    .join("\n");
  return {
    body,
    results: [range(4).map((l) => `s${l}`)],
    inputs: ["scalar", "scalar"],
    uniforms: 0,
    natives,
    library: "",
    grid: gridOf(batch * m * n, engine.adapter.limit),
  };
}

import type { Face, Source } from "./adapter.ts";
import type { Engine } from "./engine.ts";
import { quotient } from "./glsl.ts";
import type { NativeFunction } from "./gpujs.ts";
import { gridOf } from "./grid.ts";
import { type Operand, range, type Sizes } from "./operand.ts";
import { placeFunction2 } from "./position.ts";

/** Row, column and batch of a thread that makes `rows` x 4 results: `row`, `column` and `batch` of the texel `t`. */
function threadFunctions({ batch, n }: Sizes, tall: number, rows: number): NativeFunction[] {
  const quarter = n / 4;
  const lines = batch * tall;
  const line = quotient("t", quarter, lines * quarter);
  return [
    { name: "column", source: `int column(int t) { return (t - ${line} * ${quarter}) * 4; }`, returnType: "Integer" },
    {
      name: "row",
      source: `int row(int t) { int q = ${line}; return (q - ${quotient("q", tall, lines)} * ${tall}) * ${rows}; }`,
      returnType: "Integer",
    },
    { name: "batch", source: `int batch(int t) { return ${quotient("t", quarter * tall, lines * quarter)}; }`, returnType: "Integer" },
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

/** A thread makes `rows` x 4 results, of operands that lie in whole texels. */
export function tileSource(engine: Engine, left: Operand, right: Operand, sizes: Sizes, rows: number, length: number): Source {
  const { m, k } = sizes;
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
      ...threadFunctions(sizes, Math.ceil(m / rows), rows),
      firstFunction("placeA", "startA", left, unit),
      firstFunction("placeB", "startB", right, 4),
    ],
    library: `${baseFunction("startA", left).source}\n${baseFunction("startB", right).source}`,
    grid: gridOf(length, engine.adapter.limit),
  };
}

/** Puts the rows of tiles under each other. */
export function mergeSource(engine: Engine, rows: number, m: number, n: number, length: number): Source {
  const quarter = n / 4;
  const tall = Math.ceil(m / rows);
  const split = `int q = ${quotient("t", quarter, length / 4)}; int b = ${quotient("q", m, length / n)}; int i = q - b * ${m};`;
  const natives: NativeFunction[] = [
    {
      name: "from",
      source: `int from(int t) { ${split} return (b * ${tall} + ${quotient("i", rows, m)}) * ${quarter} + t - q * ${quarter}; }`,
      returnType: "Integer",
    },
    { name: "which", source: `int which(int t) { ${split} return i - ${quotient("i", rows, m)} * ${rows}; }`, returnType: "Integer" },
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
export function dotSource(engine: Engine, left: Operand, right: Operand, { batch, m, k, n }: Sizes): Source {
  const line = quotient("e", n, batch * m * n);
  const natives: NativeFunction[] = [
    { name: "column", source: `int column(int e) { return e - ${line} * ${n}; }`, returnType: "Integer" },
    { name: "row", source: `int row(int e) { int q = ${line}; return q - ${quotient("q", m, batch * m)} * ${m}; }`, returnType: "Integer" },
    { name: "batch", source: `int batch(int e) { return ${quotient("e", n * m, batch * m * n)}; }`, returnType: "Integer" },
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

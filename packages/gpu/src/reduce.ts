import { type Reduction, sizeOf, type View } from "@gradtape/core";
import type { Source } from "./adapter.ts";
import type { Engine } from "./engine.ts";
import { quotient } from "./glsl.ts";
import type { NativeFunction } from "./gpujs.ts";
import { gridOf } from "./grid.ts";
import { libraryText, native } from "./library.ts";
import { placeFunction2, type Walk, walkKey, walkOf } from "./position.ts";
import type { GpuStorage } from "./storage.ts";

type Fold = Exclude<Reduction, "argmax" | "argmin">;

/** Where a fold starts, how it goes on, and the functions of the library that it calls. */
const folds: Readonly<Record<Fold, { readonly start: string; readonly step: (sum: string, x: string) => string; readonly uses: readonly string[] }>> =
  {
    sum: { start: "0.0", step: (s, x) => `${s} = ${s} + ${x};`, uses: [] },
    prod: { start: "1.0", step: (s, x) => `${s} = ${s} * ${x};`, uses: [] },
    max: { start: "-f_inf()", step: (s, x) => `${s} = f_max(${s}, ${x});`, uses: ["m_inf", "m_max"] },
    min: { start: "f_inf()", step: (s, x) => `${s} = f_min(${s}, ${x});`, uses: ["m_inf", "m_min"] },
  };

/** Elements that one thread folds before it keeps what it has apart: rounding errors then grow with the number of such blocks. */
const BLOCK = 32;
/** Elements that one thread folds at most, where there are few or many results. */
const ALONE = 128;
const CROWDED = 1024;

const lanes = [0, 1, 2, 3];

/** Folds axes of a view into a dense storage, in several launches where few results fold many elements. */
export function reduce(engine: Engine, reduction: Reduction, input: View, axes: readonly number[], output: GpuStorage): void {
  const isFolded = (d: number): boolean => axes.includes(d);
  const pick = (list: readonly number[], folded: boolean): number[] => list.filter((_, d) => isFolded(d) === folded);
  const kept = walkOf(pick(input.shape, false), pick(input.strides, false), input.offset);
  const folded = walkOf(pick(input.shape, true), pick(input.strides, true), 0);
  const results = sizeOf(pick(input.shape, false));
  const count = sizeOf(pick(input.shape, true));
  if (results === 0) return;
  if (reduction === "argmax" || reduction === "argmin") {
    const key = `${reduction};${results};${count};${walkKey(kept)};${walkKey(folded)}`;
    engine.run("search", key, () => searchSource(engine, reduction, kept, folded, results, count), [input], [], [output]);
    return;
  }
  const most = results >= 256 ? CROWDED : ALONE;
  if (count <= most) {
    stage(engine, reduction, input, kept, folded, { results, count, portion: count, portions: 1 }, output);
    return;
  }
  const portion = 4 * Math.ceil(Math.max(BLOCK, Math.min(most, Math.sqrt(count))) / 4);
  const portions = Math.ceil(count / portion);
  const part = engine.scratch(output.dtype, portions * results);
  stage(engine, reduction, input, kept, folded, { results, count, portion, portions }, part);
  const view: View = { storage: part, dtype: output.dtype, shape: [portions, results], strides: [results, 1], offset: 0 };
  reduce(engine, reduction, view, [0], output);
  engine.free(part);
}

interface Shares {
  /** How many numbers come out. */
  readonly results: number;
  /** How many elements each of them folds. */
  readonly count: number;
  /** How many of them one thread folds. */
  readonly portion: number;
  /** How many threads share a result; they leave `[portions, results]`. */
  readonly portions: number;
}

function stage(engine: Engine, fold: Fold, input: View, kept: Walk, folded: Walk, shares: Shares, output: GpuStorage): void {
  const { results, count, portion, portions } = shares;
  const key = `${fold};${results};${count};${portion};${walkKey(kept)};${walkKey(folded)}`;
  const columns = isColumns(kept, folded, results);
  const rows = !columns && isRows(kept, folded, count, portion);
  engine.run("reduce", key, () => foldSource(engine, fold, kept, folded, shares, columns, rows, results * portions), [input], [], [output]);
}

/** Whether four neighbouring results read four neighbouring elements. */
const isColumns = (kept: Walk, folded: Walk, results: number): boolean => {
  const inner = kept.sizes.length - 1;
  return (
    inner >= 0 &&
    results % 4 === 0 &&
    kept.sizes[inner] % 4 === 0 &&
    kept.strides[inner] === 1 &&
    kept.offset % 4 === 0 &&
    kept.strides.every((stride, d) => d === inner || stride % 4 === 0) &&
    folded.strides.every((stride) => stride % 4 === 0)
  );
};

/** Whether a result folds whole texels. */
const isRows = (kept: Walk, folded: Walk, count: number, portion: number): boolean => {
  const inner = folded.sizes.length - 1;
  return (
    inner >= 0 &&
    folded.strides[inner] === 1 &&
    folded.sizes[inner] % 4 === 0 &&
    folded.strides.every((stride, d) => d === inner || stride % 4 === 0) &&
    count % 4 === 0 &&
    portion % 4 === 0 &&
    kept.offset % 4 === 0 &&
    kept.strides.every((stride) => stride % 4 === 0)
  );
};

function foldSource(
  engine: Engine,
  fold: Fold,
  kept: Walk,
  folded: Walk,
  { results, count, portion, portions }: Shares,
  columns: boolean,
  rows: boolean,
  length: number,
): Source {
  const { start, step, uses } = folds[fold];
  const width = rows ? 4 : 1;
  const ragged = portions * portion !== count;
  const loop = (r: string, body: string): string => {
    const steps = Math.ceil(portion / width);
    const inside = (k: string): string => {
      const at = portions === 1 ? k : `${r} + ${width === 1 ? k : `(${k}) * ${width}`}`;
      const statement = `const r = ${portions === 1 && width > 1 ? `(${k}) * ${width}` : at};\n${body}`;
      return ragged ? `${statement.replace("\n", `\nif (r < ${count}) {\n`)}\n}` : statement;
    };
    return steps <= 2 * BLOCK
      ? `for (let k = 0; k < ${steps}; k++) {\n${inside("k")}\n}`
      : `for (let h = 0; h < ${Math.ceil(steps / BLOCK)}; h++) {\n@open\nfor (let k = 0; k < ${BLOCK}; k++) {\nconst i = h * ${BLOCK} + k;\n${steps % BLOCK === 0 ? inside("i") : `if (i < ${steps}) {\n${inside("i")}\n}`}\n}\n@close\n}`;
  };
  // Sums of a block are kept apart from the sums before.
  const blocks = (text: string, sums: readonly string[]): string =>
    text.includes("@open")
      ? text
          .replace("@open", sums.map((s) => `let b${s} = ${start};`).join(" "))
          .replace("@close", sums.map((s) => step(s, `b${s}`)).join(" "))
          .replaceAll("@", "b")
      : text.replaceAll("@", "");
  const share = quotient("e", results, results * portions);
  const natives: NativeFunction[] = [
    { name: "result", source: `int result(int e) { return e - ${share} * ${results}; }`, returnType: "Integer" },
    { name: "first", source: `int first(int e) { return ${share} * ${portion}; }`, returnType: "Integer" },
  ];
  const place = placeFunction2("at", kept, folded);
  const texel = { ...place, source: place.source.replace("return o;", "return o / 4;") };
  let body: string;
  if (columns) {
    const sums = lanes.map((lane) => `s${lane}`);
    const each = lanes.map((lane) => step(`@s${lane}`, `v[${lane}]`)).join(" ");
    body = [
      "const o = result(t * 4);",
      portions === 1 ? "" : "const f = first(t * 4);",
      ...sums.map((s) => `let ${s} = ${start};`),
      blocks(loop("f", `const v = a0[at(o, r)];\n${each}`), sums),
    ].join("\n");
  } else
    body = lanes
      .map((lane) => {
        const s = `s${lane}`;
        const read = rows
          ? `const v = a0[at(o${lane}, r)];\n${lanes.map((l) => step(`@${s}`, `v[${l}]`)).join(" ")}`
          : step(`@${s}`, `a0[at(o${lane}, r)]`);
        const head = [
          `const o${lane} = result(t * 4 + ${lane});`,
          portions === 1 ? "" : `const f${lane} = first(t * 4 + ${lane});`,
          `let ${s} = ${start};`,
        ];
        return [...head, blocks(loop(`f${lane}`, read), [s])].join("\n");
      })
      .join("\n");
  return {
    body,
    results: [lanes.map((lane) => `s${lane}`)],
    inputs: [columns || rows ? "vector" : "scalar"],
    uniforms: 0,
    natives: [...natives, columns || rows ? texel : place, ...uses.map(native)],
    library: libraryText(uses),
    grid: gridOf(length, engine.adapter.limit),
  };
}

/** The first best element's number; NaN beats every number. */
function searchSource(engine: Engine, reduction: "argmax" | "argmin", kept: Walk, folded: Walk, results: number, count: number): Source {
  const beats: NativeFunction = {
    name: "beats",
    source: `float beats(float x, float best) { return (x ${reduction === "argmax" ? ">" : "<"} best && !m_isnan(best)) || (m_isnan(x) && !m_isnan(best)) ? 1.0 : 0.0; }`,
    returnType: "Number",
  };
  const body = lanes
    .map((lane) =>
      [
        `const o${lane} = t * 4 + ${lane};`,
        `let best${lane} = ${reduction === "argmax" ? "-" : ""}f_inf();`,
        `let s${lane} = 0.0;`,
        `let n${lane} = 0.0;`,
        `for (let r = 0; r < ${count}; r++) {`,
        `const x = a0[at(o${lane}, r)];`,
        `const b = beats(x, best${lane});`,
        `best${lane} = f_where(b, x, best${lane});`,
        `s${lane} = f_where(b, n${lane}, s${lane});`,
        `n${lane} = n${lane} + 1.0;`,
        "}",
      ].join("\n"),
    )
    .join("\n");
  return {
    body,
    results: [lanes.map((lane) => `s${lane}`)],
    inputs: ["scalar"],
    uniforms: 0,
    natives: [placeFunction2("at", kept, folded), beats, native("m_where"), native("m_inf")],
    library: libraryText(["m_isnan", "m_where", "m_inf"]),
    grid: gridOf(results, engine.adapter.limit),
  };
}

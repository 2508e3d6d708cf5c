import { sizeOf, type View } from "@gradtape/core";
import type { Source } from "./adapter.ts";
import type { Engine } from "./engine.ts";
import type { NativeFunction } from "./gpujs.ts";
import { gridOf } from "./grid.ts";
import { dense, range } from "./operand.ts";
import { placeFunction2, type Walk, walkKey, walkOf } from "./position.ts";

/** A dense copy of a view in a larger shape, 0 outside. */
export function pad(engine: Engine, view: View, shape: readonly number[]): View {
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

import { sizeOf, type View } from "@gradtape/core";
import type { Source } from "./adapter.ts";
import type { Engine } from "./engine.ts";
import { quotient } from "./glsl.ts";
import type { NativeFunction } from "./gpujs.ts";
import { gridOf } from "./grid.ts";
import { dense, range } from "./operand.ts";

/** How a copy lays out a view: one number for each dimension. */
export interface Layout {
  /** Sizes of the copy; the last one is a multiple of 4. */
  readonly shape: readonly number[];
  /** Zeros before the first element, or how many elements are left out; default 0, and 0 in the last dimension. */
  readonly before?: readonly number[];
  /** Distance of elements that were neighbours; default 1, and 1 in the last dimension. */
  readonly spacing?: readonly number[];
}

/** One dimension of a copy: its size, and the size and stride of what it shows. */
interface Side {
  readonly wide: number;
  readonly size: number;
  readonly stride: number;
  readonly before: number;
  readonly spacing: number;
}

const isPlain = ({ wide, size, before, spacing }: Side): boolean => wide === size && before === 0 && spacing === 1;

/** The dimensions of a copy before the last, the outermost first; neighbours that the view steps through evenly are one. */
function sidesOf(view: View, { shape, before, spacing }: Layout): Side[] {
  const sides: Side[] = [];
  for (let d = 0; d < shape.length - 1; d++) {
    const side = { wide: shape[d], size: view.shape[d], stride: view.strides[d], before: before?.[d] ?? 0, spacing: spacing?.[d] ?? 1 };
    const last = sides.at(-1);
    if (last !== undefined && isPlain(last) && isPlain(side) && last.stride === side.stride * side.size)
      sides[sides.length - 1] = { ...side, wide: last.wide * side.wide, size: last.size * side.size };
    else sides.push(side);
  }
  return sides;
}

/** A dense copy of a view, 0 where the layout leaves room around and between the elements. */
export function pad(engine: Engine, view: View, layout: Layout): View {
  const { shape, before = [], spacing = [] } = layout;
  const storage = engine.scratch(view.dtype, sizeOf(shape));
  const key = `${shape.join()};${before.join()};${spacing.join()};${view.shape.join()};${view.strides.join()}+${view.offset}`;
  engine.run("pad", key, () => padSource(engine, view, layout, storage.length), [view], [], [storage]);
  return dense(storage, shape);
}

/** A function of the shader from the number of a texel to the place of its first element, or -1 where it shows none. */
function placeFunction(view: View, layout: Layout): NativeFunction {
  const last = layout.shape.length - 1;
  const quarter = layout.shape[last] / 4;
  const sides = sidesOf(view, layout);
  let below = sides.reduce((product, { wide }) => product * wide, 1) * quarter;
  const lines = [
    `int r = ${quotient("t", quarter, below)}; int q; int c;`,
    `int o = ${view.offset} + (t - r * ${quarter}) * ${4 * view.strides[last]};`,
    ...(view.shape[last] <= layout.shape[last] - 4 ? [`if ((t - r * ${quarter}) * 4 >= ${view.shape[last]}) return -1;`] : []),
  ];
  below /= quarter;
  for (const [d, side] of [...sides.entries()].reverse()) {
    const { wide, size, stride, before, spacing } = side;
    lines.push(d === 0 ? "c = r;" : `q = ${quotient("r", wide, below)}; c = r - q * ${wide}; r = q;`);
    below /= wide;
    if (before !== 0) lines.push(`c -= ${before};`);
    if (!isPlain(side)) lines.push(`if (c < 0 || c > ${(size - 1) * spacing}) return -1;`);
    if (spacing > 1) lines.push(`q = ${quotient("c", spacing, size * spacing)}; if (q * ${spacing} != c) return -1; c = q;`);
    lines.push(`o += c * (${stride});`);
  }
  return { name: "at", source: `int at(int t) { ${lines.join(" ")} return o; }`, returnType: "Integer" };
}

function padSource(engine: Engine, view: View, layout: Layout, length: number): Source {
  const last = layout.shape.length - 1;
  const [size, wide, stride] = [view.shape[last], layout.shape[last], view.strides[last]];
  const ragged = size % 4 !== 0;
  const inside: NativeFunction = { name: "inside", source: "int inside(int p, int more) { return p < 0 ? 0 : p + more; }", returnType: "Integer" };
  const cut: NativeFunction = { name: "cut", source: "float cut(int p, float x) { return p < 0 ? 0.0 : x; }", returnType: "Number" };
  const column = `(t - ${quotient("t", wide / 4, length / 4)} * ${wide / 4}) * 4`;
  const edge: NativeFunction = {
    name: "edge",
    source: `float edge(int t, int lane, float x) { return ${column} + lane < ${size} ? x : 0.0; }`,
    returnType: "Number",
  };
  return {
    body: [
      "const p = at(t);",
      ...range(4).map(
        (l) => `const x${l} = a0[inside(p, ${l * stride})];\nconst y${l} = ${ragged ? `edge(t, ${l}, cut(p, x${l}))` : `cut(p, x${l})`};`,
      ),
    ].join("\n"),
    results: [range(4).map((l) => `y${l}`)],
    inputs: ["scalar"],
    uniforms: 0,
    natives: [placeFunction(view, layout), inside, cut, ...(ragged ? [edge] : [])],
    library: "",
    grid: gridOf(length, engine.adapter.limit),
  };
}

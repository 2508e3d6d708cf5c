import type { Source } from "./adapter.ts";
import { literal } from "./glsl.ts";
import type { NativeFunction } from "./gpujs.ts";
import type { Grid } from "./grid.ts";

/**
 * How kernels read textures in WebGL2: a texel's column is the fraction of its number divided by the width, a power of two, and the texel at the thread's own
 * place needs no arithmetic. gpu.js by itself divides integers three times for each.
 */
export class Loads {
  /** The statements with every `a0[i]` replaced. */
  readonly body: string;
  readonly #natives = new Map<string, NativeFunction>();
  readonly #source: Source;
  readonly #grids: readonly Grid[];

  constructor(source: Source, grids: readonly Grid[]) {
    this.#source = source;
    this.#grids = grids;
    const { width } = source.grid;
    this.#add("texel", "Integer", `int texel() { return int(gl_FragCoord.y) * ${width} + int(gl_FragCoord.x); }`);
    this.#add("lane", "Integer", `int lane(int l) { return (int(gl_FragCoord.y) * ${width} + int(gl_FragCoord.x)) * 4 + l; }`);
    if (/\bt \* 4 \+/.test(source.body)) checkNumbers(source.grid);
    this.body = this.#replace(source.body);
  }

  get natives(): readonly NativeFunction[] {
    return [...this.#natives.values()];
  }

  #add(name: string, returnType: NativeFunction["returnType"], source: string): void {
    this.#natives.set(name, { name, source, returnType });
  }

  #replace(text: string): string {
    let result = "";
    let rest = text;
    for (let found = /\ba(\d+)\[/.exec(rest); found !== null; found = /\ba(\d+)\[/.exec(rest)) {
      const start = found.index + found[0].length;
      let end = start;
      for (let depth = 1; depth > 0; end++) depth += rest[end] === "[" ? 1 : rest[end] === "]" ? -1 : 0;
      result += rest.slice(0, found.index) + this.#load(Number(found[1]), this.#replace(rest.slice(start, end - 1)));
      rest = rest.slice(end);
    }
    return result + rest;
  }

  #load(input: number, index: string): string {
    const { width, height } = this.#grids[input];
    const { grid, inputs } = this.#source;
    const sampler = `user_a${input}`;
    const ways = width * height > EXACT ? byIntegers(sampler, width) : byFloats(sampler, width, height);
    if (inputs[input] === "scalar") {
      if (!WHOLE_PLACE.test(index)) checkNumbers(this.#grids[input]);
      this.#add(`element${input}`, "Number", `float element${input}(${ways.index} i) { ${ways.element} }`);
      return `element${input}(${index})`;
    }
    if (index === "t" && width === grid.width && height === grid.height) {
      this.#add(`here${input}`, "Array(4)", `vec4 here${input}() { return texture(${sampler}, vTexCoord); }`);
      return `here${input}()`;
    }
    this.#add(`texel${input}`, "Array(4)", `vec4 texel${input}(${ways.index} i) { ${ways.texel} }`);
    return `texel${input}(${index})`;
  }
}

/** A place that a function computes from the whole number of a lane or of a result: the variables of gpu.js are float32 numbers. */
const WHOLE_PLACE = /^\w+\((?:lane\(\d\)|o\d)[,)]/;

/** Throws where the numbers of elements are beyond those that float32 holds. */
function checkNumbers({ width, height }: Grid): void {
  if (width * height > EXACT)
    throw new RangeError(
      `gpu: this operation finds elements one by one, which this device does in tensors of up to ${4 * EXACT} elements; split the tensor, or make it contiguous`,
    );
}

/** Bodies of the functions of the shader that read the texel `i`, and the element `i`. */
interface Ways {
  readonly index: "float" | "int";
  readonly texel: string;
  readonly element: string;
}

/** Texels in a texture up to which float32 arithmetic finds every one of them, and every element. */
const EXACT = 2 ** 22;

/** In software renderers shifts and masks of integers take as long as the whole access: floats are exact as well, as long as the texture is no larger. */
function byFloats(sampler: string, width: number, height: number): Ways {
  const find = (texel: string): string =>
    `float x = (${texel} + 0.5) * ${literal(1 / width)}; float y = floor(x); vec4 v = texture(${sampler}, vec2(x - y, (y + 0.5) * ${literal(1 / height)}));`;
  return {
    index: "float",
    texel: `${find("i")} return v;`,
    element: `float e = i * 0.25; float p = floor(e); ${find("p")} float c = e - p; return c < 0.5 ? (c < 0.25 ? v.x : v.y) : (c < 0.75 ? v.z : v.w);`,
  };
}

function byIntegers(sampler: string, width: number): Ways {
  const find = (texel: string): string => `texelFetch(${sampler}, ivec2(${texel} & ${width - 1}, ${texel} >> ${Math.log2(width)}), 0)`;
  return {
    index: "int",
    texel: `return ${find("i")};`,
    element: `int p = i >> 2; vec4 v = ${find("p")}; int c = i & 3; return c == 0 ? v.x : c == 1 ? v.y : c == 2 ? v.z : v.w;`,
  };
}

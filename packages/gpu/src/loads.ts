import type { Source } from "./adapter.ts";
import { literal } from "./glsl.ts";
import type { NativeFunction } from "./gpujs.ts";
import type { Grid } from "./grid.ts";

/**
 * How kernels read textures in WebGL2: texels are found by shifts and masks, as widths are powers of two, and the texel at the thread's own place without any
 * arithmetic. gpu.js by itself divides integers three times for each.
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
    const shift = Math.log2(width);
    const sampler = `user_a${input}`;
    const scale = `vec2(${literal(1 / width)}, ${literal(1 / height)})`;
    if (inputs[input] === "vector") {
      if (index === "t" && width === grid.width && height === grid.height) {
        this.#add(`here${input}`, "Array(4)", `vec4 here${input}() { return texture(${sampler}, gl_FragCoord.xy * ${scale}); }`);
        return `here${input}()`;
      }
      this.#add(
        `texel${input}`,
        "Array(4)",
        `vec4 texel${input}(int i) { return texture(${sampler}, (vec2(float(i & ${width - 1}), float(i >> ${shift})) + 0.5) * ${scale}); }`,
      );
      return `texel${input}(${index})`;
    }
    this.#add(
      `element${input}`,
      "Number",
      `float element${input}(int i) { int p = i >> 2; vec4 v = texture(${sampler}, (vec2(float(p & ${width - 1}), float(p >> ${shift})) + 0.5) * ${scale}); int c = i & 3; return c == 0 ? v.x : c == 1 ? v.y : c == 2 ? v.z : v.w; }`,
    );
    return `element${input}(${index})`;
  }
}

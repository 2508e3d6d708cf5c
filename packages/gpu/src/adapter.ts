import type { Context, Mode } from "./context.ts";
import type { GpuJs, Instance, Kernel, NativeFunction, Settings, TextureClass } from "./gpujs.ts";
import type { Grid } from "./grid.ts";
import { Loads } from "./loads.ts";
import { Pool, type Sheet } from "./pool.ts";
import { Transfers } from "./transfer.ts";

/** How a kernel sees one of its textures: four elements of a texel at a time, or single elements. */
export type Face = "vector" | "scalar";

/** A kernel as text: gpu.js source over the inputs `a0`, `a1`, …, the numbers `u0`, `u1`, … and the number `t` of the texel. */
export interface Source {
  /** Statements that end with values for every output. */
  readonly body: string;
  /** Four expressions for each output. */
  readonly results: readonly (readonly string[])[];
  readonly inputs: readonly Face[];
  readonly uniforms: number;
  /** Functions of the shader that the statements call. */
  readonly natives: readonly NativeFunction[];
  /** Text of the shader that those functions call. */
  readonly library: string;
  /** The texture that the outputs fill. */
  readonly grid: Grid;
}

/** A compiled kernel. */
export interface Program {
  readonly kernel: Kernel;
  readonly inputs: readonly Face[];
}

/** Textures that a kernel may read: gpu.js loses one from the sixteenth on. */
export const INPUT_LIMIT = 15;

const fixed = {
  pipeline: true,
  immutable: true,
  precision: "single",
  tactic: "precision",
  fixIntegerDivisionAccuracy: false,
  loopMaxIterations: 1e9,
} as const;

/** The only place that knows how gpu.js launches: one context, compiled kernels, launches into textures of ours. */
export class Adapter {
  readonly mode: Mode;
  readonly gl: WebGL2RenderingContext;
  readonly pool: Pool;
  readonly transfers: Transfers;
  /** Largest width and height of a texture. */
  readonly limit: number;
  /** Most outputs of one kernel. */
  readonly outputLimit: number;
  /** What the driver calls itself. */
  readonly renderer: string;
  readonly #context: Context;
  readonly #gpu: Instance;
  readonly #classes: Readonly<Record<Face, TextureClass>>;
  readonly #owner: Kernel;
  #closed = false;
  /** Kernels compiled, launches, and transfers since the device was made. */
  readonly counts = { compiled: 0, launches: 0, uploads: 0, reads: 0 };

  constructor(library: GpuJs, context: Context) {
    const { gl } = context;
    this.#context = context;
    this.mode = context.mode;
    this.gl = gl;
    this.pool = new Pool(gl);
    this.limit = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number;
    this.transfers = new Transfers(context, this);
    this.outputLimit = drawsIntoSeveral(gl) ? (gl.getParameter(gl.MAX_DRAW_BUFFERS) as number) : 1;
    const named = gl.getExtension("WEBGL_debug_renderer_info");
    this.renderer = String(gl.getParameter(named === null ? gl.RENDERER : named.UNMASKED_RENDERER_WEBGL));
    this.#gpu = context.instance(library);
    const plain = { ...fixed, nativeFunctions: [], injectedNative: "" } as const;
    const scalars = this.#gpu.createKernel("function(a) { return a[this.thread.x]; }", {
      ...plain,
      output: [8],
      returnType: "Number",
      optimizeFloatMemory: true,
    });
    const vectors = this.#gpu.createKernel("function(a) { const i = this.thread.x * 4; return [a[i], a[i + 1], a[i + 2], a[i + 3]]; }", {
      ...plain,
      output: [2],
      returnType: "Array(4)",
      optimizeFloatMemory: false,
    });
    for (const { kernel } of [scalars, vectors]) kernel.build(new Float32Array(8));
    this.#classes = { scalar: scalars.kernel.TextureConstructor, vector: vectors.kernel.TextureConstructor };
    this.#owner = vectors.kernel;
  }

  /** Throws when the device was closed, or the browser took the context away: kernels would give zeros. */
  check(): void {
    if (this.#closed) throw new Error("gpu: this device was closed, and every tensor on it is lost; make a new one with await gpu()");
    if (this.gl.isContextLost())
      throw new Error("gpu: the browser took the WebGL context away, and with it every tensor on this device; make a new one with await gpu()");
  }

  /** Compiles a kernel; `samples` are textures of the sizes that its inputs will have. */
  compile(source: Source, samples: readonly Sheet[]): Program {
    this.check();
    if (source.inputs.length > INPUT_LIMIT)
      throw new RangeError(`gpu: a kernel reads ${source.inputs.length} tensors, more than ${INPUT_LIMIT}; split the formula`);
    const { gl } = this;
    const { width, height } = source.grid;
    const names = [...source.inputs.map((_, k) => `a${k}`), ...Array.from({ length: source.uniforms }, (_, k) => `u${k}`)];
    const extra = source.results.slice(1);
    const loads = new Loads(source, samples);
    const text = [
      `function(${names.join(", ")}) {`,
      "const t = texel();",
      loads.body,
      ...extra.map((lanes, k) => `output${k + 1}(${lanes.join(", ")});`),
      `return [${source.results[0].join(", ")}];`,
      "}",
    ].join("\n");
    const settings: Settings = {
      ...fixed,
      output: [width, height],
      returnType: "Array(4)",
      optimizeFloatMemory: false,
      nativeFunctions: [...source.natives, ...loads.natives],
      injectedNative: source.library,
    };
    const maps = Object.fromEntries(extra.map((_, k) => [`y${k + 1}`, `function output${k + 1}(a, b, c, d) { return [a, b, c, d]; }`]));
    const shortcut = extra.length === 0 ? this.#gpu.createKernel(text, settings) : this.#gpu.createKernelMap(maps, text, settings);
    const { kernel } = shortcut;
    try {
      kernel.build(...this.#arguments(source.inputs, samples), ...new Array<number>(source.uniforms).fill(0.5));
    } catch (error) {
      throw new Error(`gpu: a kernel does not compile, ${error instanceof Error ? error.message : String(error)}\n${text}`);
    }
    if (gl.getProgramParameter(kernel.program, gl.LINK_STATUS) !== true)
      throw new Error(`gpu: a kernel does not link, ${gl.getProgramInfoLog(kernel.program) ?? "without a reason"}\n${text}`);
    if (kernel.texSize[0] !== width || kernel.texSize[1] !== height)
      throw new Error(`gpu: gpu.js chose a texture of ${kernel.texSize[0]} x ${kernel.texSize[1]} instead of ${width} x ${height}`);
    for (const own of [kernel.texture, ...(kernel.mappedTextures ?? [])]) gl.deleteTexture(own.texture);
    this.counts.compiled++;
    return { kernel, inputs: source.inputs };
  }

  /** Deletes a compiled kernel. */
  forget({ kernel }: Program): void {
    this.gl.deleteProgram(kernel.program);
  }

  /** Runs a kernel; outputs must be other textures than inputs. */
  launch({ kernel, inputs }: Program, sheets: readonly Sheet[], uniforms: readonly number[], outputs: readonly Sheet[]): void {
    this.check();
    const values = this.#arguments(inputs, sheets);
    kernel.texture = this.#face(outputs[0], "vector");
    kernel._textureSwitched = true;
    const { mappedTextures } = kernel;
    if (mappedTextures !== null && mappedTextures !== undefined)
      for (let k = 0; k < mappedTextures.length; k++) {
        mappedTextures[k] = this.#face(outputs[k + 1], "vector");
        kernel._mappedTextureSwitched[k] = true;
      }
    for (const uniform of uniforms) values.push(uniform);
    kernel.run(...values);
    if (kernel.switchingKernels) throw new Error("gpu: gpu.js wants another kernel for these arguments");
    this.counts.launches++;
  }

  #arguments(faces: readonly Face[], sheets: readonly Sheet[]): unknown[] {
    return faces.map((face, k) => this.#face(sheets[k], face));
  }

  #face(sheet: Sheet, face: Face) {
    const known = face === "vector" ? sheet.vectors : sheet.scalars;
    if (known !== undefined) return known;
    const { gl } = this;
    const texels = sheet.width * sheet.height;
    const length = face === "vector" ? texels : 4 * texels;
    const made = new this.#classes[face]({
      texture: sheet.texture,
      size: Int32Array.of(sheet.width, sheet.height),
      dimensions: Int32Array.of(length, 1, 1),
      output: [length],
      context: gl,
      kernel: this.#owner,
      internalFormat: gl.RGBA32F,
      textureFormat: gl.RGBA,
    });
    // gpu.js counts references and replaces what it thinks is shared; textures here are counted by their storages.
    made.texture._refs = 0;
    if (face === "vector") sheet.vectors = made;
    else sheet.scalars = made;
    return made;
  }

  /** Gives the context back; the device is of no use afterwards. */
  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    // gpu.js destroys its kernels a moment later.
    void Promise.resolve(this.#gpu.destroy()).then(() => this.#context.close());
  }
}

/** Whether a kernel can have several outputs; gl 9.0.0-rc.10 refuses them. */
function drawsIntoSeveral(gl: WebGL2RenderingContext): boolean {
  const framebuffer = gl.createFramebuffer();
  gl.getError();
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  gl.drawBuffers([gl.COLOR_ATTACHMENT0, gl.COLOR_ATTACHMENT0 + 1]);
  const drawn = gl.getError() === gl.NO_ERROR;
  gl.deleteFramebuffer(framebuffer);
  return drawn;
}

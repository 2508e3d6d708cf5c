import type { GpuJs, Instance } from "./gpujs.ts";

/** What draws the kernels: "webgl2" in a browser, "headlessgl" in Node, where the package `gl` is. */
export type Mode = "webgl2" | "headlessgl";

/** A WebGL2 context, and what depends on where it comes from. */
export interface Context {
  readonly mode: Mode;
  readonly gl: WebGL2RenderingContext;
  /** Whether a read can go through a buffer, which does not block; gl 9.0.0-rc.10 gives zeros. */
  readonly readsLater: boolean;
  /** Makes gpu.js work on this context. */
  instance(library: GpuJs): Instance;
  /** Gives the context back. */
  close(): void;
}

/** The part of `gl` that is used. */
interface Headless {
  (width: number, height: number, options: { readonly createWebGL2Context: true }): WebGL2RenderingContext | null;
  readonly WebGL2RenderingContext?: unknown;
}

/** The part of Node's `process` that is used. */
interface NodeProcess {
  cwd(): string;
  readonly versions?: { readonly node?: string };
  getBuiltinModule?(name: "node:module"): { createRequire(from: string): (name: string) => unknown };
}

const scope = globalThis as unknown as Record<string, unknown> & { readonly process?: NodeProcess };

const isNode = (): boolean => scope.process?.versions?.node !== undefined && scope.WebGL2RenderingContext === undefined;

/**
 * Opens a context. Errors: there is no WebGL2, or a mode is asked for that is not here; each says what would help.
 * @param mode by default whatever is here.
 */
export function openContext(mode: Mode = isNode() ? "headlessgl" : "webgl2"): Context {
  if ((mode as string) === "webgpu")
    throw new RangeError(
      "gpu: the WebGPU mode of gpu.js takes no functions in the shader's language, and without them makes numbers of NaN (log(-1) is 0, exp(NaN) Infinity), so this device does not compute by it; leave { mode } out",
    );
  const opened = { webgl2: inBrowser, headlessgl: inNode }[mode];
  if (opened === undefined) throw new RangeError(`gpu: there is no mode "${mode}"; use "webgl2" in a browser, "headlessgl" in Node, or leave it out`);
  const context = opened();
  if (context.gl.getExtension("EXT_color_buffer_float") === null)
    throw new Error("gpu: this GPU cannot render to float textures; compute on the CPU");
  return context;
}

function inBrowser(): Context {
  const canvas = typeof OffscreenCanvas === "undefined" ? globalThis.document?.createElement("canvas") : new OffscreenCanvas(1, 1);
  const gl = canvas?.getContext("webgl2", { alpha: false, depth: false, stencil: false, antialias: false, powerPreference: "high-performance" });
  if (typeof WebGL2RenderingContext === "undefined" || !(gl instanceof WebGL2RenderingContext))
    throw new Error("gpu: there is no WebGL2 here; compute on the CPU, or open the page in another browser");
  return {
    mode: "webgl2",
    gl,
    readsLater: true,
    instance: ({ GPU }) => new GPU({ mode: "webgl2", canvas: standIn(), context: gl }),
    close: () => gl.getExtension("WEBGL_lose_context")?.loseContext(),
  };
}

/** gpu.js resizes the canvas to its largest kernel: a stand-in spares that. */
const standIn = () => ({ width: 1, height: 1 });

const INSTALL = "install it with: npm install gl@9.0.0-rc.10";

function inNode(): Context {
  const createContext = headless();
  if (createContext.WebGL2RenderingContext === undefined)
    throw new Error(`gpu: this version of the package gl has only WebGL1, whose shaders cannot compute with bits; ${INSTALL}`);
  const gl = createContext(1, 1, { createWebGL2Context: true });
  if (gl === null) throw new Error("gpu: the package gl finds no display; run Node under xvfb-run -a, or compute on the CPU");
  return {
    mode: "headlessgl",
    gl,
    readsLater: false,
    instance: ({ GPU }) => {
      // gpu.js looks for WebGL2 among the globals of a page, and takes whatever Node has for WebGL1.
      lend(
        {
          WebGL2RenderingContext: createContext.WebGL2RenderingContext,
          OffscreenCanvas: class {
            getContext = () => gl;
          },
        },
        () => GPU.isWebGL2Supported,
      );
      const made = new GPU({ mode: "webgl2", canvas: standIn() });
      made.context = gl;
      return made;
    },
    close: () => (gl.getExtension("STACKGL_destroy_context") as { destroy(): void } | null)?.destroy(),
  };
}

/** The package `gl`, as this package or the program in the working directory has it; bundlers do not see this. */
function headless(): Headless {
  const { process } = scope;
  const node = process?.getBuiltinModule?.("node:module");
  if (process === undefined || node === undefined)
    throw new Error("gpu: the mode headlessgl is for Node, 20.16 or newer; leave { mode } out in a browser");
  let reason: unknown;
  for (const from of [import.meta.url, `${process.cwd()}/`])
    try {
      return node.createRequire(from)("gl") as Headless;
    } catch (error) {
      reason = error;
    }
  const said = reason instanceof Error ? reason.message.split("\n")[0] : String(reason);
  throw new Error(`gpu: Node has no WebGL2 of its own, and the package gl cannot be loaded (${said}); ${INSTALL}, or compute on the CPU`);
}

/** Calls a function while these globals are there. */
function lend(globals: Readonly<Record<string, unknown>>, fn: () => void): void {
  Object.assign(scope, globals);
  try {
    fn();
  } finally {
    for (const name of Object.keys(globals)) delete scope[name];
  }
}

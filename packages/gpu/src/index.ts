import { Device } from "@gradtape/core";
import { Adapter } from "./adapter.ts";
import { GpuBackend } from "./backend.ts";
import type { GpuJs } from "./gpujs.ts";

/** How a GPU is opened. */
export interface GpuOptions {
  /** Note where every tensor is made, so that warnings about tensors that nobody freed can tell. Costs a stack trace each. Default false. */
  readonly trace?: boolean;
}

/** A device with tensors in textures and kernels by GPU.js. */
export class GpuDevice extends Device {
  readonly adapter: Adapter;

  constructor(adapter: Adapter, name: string, options: GpuOptions) {
    super(name, undefined, { manual: true });
    this.adapter = adapter;
    this.setBackend(new GpuBackend(adapter, this, { trace: options.trace ?? false }));
  }
}

/** Loads gpu.js, which replaces the global `GPU` of WebGPU when it loads: puts it back. */
async function load(): Promise<GpuJs> {
  const scope = globalThis as { GPU?: unknown };
  const had = Object.hasOwn(scope, "GPU");
  const before = scope.GPU;
  try {
    const module = (await import("gpu.js")) as unknown as GpuJs & { readonly default?: GpuJs };
    return module.GPU === undefined ? (module.default as GpuJs) : module;
  } catch (error) {
    throw new Error(
      `gpu: gpu.js cannot be loaded (${error instanceof Error ? error.message : String(error)}); install it with: npm install gpu.js@~2.24.1`,
    );
  } finally {
    if (had) scope.GPU = before;
    else delete scope.GPU;
  }
}

/** Opens the GPU. Errors: no WebGL2, no float textures, gpu.js is not installed. */
export async function gpu(options: GpuOptions = {}): Promise<GpuDevice> {
  const library = await load();
  const canvas = typeof OffscreenCanvas === "undefined" ? globalThis.document?.createElement("canvas") : new OffscreenCanvas(1, 1);
  const context = canvas?.getContext("webgl2", { alpha: false, depth: false, stencil: false, antialias: false, powerPreference: "high-performance" });
  if (!(context instanceof WebGL2RenderingContext))
    throw new Error("gpu: there is no WebGL2 here; compute on the CPU, or open the page in another browser");
  if (context.getExtension("EXT_color_buffer_float") === null) throw new Error("gpu: this GPU cannot render to float textures; compute on the CPU");
  return new GpuDevice(new Adapter(library, context), "gpu", options);
}

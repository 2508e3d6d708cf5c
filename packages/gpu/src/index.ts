import { Adapter } from "./adapter.ts";
import { tryKernels } from "./canary.ts";
import { GpuDevice, type GpuOptions } from "./device.ts";
import type { GpuJs } from "./gpujs.ts";

export { type BackendReport, backendReport, GpuDevice, type GpuOptions } from "./device.ts";

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

/**
 * Opens the GPU and tries its kernels. Errors: no WebGL2, no float textures, gpu.js is not installed, a kernel that computes wrong numbers. A page should
 * open one: browsers take the context of the oldest away when there are more than sixteen.
 */
export async function gpu(options: GpuOptions = {}): Promise<GpuDevice> {
  const library = await load();
  const canvas = typeof OffscreenCanvas === "undefined" ? globalThis.document?.createElement("canvas") : new OffscreenCanvas(1, 1);
  const context = canvas?.getContext("webgl2", { alpha: false, depth: false, stencil: false, antialias: false, powerPreference: "high-performance" });
  if (typeof WebGL2RenderingContext === "undefined" || !(context instanceof WebGL2RenderingContext))
    throw new Error("gpu: there is no WebGL2 here; compute on the CPU, or open the page in another browser");
  if (context.getExtension("EXT_color_buffer_float") === null) throw new Error("gpu: this GPU cannot render to float textures; compute on the CPU");
  const device = new GpuDevice(new Adapter(library, context), "gpu", options);
  if (options.selfTest ?? true) tryKernels(device);
  return device;
}

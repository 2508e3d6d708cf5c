import { Adapter } from "./adapter.ts";
import { tryKernels } from "./canary.ts";
import { openContext } from "./context.ts";
import { GpuDevice, type GpuOptions } from "./device.ts";
import type { GpuJs } from "./gpujs.ts";

export type { Mode } from "./context.ts";
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
 * Opens the GPU and tries its kernels. Errors: no WebGL2, no float textures, gpu.js is not installed, in Node no package `gl` or no display, a kernel that
 * computes wrong numbers. A page should open one: browsers take the context of the oldest away when there are more than sixteen.
 */
export async function gpu(options: GpuOptions = {}): Promise<GpuDevice> {
  const library = await load();
  const device = new GpuDevice(new Adapter(library, openContext(options.mode)), "gpu", options);
  if (options.selfTest ?? true) tryKernels(device);
  return device;
}

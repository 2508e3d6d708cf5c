import { Device } from "@gradtape/core";
import type { Adapter } from "./adapter.ts";
import { GpuBackend } from "./backend.ts";
import type { Mode } from "./context.ts";

/** How a GPU is opened. */
export interface GpuOptions {
  /** What computes: "webgl2" in a browser, "headlessgl" in Node by the package `gl`. Default: what is here. */
  readonly mode?: Mode;
  /** Note where every tensor is made, so that warnings about tensors that nobody freed can tell. Costs a stack trace each. Default false. */
  readonly trace?: boolean;
  /** Try one kernel of every family against the CPU before the device is handed out. Default true. */
  readonly selfTest?: boolean;
}

/** What ran where on a device. */
export interface BackendReport {
  /** What computes. */
  readonly mode: Mode;
  /** What the driver calls itself. */
  readonly renderer: string;
  /** Largest width and height of a texture. */
  readonly textureLimit: number;
  /** Kernels compiled, launches, tensors uploaded and read since the device was opened. */
  readonly compiled: number;
  readonly launches: number;
  readonly uploads: number;
  readonly reads: number;
  /** Launches by the family of the kernel. */
  readonly families: Readonly<Record<string, number>>;
}

/** A device with tensors in textures and kernels by GPU.js. Nothing that it cannot do is done elsewhere: it is an error. */
export class GpuDevice extends Device {
  readonly adapter: Adapter;
  readonly #gpu: GpuBackend;

  constructor(adapter: Adapter, name: string, options: GpuOptions) {
    super(name, undefined, { manual: true });
    this.adapter = adapter;
    this.#gpu = new GpuBackend(adapter, this, { trace: options.trace ?? false });
    this.setBackend(this.#gpu);
  }

  /** What ran here. */
  report(): BackendReport {
    const { mode, renderer, limit, counts } = this.adapter;
    return { mode, renderer, textureLimit: limit, ...counts, families: Object.fromEntries(this.#gpu.engine.families) };
  }

  /** Gives the GPU back; every tensor on it is lost. */
  close(): void {
    this.adapter.destroy();
  }
}

/** What ran on a GPU, by kernels and transfers. */
export const backendReport = (device: GpuDevice): BackendReport => device.report();

import { type FamilyReport, useWasm, wasm } from "@gradtape/wasm";

export * from "@gradtape/core";
export * as data from "@gradtape/data";
export * as nn from "@gradtape/nn";
export * as optim from "@gradtape/optim";
export { setThreads, turbo, useWasm } from "@gradtape/wasm";

// The front door takes the fastest backend that runs here; where WebAssembly has no SIMD, the reference backend stays.
const fast = useWasm();

/** What ran where on the CPU, by family of kernels, and why something fell back to the reference backend; empty where that computes everything. */
export const backendReport = (): Readonly<Record<string, FamilyReport>> => (fast ? wasm().backendReport() : {});

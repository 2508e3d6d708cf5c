export { createWasmBackend, setThreads, turbo, useWasm, type WasmBackend, wasm } from "./backend.ts";
export type { EngineOptions } from "./engine.ts";
export { hasRelaxedSimd, hasSimd } from "./features.ts";
export type { MemoryReport } from "./memory/store.ts";
export type { Family, FamilyReport } from "./report.ts";
export type { ThreadOptions, ThreadReport } from "./threads/threads.ts";
export type { TurboReport } from "./turbo.ts";

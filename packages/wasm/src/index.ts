export { createWasmBackend, useWasm, type WasmBackend } from "./backend.ts";
export type { EngineOptions } from "./engine.ts";
export { hasRelaxedSimd, hasSimd } from "./features.ts";
export type { MemoryReport } from "./memory/store.ts";
export type { Family, FamilyReport } from "./report.ts";

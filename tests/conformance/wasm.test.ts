import { createWasmBackend } from "@gradtape/wasm";
import { describe } from "vitest";
import { conformance } from "./suite.ts";

conformance(createWasmBackend());

// Every value in the memory of the kernels, and none: both ways in and out.
describe("all values in WebAssembly memory", () => conformance(createWasmBackend({ smallBytes: 0 })));
describe("all values in arrays", () => conformance(createWasmBackend({ budgetBytes: 0 })));

export * from "./activation.ts";
export * from "./container.ts";
export * as init from "./init.ts";
export { type LayerOptions, Linear } from "./linear.ts";
export * from "./loss.ts";
export { functionalCall, type LoadReport, Module, type StateDict } from "./module.ts";

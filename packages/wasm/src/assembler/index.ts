export { type Code, f32, f64, i32, type Local, select, type ValueType } from "./code.ts";
export type { FunctionBuilder } from "./function.ts";
export { type Call, MAX_PAGES, ModuleBuilder } from "./module.ts";
export { f32x4, f64x2, i8x16, i16x8, i32x4, i64x2, v128 } from "./simd.ts";

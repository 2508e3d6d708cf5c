import { type Code, f32, f32x4, i32, ModuleBuilder, v128 } from "./assembler/index.ts";

function validates(value: Code): boolean {
  if (typeof WebAssembly === "undefined") return false;
  const module = new ModuleBuilder();
  module.function("f", [], [], (f) => f.emit(v128.store(i32.const(0), value)));
  return WebAssembly.validate(module.bytes());
}

const one = f32x4.splat(f32.const(1));
let relaxed: boolean | undefined;

/** Whether the engine has WebAssembly with vectors of 128 bits, which this backend needs. */
export const hasSimd = (): boolean => validates(one);

/** Whether the engine has the fused multiply-add of relaxed SIMD. */
export const hasRelaxedSimd = (): boolean => (relaxed ??= validates(f32x4.relaxedMadd(one, one, one)));

/** Asks the engine again, after one of its flags changed. */
export function detectAgain(): void {
  relaxed = undefined;
}

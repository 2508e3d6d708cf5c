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

interface Host {
  readonly process?: { readonly versions?: Readonly<Record<string, string | undefined>> };
  readonly navigator?: { readonly userAgentData?: { readonly brands?: readonly { readonly brand: string; readonly version: string }[] } };
}

/** The version of V8, 13.6 for example, where one can know it: Node and Deno say it, and Chromium's is ten times that. */
export function v8Version(): number | undefined {
  const { process, navigator } = globalThis as unknown as Host;
  const { v8, bun } = process?.versions ?? {};
  if (v8 !== undefined && bun === undefined) return Number.parseFloat(v8);
  const chromium = navigator?.userAgentData?.brands?.find(({ brand }) => brand === "Chromium");
  return chromium === undefined ? undefined : Number.parseInt(chromium.version, 10) / 10;
}

/**
 * Whether the engine's compiler keeps fifteen vectors of a loop in registers. Measured: that of V8 13.6 does, and gains a tenth; those of 12.4 and 11.3, which
 * load everything ahead, run at half the speed then.
 */
export const keepsFifteenVectors = (): boolean => (v8Version() ?? 0) >= 13.6;

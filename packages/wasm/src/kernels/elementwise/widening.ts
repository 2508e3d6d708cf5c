import { f32x4, f64x2, type Local, v128 } from "../../assembler/index.ts";
import { double, VectorCode } from "./lanes.ts";

/** Spells a single-precision function in double precision: the arguments are widened, two at a time, and the results narrowed. */
export const widened =
  (spell: (v: VectorCode, ...args: Local[]) => Local) =>
  (v: VectorCode, ...args: Local[]): Local => {
    const wide = new VectorCode(v.f, double, v.fused, Math.min(v.active, 2), v.calls);
    const half = (pick: (arg: Local) => Local): Local =>
      v.let(f32x4.demoteZero(spell(wide, ...args.map((arg) => wide.let(f64x2.promoteLow(pick(arg)))))));
    const low = half((arg) => arg);
    if (v.active === 1) return low;
    const high = half((arg) => v.let(v128.shuffle(arg, arg, [2, 3, 2, 3])));
    return v.let(v128.shuffle(low, high, [0, 1, 4, 5]));
  };

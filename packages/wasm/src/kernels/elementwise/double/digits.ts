import { type Code, i32, i64x2, type Local } from "../../../assembler/index.ts";
import type { VectorCode } from "../lanes.ts";

/** A number with only its first so many binary digits: products of two such numbers are exact if they have 53 digits together. */
export const leading = (v: VectorCode, x: Code, digits: number): Local =>
  v.let(i64x2.shl(i64x2.shrS(x, i32.const(53 - digits)), i32.const(53 - digits)));

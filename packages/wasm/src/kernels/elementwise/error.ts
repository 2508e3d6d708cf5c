import type { Local } from "../../assembler/index.ts";
import { withSign } from "./arithmetic.ts";
import { fade } from "./exponential.ts";
import type { VectorCode } from "./lanes.ts";

const EDGE = 0.92;
/** `erf(x) / x` by x² below the edge, and `-log(erfc(x)) / x` by x from there to 4: our own fits, minimax by Lawson's iteration, to 5e-10 and 4e-8. */
const NEAR = [8.31676425e-5, -8.13000982e-4, 5.19990639e-3, -2.68589414e-2, 1.12836872e-1, -3.76126332e-1, 1.12837917];
const FAR = [-7.37970556e-7, 2.91269071e-5, -4.6158665e-4, 4.16268798e-3, -2.48314651e-2, 1.07469268e-1, 6.34405252e-1, 1.1288329];

/** `erf`, single precision: to 2 ulp. */
export function erf(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const near = v.let(ops.mul(x, v.polynomial(v.let(ops.mul(x, x)), NEAR)));
  const size = v.let(ops.abs(x));
  const bounded = v.let(ops.pmin(size, v.constant(4)));
  const e = fade(v, v.let(ops.neg(ops.mul(bounded, v.polynomial(bounded, FAR)))));
  const far = v.let(ops.sub(v.constant(1), e));
  return v.choose(ops.lt(size, v.constant(EDGE)), near, withSign(v, far, x));
}

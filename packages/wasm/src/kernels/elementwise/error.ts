import type { Local } from "../../assembler/index.ts";
import { withSign } from "./arithmetic.ts";
import { erfcBy } from "./double/error.ts";
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

/** `erfc` as precisely as single precision holds it, in double precision: our own fits by Remez's algorithm, to 1.4e-9 up to 0.5 and to 3e-9 beyond. */
export const erfc = erfcBy({
  center: [0.004717990067210741, -0.026757184654804325, 0.11282822824487847, -0.37612608574230283, 1.1283791655675424],
  tail: [
    1.1855358844627772e-4, -5.44879328606299e-4, -8.928699457788856e-4, 3.0546197425968193e-3, 6.493032091145908e-3, -2.1506117496398452e-2,
    -3.644354251930576e-2, 0.2794718913276024, -0.6871606508677676, 1.0215827066510998,
  ],
});

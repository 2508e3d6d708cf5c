import { type Local, v128 } from "../../assembler/index.ts";
import { withSign } from "./arithmetic.ts";
import { fade, preciseFade } from "./exponential.ts";
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

/** `(x + 2) exp(x²) erfc(x)` by `(x - 2) / (x + 2)`, from 0.5 on: our own fit, minimax by Lawson's iteration, to 9e-9. */
const TAIL = [-4.78474975e-4, -8.02248527e-4, 3.00762202e-3, 6.47042405e-3, -2.14958182e-2, -3.6441533e-2, 2.7947118e-1, -6.87160695e-1, 1.02158271];

const TURN = 0.75;

/** `1 - erf(x)`, single precision, accurate in the far tail too: to 5 ulp. */
export function erfc(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const [one, two] = [v.constant(1), v.constant(2)];
  const size = v.let(ops.abs(x));
  const bounded = v.let(ops.pmin(size, v.constant(10.2)));
  const square = v.let(ops.mul(bounded, bounded));
  // What rounding the square took away, from products of halves that are exact: the exponential would magnify it.
  const head = v.let(v128.and(bounded, v.bits(0xfffff000)));
  const rest = v.let(ops.sub(bounded, head));
  const middle = v.let(ops.mul(head, rest));
  const lost = ops.add(ops.add(ops.sub(ops.mul(head, head), square), ops.add(middle, middle)), ops.mul(rest, rest));
  const e = preciseFade(v, v.let(ops.neg(square)));
  const gaussian = v.let(ops.sub(e, ops.mul(e, lost)));
  const more = v.let(ops.add(bounded, two));
  const scaled = ops.div(v.polynomial(v.let(ops.div(ops.sub(bounded, two), more)), TAIL), more);
  const tail = v.let(ops.mul(gaussian, scaled));
  const far = v.choose(ops.lt(x, v.constant(0)), ops.sub(two, tail), tail);
  const near = ops.sub(one, ops.mul(x, v.polynomial(v.let(ops.mul(x, x)), NEAR)));
  return v.choose(ops.lt(size, v.constant(TURN)), near, far);
}

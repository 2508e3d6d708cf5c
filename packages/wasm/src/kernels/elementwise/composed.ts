import { type Local, v128 } from "../../assembler/index.ts";
import type { VectorCode } from "./lanes.ts";

type Unary = (v: VectorCode, x: Local) => Local;
type Binary = (v: VectorCode, a: Local, b: Local) => Local;

/** The functions of one precision that others are made of; `decay` is `exp(-|x|)`. */
export interface Elementary {
  readonly decay: Unary;
  readonly log: Unary;
  readonly log1p: Unary;
}

/** `1 / (1 + exp(-x))`, accurate on both tails. */
export const sigmoid =
  ({ decay }: Elementary): Unary =>
  (v, x) => {
    const { ops } = v.lanes;
    const e = decay(v, x);
    const top = v.choose(ops.lt(x, v.constant(0)), e, v.constant(1));
    return v.let(ops.div(top, ops.add(e, v.constant(1))));
  };

/** `max(x, 0) + log(1 + exp(-|x|))`. */
export const softplus =
  ({ decay, log1p }: Elementary): Unary =>
  (v, x) => {
    const { ops } = v.lanes;
    return v.let(ops.add(ops.pmax(x, v.constant(0)), log1p(v, decay(v, x))));
  };

/** `-softplus(-x)`. */
export const logsigmoid =
  (elementary: Elementary): Unary =>
  (v, x) => {
    const { ops } = v.lanes;
    return v.let(ops.neg(softplus(elementary)(v, v.let(ops.neg(x)))));
  };

/** `log(exp(a) + exp(b))`. */
export const logaddexp =
  ({ decay, log1p }: Elementary): Binary =>
  (v, a, b) => {
    const { ops } = v.lanes;
    const apart = ops.add(ops.max(a, b), log1p(v, decay(v, v.let(ops.sub(a, b)))));
    return v.choose(ops.eq(a, b), ops.add(a, v.constant(Math.LN2)), apart);
  };

/** `a log(b)`, and 0 where a is 0 and b is a number. */
export const xlogy =
  ({ log }: Elementary): Binary =>
  (v, a, b) => {
    const { ops } = v.lanes;
    const nothing = v128.and(ops.eq(a, v.constant(0)), ops.eq(b, b));
    return v.let(v128.andNot(ops.mul(a, log(v, b)), nothing));
  };

import type { Local } from "../../../assembler/index.ts";
import { withSign } from "../arithmetic.ts";
import type { VectorCode } from "../lanes.ts";
import { leading } from "./digits.ts";
import { exp } from "./exponential.ts";
import { log } from "./logarithm.ts";

// Polynomials, highest power first; all of them our own fits by Remez's algorithm.

/** `erf(x) / x` by x², up to 1, to 7e-18. */
const CENTER = [
  -7.779462971761597e-10, 1.3710988704190523e-8, -1.6206318752969208e-7, 1.6447132699786621e-6, -1.4924712439534814e-5, 1.205529358693695e-4,
  -8.548325929766244e-4, 5.223977606130842e-3, -2.6866170643113415e-2, 0.112837916709442, -0.3761263890318352, 1.1283791670955126,
];
/** `(x + 2) exp(x²) erfc(x)` by `(x - 2) / (x + 2)`, from 1 to 6, where it is the small part of `erf`, to 3e-18 of that. */
const BEYOND_1 = [
  4.54418922062183e-5, 1.4606920661374242e-4, 3.365216540352511e-5, -6.633674315383625e-4, -8.373142760730183e-4, 3.090619550553245e-3,
  6.479186308555019e-3, -2.15106618979787e-2, -3.6442231518805976e-2, 0.2794720925555826, -0.6871606844137945, 1.0215827052420234,
];
/** The same from 0.5 to 27.3, where `erfc` ends, to 7e-18. */
const BEYOND_HALF = [
  -8.240279608422924e-8, 2.2018524063745996e-7, 1.6325498723547664e-7, -5.463507989631908e-7, -6.317184639910075e-7, 1.7940721996195156e-7,
  1.9883549810644172e-6, 3.5665527925897748e-6, -1.1067517214948816e-6, -1.6100638035329995e-5, -2.170318572475696e-5, 3.4145580211524374e-5,
  1.444721026372731e-4, 3.4371772077312904e-5, -6.630736552640028e-4, -8.37296082732248e-4, 3.0906120684012937e-3, 6.479185068405234e-3,
  -2.151066188976717e-2, -3.6442231506889064e-2, 0.27947209255605804, -0.6871606844138105, 1.021582705242023,
];

/** `erfinv(p) / p` by `√(6 - log(1 - p²))` as a quotient, to 2.3e-7: our own fit, minimax by Lawson's iteration. */
const INVERSE_TOP = [
  -0.0027514597371617556, 1.0999563479386028, -11.21648031296118, 47.97917122163524, -104.62550854985554, 115.40388325922186, -49.55956314356854,
];
const INVERSE_BOTTOM = [1, -9.630178892385652, 38.19415386330763, -72.99745610067798, 58.69998643211768];
const INVERSE_SHIFT = 6;
/** Where the inverse turns from `erf` to `erfc`: it is above 0.5 on the far side. */
const TURN = 0.53;

/** `erf` of a number near 0. */
const near = (v: VectorCode, x: Local): Local => {
  const { ops } = v.lanes;
  return v.let(ops.mul(x, v.polynomial(v.let(ops.mul(x, x)), CENTER)));
};

/** `exp(x²) erfc(x)` for a positive x. */
function scaledTail(v: VectorCode, x: Local, tail: readonly number[]): Local {
  const { ops } = v.lanes;
  const two = v.constant(2);
  const more = v.let(ops.add(x, two));
  return v.let(ops.div(v.polynomial(v.let(ops.div(ops.sub(x, two), more)), tail), more));
}

/** `exp(-x²)`; the square is taken in two parts, so that rounding it is not amplified by the exponential. */
function gaussian(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const head = leading(v, x, 26);
  return exp(v, v.let(ops.neg(ops.mul(head, head))), v.let(ops.mul(ops.sub(head, x), ops.add(head, x))));
}

/** `erf`, to 1.5 ulp. */
export function erf(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const one = v.constant(1);
  const size = v.let(ops.abs(x));
  const bounded = v.let(ops.pmin(size, v.constant(6)));
  const e = exp(v, v.let(ops.neg(ops.mul(bounded, bounded))));
  const far = ops.sub(one, ops.mul(e, scaledTail(v, bounded, BEYOND_1)));
  return v.choose(ops.lt(size, one), near(v, x), withSign(v, far, x));
}

/** `1 - erf(x)`, accurate in the far tail too: to 4 ulp. */
export function erfc(v: VectorCode, x: Local): Local {
  const { ops } = v.lanes;
  const size = v.let(ops.abs(x));
  const bounded = v.let(ops.pmin(size, v.constant(28)));
  const tail = v.let(ops.mul(gaussian(v, bounded), scaledTail(v, bounded, BEYOND_HALF)));
  const far = v.choose(ops.lt(x, v.constant(0)), ops.sub(v.constant(2), tail), tail);
  return v.choose(ops.lt(size, v.constant(0.5)), ops.sub(v.constant(1), near(v, x)), far);
}

/** The inverse of `erf`: a fit, then one step of Halley's method, which triples its digits: to 3 ulp. */
export function erfinv(v: VectorCode, p: Local): Local {
  const { ops } = v.lanes;
  const one = v.constant(1);
  const size = v.let(ops.abs(p));
  const rest = v.let(ops.sub(one, size));
  const root = v.let(ops.sqrt(ops.sub(v.constant(INVERSE_SHIFT), log(v, v.let(ops.mul(rest, ops.add(one, size)))))));
  const x = v.let(ops.mul(size, ops.div(v.polynomial(root, INVERSE_TOP), v.polynomial(root, INVERSE_BOTTOM))));
  const g = exp(v, v.let(ops.neg(ops.mul(x, x))));
  const inner = ops.div(ops.sub(near(v, x), size), g);
  const outer = ops.sub(ops.div(rest, g), scaledTail(v, x, BEYOND_HALF));
  const miss = v.choose(ops.lt(size, v.constant(TURN)), inner, outer);
  const step = v.let(ops.mul(miss, v.constant(Math.sqrt(Math.PI) / 2)));
  const better = ops.sub(x, ops.div(step, ops.add(ops.mul(x, step), one)));
  return v.let(withSign(v, v.choose(ops.eq(size, one), v.constant(Infinity), better), p));
}

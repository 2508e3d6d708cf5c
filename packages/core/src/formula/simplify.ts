import { type CallNode, call, type Expression, number, rewrite } from "./expression.ts";
import { type FunctionName, functions } from "./functions.ts";

const simplified = new WeakMap<Expression, Expression>();

/**
 * An equal expression with constants folded in float64 and identities applied; simplifying twice changes nothing.
 * `x * 0` is 0 even for an infinite `x`; rounding may change in the last bit, where constant factors meet.
 */
export function simplify(expression: Expression): Expression {
  let result = simplified.get(expression);
  if (result === undefined) {
    result = rewrite(
      expression,
      (leaf) => leaf,
      (fn, args) => make(fn, ...args),
    );
    simplified.set(expression, result);
    simplified.set(result, result);
  }
  return result;
}

/** The simplified form of `fn(...args)`, whose arguments are simplified already. */
export function make(fn: FunctionName, ...args: Expression[]): Expression {
  const values = args.map(valueOf);
  if (values.every((value) => value !== undefined)) return number(functions[fn].evaluate(...values));
  return rules[fn]?.(...args) ?? call(fn, args);
}

// A rule answers with a smaller expression, built by `make`, or with nothing. Every rule either drops a node or moves a
// sign, a constant or a zero branch outwards, so rewriting ends, and none copies anything but constants.
const rules: { readonly [N in FunctionName]?: (...args: Expression[]) => Expression | undefined } = {
  add(a, b) {
    if (is(a, 0)) return b;
    if (is(b, 0)) return a;
    if (a === b) return make("mul", number(2), a);
    const [minusA, minusB] = [negated(a), negated(b)];
    if (minusB !== undefined) return make("sub", a, minusB);
    if (minusA !== undefined) return make("sub", b, minusA);
  },
  sub(a, b) {
    if (is(a, 0)) return make("neg", b);
    if (is(b, 0)) return a;
    const minusB = negated(b);
    if (minusB !== undefined) return make("add", a, minusB);
  },
  mul(a, b) {
    const factor = valueOf(a);
    if (factor === undefined && b.kind === "number") return make("mul", b, a);
    if (is(a, 0)) return a;
    if (is(a, 1)) return b;
    if (is(a, -1)) return make("neg", b);
    if (factor !== undefined) {
      if (isCall(b, "neg")) return make("mul", number(-factor), b.args[0]!);
      const scaled = rescaled(b, factor);
      if (scaled !== undefined) return scaled;
    }
    if (isCall(a, "neg")) return make("neg", make("mul", a.args[0]!, b));
    if (isCall(b, "neg")) return make("neg", make("mul", a, b.args[0]!));
    if (isCall(b, "div") && is(b.args[0]!, 1)) return make("div", a, b.args[1]!);
    if (isCall(a, "div") && is(a.args[0]!, 1)) return make("div", b, a.args[1]!);
    return besideZero(a, (branch) => make("mul", branch, b)) ?? besideZero(b, (branch) => make("mul", a, branch));
  },
  div(a, b) {
    if (is(a, 0)) return a;
    if (is(b, 1)) return a;
    if (is(b, -1)) return make("neg", a);
    if (isCall(a, "neg")) return make("neg", make("div", a.args[0]!, b));
    if (isCall(b, "neg")) return make("neg", make("div", a, b.args[0]!));
    return besideZero(a, (branch) => make("div", branch, b));
  },
  neg(a) {
    if (isCall(a, "neg")) return a.args[0];
    if (isCall(a, "sub")) return make("sub", a.args[1]!, a.args[0]!);
    const opposite = negated(a);
    if (opposite !== undefined) return opposite;
    return rescaled(a, -1) ?? besideZero(a, (branch) => make("neg", branch));
  },
  pow(a, b) {
    if (is(b, 0) || is(a, 1)) return number(1);
    if (is(b, 1)) return a;
  },
  where(condition, a, b) {
    const known = valueOf(condition);
    if (known !== undefined) return known !== 0 ? a : b;
    if (a === b) return a;
    if (isCall(condition, "not")) return make("where", condition.args[0]!, b, a);
    if (isCall(a, "where") && a.args[0] === condition) return make("where", condition, a.args[1]!, b);
    if (isCall(b, "where") && b.args[0] === condition) return make("where", condition, a, b.args[2]!);
  },
  and(a, b) {
    if (is(a, 0) || is(b, 0)) return number(0);
    if (valueOf(a) !== undefined || a === b) return truthOf(b);
    if (valueOf(b) !== undefined) return truthOf(a);
  },
  or(a, b) {
    if (is(a, 0) || a === b) return truthOf(b);
    if (is(b, 0)) return truthOf(a);
    if (valueOf(a) !== undefined || valueOf(b) !== undefined) return number(1);
  },
  not(a) {
    if (isCall(a, "not")) return truthOf(a.args[0]!);
  },
  ne(a, b) {
    if (is(b, 0) && isTruth(a)) return a;
  },
  max: (a, b) => (a === b ? a : undefined),
  min: (a, b) => (a === b ? a : undefined),
  abs(a) {
    if (isCall(a, "abs")) return a;
    if (isCall(a, "neg")) return make("abs", a.args[0]!);
  },
};

function valueOf(expression: Expression): number | undefined {
  return expression.kind === "number" ? expression.value : undefined;
}

function is(expression: Expression, value: number): boolean {
  return expression.kind === "number" && expression.value === value;
}

function isCall<F extends FunctionName>(expression: Expression, fn: F): expression is CallNode & { readonly fn: F } {
  return expression.kind === "call" && expression.fn === fn;
}

/** `c * x` or `c / x` with another constant folded into c; only while c stays far from overflow and underflow, in float32 too. */
function rescaled(expression: Expression, factor: number): Expression | undefined {
  if (!isCall(expression, "mul") && !isCall(expression, "div")) return undefined;
  const constant = valueOf(expression.args[0]!);
  if (constant === undefined) return undefined;
  const size = Math.abs(constant * factor);
  const safe = Math.abs(factor) === 1 || (size > 1e-12 && size < 1e12);
  return safe ? make(expression.fn, number(constant * factor), expression.args[1]!) : undefined;
}

/** What this expression visibly is the negative of: `-x` of x, `-3` of 3, `-3 * x` of `3 * x`. */
function negated(expression: Expression): Expression | undefined {
  const value = valueOf(expression);
  if (value !== undefined) return value < 0 ? number(-value) : undefined;
  if (isCall(expression, "neg")) return expression.args[0];
  if (!isCall(expression, "mul") && !isCall(expression, "div")) return undefined;
  const factor = valueOf(expression.args[0]!);
  return factor !== undefined && factor < 0 ? rescaled(expression, -1) : undefined;
}

/** `c ? 0 : x` with `lift` applied to x: the zero branch stays zero whatever infinity or NaN the lift would bring. */
function besideZero(expression: Expression, lift: (branch: Expression) => Expression): Expression | undefined {
  if (!isCall(expression, "where")) return undefined;
  const [condition, a, b] = expression.args as [Expression, Expression, Expression];
  if (is(a, 0)) return make("where", condition, a, lift(b));
  if (is(b, 0)) return make("where", condition, lift(a), b);
  return undefined;
}

const truths: ReadonlySet<FunctionName> = new Set<FunctionName>([
  "lt",
  "le",
  "gt",
  "ge",
  "eq",
  "ne",
  "and",
  "or",
  "not",
  "isnan",
  "isinf",
  "isfinite",
]);

function isTruth(expression: Expression): boolean {
  return expression.kind === "number" ? expression.value === 0 || expression.value === 1 : expression.kind === "call" && truths.has(expression.fn);
}

function truthOf(expression: Expression): Expression {
  return isTruth(expression) ? expression : make("ne", expression, number(0));
}

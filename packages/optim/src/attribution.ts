import { type Expression, evaluate, type Formula, freeNames, functions } from "@gradtape/core";

/**
 * A number as a sum of its causes. The causes of a change are what turn its sign: the gradient, the parameter itself (decay), and state that turns with
 * the gradient (momentum). Sizes, such as second moments, norms and step sizes, only scale them.
 */
export interface Share {
  readonly value: number;
  readonly causes: ReadonlyMap<string, number>;
}

/** The parameter as it was, not multiplied by anything: what is left of it in the new one is no change. */
export const UNTOUCHED = "";
/** The parameter multiplied by something. */
export const DECAY = "p";
/** What has no cause that turns its sign, or no single one. */
export const REST = "rest";

type Parity = "zero" | "odd" | "even" | "mixed";

const sums = new Set(["add", "sub", "max", "min"]);
const comparisons = new Set(["lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not", "isnan", "isinf", "isfinite"]);
/** Functions with f(-x) = -f(x). */
const oddFunctions = new Set("sign sin tan asin atan sinh tanh asinh atanh erf erfinv cbrt round trunc".split(" "));
/** Functions with f(-x) = f(x). */
const evenFunctions = new Set("abs square cos cosh".split(" "));

const product = (a: Parity, b: Parity): Parity =>
  a === "zero" || b === "zero" ? "zero" : a === "mixed" || b === "mixed" ? "mixed" : a === b ? "even" : "odd";
const sum = (a: Parity, b: Parity): Parity => (a === "zero" ? b : b === "zero" || a === b ? a : "mixed");

/** Whether an expression turns its sign with the names in `odd` (odd), keeps it (even), or neither. */
function parity(expression: Expression, odd: ReadonlySet<string>): Parity {
  if (expression.kind === "number") return expression.value === 0 ? "zero" : "even";
  if (expression.kind === "name") return odd.has(expression.name) ? "odd" : "even";
  const { fn, args } = expression;
  const of = args.map((arg) => parity(arg, odd));
  if (comparisons.has(fn)) return "even";
  if (fn === "neg") return of[0];
  if (fn === "mul" || fn === "div") return product(of[0], of[1]);
  if (fn === "where") return sum(of[1], of[2]);
  if (fn === "max" || fn === "min") return of.includes("odd") || of.includes("mixed") ? "mixed" : "even";
  if (sums.has(fn)) return sum(of[0], of[1]);
  if (of.every((each) => each === "even" || each === "zero")) return "even";
  if (fn === "pow" && args[1].kind === "number" && of[0] === "odd")
    return args[1].value % 2 === 0 ? "even" : Math.abs(args[1].value % 2) === 1 ? "odd" : "mixed";
  if (fn === "clamp") return of[0] === "odd" && isNegative(args[1], args[2]) ? "odd" : "mixed";
  if (oddFunctions.has(fn)) return of[0];
  return evenFunctions.has(fn) && of[0] === "odd" ? "even" : "mixed";
}

const isNegative = (a: Expression, b: Expression): boolean =>
  (a.kind === "call" && a.fn === "neg" && a.args[0] === b) || (a.kind === "number" && b.kind === "number" && a.value === -b.value);

/** The names that turn their sign with the gradient: `p`, `g`, directions, and the state of which the lines do not say otherwise. */
export function directions(formula: Formula, state: readonly string[], measures: readonly string[]): ReadonlySet<string> {
  const odd = new Set(["p", "g", ...state, ...measures]);
  for (let before = -1; before !== odd.size; ) {
    before = odd.size;
    const now = new Set(odd);
    for (const { name, expression } of formula.lines) {
      if (["odd", "zero"].includes(parity(expression, now))) now.add(name);
      else now.delete(name);
    }
    for (const name of state) if (!now.has(name)) odd.delete(name);
  }
  return odd;
}

const scaled = (causes: ReadonlyMap<string, number>, factor: number): Map<string, number> => {
  const result = new Map<string, number>();
  for (const [cause, value] of causes) {
    const key = cause === UNTOUCHED ? DECAY : cause;
    result.set(key, (result.get(key) ?? 0) + value * factor);
  }
  return result;
};

const added = (a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): Map<string, number> => {
  const result = new Map(a);
  for (const [cause, value] of b) result.set(cause, (result.get(cause) ?? 0) + value);
  return result;
};

const unexplained = (value: number): Share => ({ value, causes: new Map(value === 0 ? [] : [[REST, value]]) });
const turns = ({ causes }: Share): boolean => [...causes.keys()].some((cause) => cause !== REST);

/**
 * The value of an expression and its causes: sums add them, products and quotients by a size scale them, a condition takes those of the branch it takes,
 * and an odd function (`sign`, `tanh`, `clamp`) shares its value out as its argument is shared (the rescale rule; Shrikumar et al. 2017, arXiv:1704.02685,
 * section 3.5.2).
 */
export function attribute(expression: Expression, shares: Readonly<Record<string, Share>>): Share {
  const done = new Map<Expression, Share>();
  const values: Record<string, number> = {};
  for (const name of freeNames(expression)) values[name] = shares[name].value;
  const visit = (node: Expression): Share => {
    let share = done.get(node);
    if (share === undefined) done.set(node, (share = visitNew(node)));
    return share;
  };
  const visitNew = (node: Expression): Share => {
    if (node.kind === "number") return unexplained(node.value);
    if (node.kind === "name") return shares[node.name];
    const { fn, args } = node;
    if (fn === "where") return visit(evaluate(args[0], values) !== 0 ? args[1] : args[2]);
    const of = args.map(visit);
    const value = functions[fn].evaluate(...of.map((share) => share.value));
    const [a, b] = of;
    switch (fn) {
      case "add":
        return { value, causes: added(a.causes, b.causes) };
      case "sub":
        return { value, causes: added(a.causes, scaled(b.causes, -1)) };
      case "neg":
        return { value, causes: scaled(a.causes, -1) };
      case "mul":
        if (turns(a) && turns(b)) return unexplained(value);
        return { value, causes: turns(b) ? scaled(b.causes, a.value) : scaled(a.causes, b.value) };
      case "div":
        return turns(a) && !turns(b) ? { value, causes: scaled(a.causes, 1 / b.value) } : unexplained(value);
      default: {
        const turning = of.filter(turns);
        const factor = value / (turning[0]?.value ?? 0);
        const shared = oddFunctions.has(fn) || fn === "clamp" || fn === "max" || fn === "min" || (fn === "pow" && Math.abs(b.value % 2) === 1);
        return shared && turning.length === 1 && Number.isFinite(factor) ? { value, causes: scaled(turning[0].causes, factor) } : unexplained(value);
      }
    }
  };
  return visit(expression);
}

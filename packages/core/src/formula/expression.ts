import type { FunctionName } from "./functions.ts";

/** A literal number. */
export interface NumberNode {
  readonly kind: "number";
  readonly value: number;
}

/** A free name: an input, a coefficient, or something an earlier line assigned. */
export interface NameNode {
  readonly kind: "name";
  readonly name: string;
}

/** A function of the table applied to arguments; an operator is a call too (`a + b` is `add(a, b)`). */
export interface CallNode {
  readonly kind: "call";
  readonly fn: FunctionName;
  readonly args: readonly Expression[];
}

/**
 * A scalar formula. Equal expressions are the same object, so `===` is structural equality and an expression is a
 * graph whose common parts are shared (hash consing: Ershov 1958, CACM 1(8); Filliâtre & Conchon 2006, ML Workshop).
 */
export type Expression = NumberNode | NameNode | CallNode;

// Weak on both sides: an expression that nobody holds is collected, and its key soon after.
const interned = new Map<string, WeakRef<Expression>>();
const forgotten = new FinalizationRegistry<string>((key) => {
  if (interned.get(key)?.deref() === undefined) interned.delete(key);
});
const ids = new WeakMap<Expression, number>();
let created = 0;

function intern<E extends Expression>(key: string, build: () => E): E {
  const known = interned.get(key)?.deref();
  if (known !== undefined) return known as E;
  const fresh = build();
  Object.freeze(fresh);
  ids.set(fresh, created++);
  interned.set(key, new WeakRef(fresh));
  forgotten.register(fresh, key);
  return fresh;
}

/** The number `value`; `-0` and `0` are two numbers, `NaN` is one. */
export function number(value: number): NumberNode {
  return intern(Object.is(value, -0) ? "-0" : String(value), () => ({ kind: "number", value }));
}

/** The name `text`. */
export function name(text: string): NameNode {
  return intern(`$${text}`, () => ({ kind: "name", name: text }));
}

/** The function `fn` applied to `args`, whose number the parser has checked. */
export function call(fn: FunctionName, args: readonly Expression[]): CallNode {
  const key = `${fn}(${args.map((arg) => ids.get(arg)).join()})`;
  return intern(key, () => ({ kind: "call", fn, args: Object.freeze([...args]) }));
}

const nameLists = new WeakMap<Expression, readonly string[]>();

/** The free names of an expression, in the order in which they first appear. */
export function names(expression: Expression): readonly string[] {
  if (expression.kind === "number") return [];
  let list = nameLists.get(expression);
  if (list === undefined) {
    list = expression.kind === "name" ? [expression.name] : [...new Set(expression.args.flatMap(names))];
    nameLists.set(expression, list);
  }
  return list;
}

/** The expression with every name that is a key of `replacements` replaced, all at once. */
export function substitute(expression: Expression, replacements: ReadonlyMap<string, Expression>): Expression {
  return rewrite(
    expression,
    (leaf) => (leaf.kind === "name" ? (replacements.get(leaf.name) ?? leaf) : leaf),
    (fn, args) => call(fn, args),
  );
}

/** The expression rebuilt from its leaves up, each shared node once: `leaf` maps names and numbers, `build` makes the calls. */
export function rewrite(
  expression: Expression,
  leaf: (node: NumberNode | NameNode) => Expression,
  build: (fn: FunctionName, args: readonly Expression[]) => Expression,
): Expression {
  const done = new Map<Expression, Expression>();
  const visit = (node: Expression): Expression => {
    let result = done.get(node);
    if (result === undefined) {
      result = node.kind === "call" ? build(node.fn, node.args.map(visit)) : leaf(node);
      done.set(node, result);
    }
    return result;
  };
  return visit(expression);
}

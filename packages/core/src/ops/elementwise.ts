import { call, differentiate, type Expression, formula, name, names, number, simplify, toText } from "../formula/index.ts";
import { apply } from "../tape/apply.ts";
import { type Flows, type Op, type Operand, operation, type Saves, type VJP } from "../tape/op.ts";
import { checkOptions } from "../tape/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Form, formWith, type Meaning, type ResultType, valueOf } from "./value.ts";

/** How an elementwise operation differs from what its formula says by itself. */
export interface ElementwiseOptions {
  /** Derivatives by argument, where a stabler, cheaper or conventional form exists; may use the result `y`. `null`: no gradient flows there. */
  readonly derivatives?: Readonly<Record<string, string | null>> | undefined;
  /** Default "float": integers become float32. */
  readonly result?: ResultType | undefined;
}

/** An elementwise operation knows the names of its operands, in order. */
export interface ElementwiseOp extends Op<null> {
  readonly operands: readonly string[];
  /** The gradient for each operand as formula text over `g`, the operands and the result `y`; "" where none flows. */
  rules(): readonly string[];
}

/** Where a derivative finds an operand: an input's index, or one of these. */
const INCOMING = -1;
const RESULT = -2;

/** Replaces one node of an expression, wherever it is shared. */
function replaceNode(expression: Expression, target: Expression, replacement: Expression): Expression {
  const done = new Map<Expression, Expression>([[target, replacement]]);
  const visit = (node: Expression): Expression => {
    const known = done.get(node);
    if (known !== undefined) return known;
    const next = node.kind === "call" ? call(node.fn, node.args.map(visit)) : node;
    done.set(node, next);
    return next;
  };
  return visit(expression);
}

/** `g * d`, pushed into both branches of a condition: a gradient of 0 stays 0 where g is infinite. */
function scaled(g: Expression, d: Expression): Expression {
  if (d.kind === "number") return d.value === 0 ? number(0) : d.value === 1 ? g : call("mul", [g, d]);
  if (d.kind === "call" && d.fn === "where") return call("where", [d.args[0], scaled(g, d.args[1]), scaled(g, d.args[2])]);
  return call("mul", [g, d]);
}

/**
 * An operation on every element, from its formula. Value, fused loop, and derivatives of every order follow from the text: the derivative is
 * again an elementwise operation of the incoming gradient `g`, the inputs and, where that is cheaper, the result `y`.
 * Operands are tensors, which broadcast, or numbers, which stay scalars of the kernel.
 */
export function elementwiseOp(op: string, text: string, options: ElementwiseOptions & Pick<Op, "rectifies"> = {}): ElementwiseOp {
  const parsed = formula(text);
  const expression = parsed.resolve().get("y");
  if (expression === undefined) throw new Error(`${op}: a formula of an operation assigns y`);
  const reserved = parsed.inputs.find((input) => /^[gy]\d*$/.test(input));
  if (reserved !== undefined) throw new Error(`${op}: ${reserved} cannot name an operand; g and y stand for the incoming gradient and the result`);
  const { result = "float", derivatives = {}, rectifies } = options;
  return build(op, { names: parsed.inputs, expression, result }, derivatives, { formula: text, rectifies });
}

/** `order` counts how often this was differentiated: each order has its own names for the incoming gradient and the result. */
function build(
  op: string,
  meaning: Meaning,
  derivatives: Readonly<Record<string, string | null>>,
  more: Pick<Op, "formula" | "rectifies"> = {},
  order = 0,
): ElementwiseOp {
  const incoming = order === 0 ? "g" : `g${order}`;
  const result = order === 0 ? "y" : `y${order}`;
  const forms: Form[] = [];
  const formOf = (operands: readonly Operand[]): Form => {
    let numbers = 0;
    for (let k = 0; k < operands.length; k++) if (typeof operands[k] === "number") numbers |= 1 << k;
    return (forms[numbers] ??= formWith(meaning, numbers));
  };

  const derived = meaning.names.map((argument) => {
    const given = derivatives[argument];
    if (given === null || meaning.result === "bool") return null;
    return lazy(() => {
      const raw = given === undefined ? differentiate(meaning.expression, argument) : (formula(given).resolve().get("y") as Expression);
      const slope = meaning.expression.kind === "call" ? replaceNode(raw, meaning.expression, name(result)) : raw;
      const product = simplify(scaled(name(incoming), slope));
      const used = names(product);
      const operands = [incoming, ...meaning.names, result].filter((n) => n === incoming || used.includes(n));
      const sources = operands.map((n) => (n === incoming ? INCOMING : n === result ? RESULT : meaning.names.indexOf(n)));
      const passes = product.kind === "name" && product.name === incoming;
      const meant = { names: operands, expression: product, result: "float" } as const;
      return { sources, rule: toText(product), op: passes ? undefined : build(`${op}Backward`, meant, {}, {}, order + 1) };
    });
  });

  const vjpAt = (index: number): VJP<null> | null => {
    const derivative = derived[index];
    if (derivative === null) return null;
    return (g, { inputs, output }) => {
      const { sources, op: slope } = derivative();
      if (slope === undefined) return g;
      const operand = (source: number): Operand => (source === INCOMING ? g : source === RESULT ? output : inputs[source]) as Operand;
      return apply(slope, sources.length === 2 ? [operand(sources[0]), operand(sources[1])] : sources.map(operand), null);
    };
  };

  const savesByMask: Saves[] = [];
  const savesFor = (flows: Flows): Saves => {
    const read = new Set(derived.flatMap((derivative, k) => (flows[k] !== null && derivative !== null ? derivative().sources : [])));
    return { inputs: meaning.names.flatMap((_, k) => (read.has(k) ? [k] : [])), output: read.has(RESULT), shapes: false };
  };
  const saves = (flows: Flows): Saves => {
    let mask = 0;
    for (let k = 0; k < flows.length; k++) if (flows[k] !== null) mask |= 1 << k;
    return (savesByMask[mask] ??= savesFor(flows));
  };
  const made = operation<null>({
    ...more,
    name: op,
    primitive: true,
    forward: (operands) => valueOf(op, formOf(operands), operands, meaning),
    vjp: meaning.names.map((_, k) => vjpAt(k)),
    saves,
  });
  const rules = (): string[] => derived.map((derivative) => (derivative === null ? "" : derivative().rule));
  return Object.assign(made, { operands: meaning.names, rules });
}

/** Makes something when it is first asked for. */
export function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Applies an elementwise operation to operands by their names in the formula. */
export function applyNamed(op: ElementwiseOp, operands: Readonly<Record<string, Operand>>): Tensor {
  const values = op.operands.map((operand) => operands[operand]);
  return apply(op, values, null);
}

/** An elementwise function of one tensor. Its formula is read when it is first called: most programs use few of the functions that there are. */
export function unary(op: string, text: string, options?: ElementwiseOptions): (x: Tensor) => Tensor {
  const definition = lazy(() => elementwiseOp(op, text, options));
  return (x) => apply(definition(), [x], null);
}

/** An elementwise function of two operands, one of them a tensor at least, over names in the order in which the formula first reads them. */
export function binary(op: string, text: string, options?: ElementwiseOptions): (a: Operand, b: Operand) => Tensor {
  const definition = lazy(() => elementwiseOp(op, text, options));
  return (a, b) => apply(definition(), [a, b], null);
}

/** Numbers that tune a function, with their defaults. */
export type Tuning = Readonly<Record<string, number>>;

/** How `elementwise` makes a function. */
export interface FunctionOptions<P extends Tuning> extends ElementwiseOptions {
  /** Names in the formula that are numbers, each with its default; callers change them in an options object. No gradient flows to them. */
  readonly parameters?: P;
}

/** What callers may say of the parameters. */
export type Tuned<P extends Tuning> = { readonly [K in keyof P]?: number };

/**
 * Makes an elementwise function from its formula: `elementwise("swish", "x * sigmoid(beta * x)", { parameters: { beta: 1 } })` is called as
 * `swish(x)` or `swish(x, { beta: 2 })`. Value, fused loop and derivatives of every order follow from the text. The operand is `x`, unless `operands`
 * lists others, which broadcast. Errors: a name in the formula that is neither an operand nor a parameter; `FormulaError` with the place in the text.
 */
export function elementwise<P extends Tuning = Record<never, number>>(
  op: string,
  text: string,
  options?: FunctionOptions<P>,
): (x: Tensor, options?: Tuned<P>) => Tensor;
export function elementwise<const N extends readonly string[], P extends Tuning = Record<never, number>>(
  op: string,
  text: string,
  options: FunctionOptions<P> & { readonly operands: N },
): (...args: [...{ [K in keyof N]: Operand }, options?: Tuned<P>]) => Tensor;
export function elementwise(
  op: string,
  text: string,
  options: FunctionOptions<Tuning> & { readonly operands?: readonly string[] } = {},
): (...args: (Operand | Tuned<Tuning> | undefined)[]) => Tensor {
  const { operands = ["x"], parameters = {}, derivatives, result } = options;
  const tuning = Object.keys(parameters);
  const fixed = Object.fromEntries(tuning.map((parameter) => [parameter, null]));
  const definition = elementwiseOp(op, text, { result, derivatives: { ...derivatives, ...fixed } });
  const stranger = definition.operands.find((name) => !operands.includes(name) && !tuning.includes(name));
  if (stranger !== undefined) throw new Error(`${op}: the formula reads ${stranger}; list it in { operands } or give it a default in { parameters }`);
  const missing = operands.find((name) => !definition.operands.includes(name));
  if (missing !== undefined) throw new Error(`${op}: the formula does not read the operand ${missing}`);
  return (...args) => {
    const tuned = (args[operands.length] ?? {}) as Tuned<Tuning>;
    checkOptions(op, tuned, tuning);
    const values = definition.operands.map((name) => {
      const at = operands.indexOf(name);
      if (at >= 0) return args[at] as Operand;
      const value = tuned[name] ?? parameters[name];
      if (typeof value !== "number") throw new TypeError(`${op}: ${name} is a number, got ${typeof value}`);
      return value;
    });
    return apply(definition, values, null);
  };
}

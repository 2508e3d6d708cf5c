import { call, type Expression, evaluate, formula, hoist, name, names, rewrite } from "../formula/index.ts";

const none: readonly number[] = [];

/** Squares and cubes as products: the same value, at a tenth of the cost of a general power. */
const withoutPowers = (expression: Expression): Expression =>
  rewrite(
    expression,
    (leaf) => leaf,
    (fn, args) => {
      const exponent = fn === "pow" && args[1].kind === "number" ? args[1].value : 0;
      if (exponent === 2) return call("mul", [args[0], args[0]]);
      return exponent === 3 ? call("mul", [call("mul", [args[0], args[0]]), args[0]]) : call(fn, args);
    },
  );

/**
 * What `Backend.map` runs: one expression per output over the tensors and uniforms of a formula. Sub-expressions of scalars alone are hoisted:
 * they are computed once in float64 and passed in, because folding them in float32 makes Adam's error 8 times worse.
 */
export class Kernel {
  /** Names of the tensors, in the order of `map`'s inputs. */
  readonly inputs: readonly string[];
  /** Names of the uniforms, in the order of `map`'s uniforms. */
  readonly uniforms: readonly string[];
  /** Output name and expression, in the order of `map`'s outputs. */
  readonly outputs: readonly { readonly name: string; readonly expression: Expression }[];
  /** The function that the kernel is, of its inputs in their order, where it is just one. */
  readonly operation: string | undefined;
  readonly #uniformExpressions: readonly Expression[];

  constructor(outputs: Readonly<Record<string, Expression>>, inputs: readonly string[], scalars: readonly string[] = []) {
    const cheap = Object.fromEntries(Object.entries(outputs).map(([output, expression]) => [output, withoutPowers(expression)]));
    const { expressions, hoisted } = hoist(cheap, new Set(scalars));
    const used = new Set(Object.values(expressions).flatMap(names));
    const plain = scalars.filter((scalar) => used.has(scalar));
    this.inputs = inputs;
    this.uniforms = [...plain, ...hoisted.map((h) => h.name)];
    this.#uniformExpressions = [...plain.map(name), ...hoisted.map((h) => h.expression)];
    this.outputs = Object.entries(expressions).map(([output, expression]) => ({ name: output, expression }));
    this.operation = this.outputs.length === 1 ? operationOf(this.outputs[0].expression, inputs) : undefined;
  }

  /** The uniforms' values for these scalars, in float64. */
  uniformValues(scalars: Readonly<Record<string, number>>): readonly number[] {
    if (this.#uniformExpressions.length === 0) return none;
    return this.#uniformExpressions.map((expression) => (expression.kind === "name" ? scalars[expression.name] : evaluate(expression, scalars)));
  }
}

function operationOf(expression: Expression, inputs: readonly string[]): string | undefined {
  if (expression.kind !== "call" || expression.args.length !== inputs.length) return undefined;
  return expression.args.every((arg, k) => arg.kind === "name" && arg.name === inputs[k]) ? expression.fn : undefined;
}

/** A kernel from formula text: names in `scalars` are numbers, all other free names are tensors; `outputs` defaults to every assigned name. */
export function kernel(text: string, scalars: readonly string[] = [], outputs?: readonly string[]): Kernel {
  const parsed = formula(text);
  const resolved = [...parsed.resolve()].filter(([output]) => outputs?.includes(output) ?? true);
  return new Kernel(
    Object.fromEntries(resolved),
    parsed.inputs.filter((input) => !scalars.includes(input)),
    scalars,
  );
}

/** The copy `y = x`: casts, gathers strides, broadcasts. */
export const copyKernel: Kernel = kernel("y = x");

/** Puts 0 in place of the numbers where a gate, which may be those numbers, is at most 0. */
export const gateKernel: Kernel = kernel("y = gate <= 0 ? 0 : y");

import type { Expression, Kernel } from "@gradtape/core";
import { literal } from "./glsl.ts";
import type { NativeFunction } from "./gpujs.ts";
import { libraryName, native } from "./library.ts";

/** The operators that gpu.js writes as they are. */
const infix: Readonly<Record<string, string>> = { add: "+", sub: "-", mul: "*", div: "/" };

/** Formulas printed as statements of a kernel string, for one element at a time. */
export class Printer {
  /** Names in the library that the statements call. */
  readonly used = new Set<string>();
  readonly #kernel: Kernel;
  readonly #nodes: Expression[] = [];
  readonly #slots = new Map<Expression, number>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    for (const output of kernel.outputs) this.#visit(output.expression);
  }

  #visit(expression: Expression): void {
    if (this.#slots.has(expression)) return;
    if (expression.kind === "call" && !isSmallPower(expression)) expression.args.forEach((arg) => void this.#visit(arg));
    else if (expression.kind === "call") this.#visit(expression.args[0]);
    this.#slots.set(expression, this.#nodes.length);
    this.#nodes.push(expression);
  }

  /** Statements that compute every output for one lane; `load` gives the text of a tensor's element. */
  lane(lane: number | string, load: (input: number) => string): string {
    return this.#nodes
      .flatMap((node, slot) => (node.kind === "call" ? [`const x${slot}_${lane} = ${this.#call(node, lane, load)};`] : []))
      .join("\n");
  }

  /** The text of an output's value in a lane, after the statements of that lane. */
  result(output: number, lane: number | string, load: (input: number) => string): string {
    return this.#operand(this.#kernel.outputs[output].expression, lane, load);
  }

  #operand(node: Expression, lane: number | string, load: (input: number) => string): string {
    if (node.kind === "number") return this.number(node.value);
    if (node.kind === "call") return `x${this.#slots.get(node)}_${lane}`;
    const input = this.#kernel.inputs.indexOf(node.name);
    if (input >= 0) return load(input);
    const uniform = this.#kernel.uniforms.indexOf(node.name);
    if (uniform < 0) throw new Error(`gpu: ${node.name} is neither a tensor nor a number of the kernel`);
    return `u${uniform}`;
  }

  #call(node: Expression & { readonly kind: "call" }, lane: number | string, load: (input: number) => string): string {
    if (isSmallPower(node)) {
      const base = this.#operand(node.args[0], lane, load);
      return Array.from({ length: powerOf(node) }, () => base).join(" * ");
    }
    const args = node.args.map((arg) => this.#operand(arg, lane, load));
    if (node.fn in infix) return `${args[0]} ${infix[node.fn]} ${args[1]}`;
    if (node.fn === "neg") return `-${args[0].startsWith("-") ? `(${args[0]})` : args[0]}`;
    const name = libraryName(node.fn);
    if (name === undefined) throw new Error(`gpu: the GPU has no ${node.fn}; move the tensor with .to(cpu)`);
    return `${this.#use(name)}(${args.join(", ")})`;
  }

  /** A number; what GLSL cannot write is a call. */
  number(value: number): string {
    if (Number.isNaN(value)) return `${this.#use("m_nan")}()`;
    if (Math.abs(Math.fround(value)) === Infinity) return `${value < 0 ? "-" : ""}${this.#use("m_inf")}()`;
    return value < 0 || Object.is(value, -0) ? `(-${literal(-value)})` : literal(value);
  }

  #use(name: string): string {
    this.used.add(name);
    return name.replace(/^m_/, "f_");
  }

  /** The functions that kernel strings call. */
  natives(): NativeFunction[] {
    return [...this.used].map(native);
  }
}

/** The exponent of a power that a few products make, else 0. */
function powerOf(node: Expression & { readonly kind: "call" }): number {
  const exponent = node.fn === "pow" ? node.args[1] : undefined;
  return exponent?.kind === "number" && [2, 3, 4].includes(exponent.value) ? exponent.value : 0;
}

const isSmallPower = (node: Expression & { readonly kind: "call" }): boolean => powerOf(node) > 0;

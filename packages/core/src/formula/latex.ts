import type { CallNode, Expression } from "./expression.ts";
import { type FunctionName, functions } from "./functions.ts";
import { ATOM, binaryOperators, CONDITIONAL, PREFIX } from "./operator.ts";
import type { Line } from "./parse.ts";

/** How names print, where the caller wants another symbol than the usual one: `{ lr: "\\alpha" }`. */
export type Symbols = Readonly<Record<string, string>>;

const greek = new Set(
  (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega " +
    "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
  ).split(" "),
);
const usual: Symbols = { lr: "\\eta", eps: "\\epsilon", weightDecay: "\\lambda", momentum: "\\mu", dampening: "\\tau" };

const signs: Partial<Record<FunctionName, string>> = {
  le: "\\le",
  ge: "\\ge",
  eq: "=",
  ne: "\\ne",
  and: "\\land",
  or: "\\lor",
};
// Between a sum and a product: what starts with a minus, or reads as a word between two operands.
const SIGNED = 5.5;
const binary = new Map(binaryOperators.map((operator) => [operator.fn, operator]));

/** The LaTeX of an expression, or of a formula as aligned lines, where `\leftarrow` marks a name that replaces its old value. */
export function toLatex(what: Expression | { readonly lines: readonly Line[]; readonly inputs: readonly string[] }, symbols: Symbols = {}): string {
  const printer = new Printer(symbols);
  if (!("lines" in what)) return printer.print(what, CONDITIONAL);
  const seen = new Set(what.inputs);
  const lines = what.lines.map((line) => {
    const arrow = seen.has(line.name) ? "\\leftarrow" : "=";
    seen.add(line.name);
    return `${printer.symbol(line.name)} &${arrow} ${printer.print(line.expression, CONDITIONAL)}`;
  });
  return `\\begin{aligned}\n${lines.join(" \\\\\n")}\n\\end{aligned}`;
}

class Printer {
  private readonly symbols: Symbols;

  constructor(symbols: Symbols) {
    this.symbols = { ...usual, ...symbols };
  }

  /** The symbol of a name: `mHat` is m with a hat, `beta1` and `beta_1` have an index, and so has `vMax`. */
  symbol(name: string): string {
    if (Object.hasOwn(this.symbols, name)) return this.symbols[name]!;
    if (greek.has(name)) return `\\${name}`;
    const accented = /^(.+)(Hat|Bar|Tilde|Dot)$/.exec(name);
    if (accented !== null) return `\\${accented[2]!.toLowerCase()}{${this.symbol(accented[1]!)}}`;
    const indexed = /^([A-Za-z]+)_?(\d+)$/.exec(name) ?? /^([A-Za-z]+)_(\w+)$/.exec(name) ?? /^([a-z])([A-Z][a-z]+)$/.exec(name);
    if (indexed !== null) {
      const [, base, index] = indexed as unknown as [string, string, string];
      const below = /^\d/.test(index) ? index : upright(index.toLowerCase());
      return `${this.symbol(base)}_${below.length === 1 ? below : `{${below}}`}`;
    }
    return name.length === 1 ? name : upright(name);
  }

  /** The LaTeX of `node`, in parentheses if it binds looser than `level`. */
  print(node: Expression, level: number): string {
    const [text, own] = this.printed(node);
    return own < level ? parenthesized(text) : text;
  }

  private printed(node: Expression): [text: string, level: number] {
    if (node.kind === "name") return [this.symbol(node.name), ATOM];
    if (node.kind === "number") return printedNumber(node.value);
    const [a, b] = node.args as [Expression, Expression];
    switch (node.fn) {
      case "div":
        return [`\\frac{${this.print(a, CONDITIONAL)}}{${this.print(b, CONDITIONAL)}}`, ATOM - 1];
      case "pow":
        return [`${this.print(a, ATOM)}^{${this.print(b, CONDITIONAL)}}`, ATOM - 1];
      case "mul":
        if (isNegative(a)) return [product(this.print(a, SIGNED), this.print(b, 8)), SIGNED];
        return [product(this.print(a, 6), this.print(b, 8)), 6];
      case "neg":
        return [`-${this.print(a, 6)}`, SIGNED];
      case "not":
        return [`\\lnot ${this.print(a, PREFIX)}`, PREFIX];
      case "where":
        return [this.cases(node), CONDITIONAL];
      default:
        return this.operation(node);
    }
  }

  private operation(node: CallNode): [text: string, level: number] {
    const operator = binary.get(node.fn);
    if (operator !== undefined) {
      const [a, b] = node.args as [Expression, Expression];
      const right = Math.max(operator.right, operator.level === 5 ? 6 : 0);
      return [`${this.print(a, operator.left)} ${signs[node.fn] ?? operator.sign} ${this.print(b, right)}`, operator.level];
    }
    const { latex } = functions[node.fn];
    if (!latex.includes("#")) return [`${latex}${parenthesized(node.args.map((arg) => this.print(arg, CONDITIONAL)).join(", "))}`, ATOM];
    // An argument that the template fences stands bare, the others as atoms.
    const text = latex.replace(/(\{|\(|\\l\w+ )?#(\d)(\^)?/g, (_, fence = "", index, power = "") => {
      const level = fence !== "" && power === "" ? CONDITIONAL : ATOM;
      return `${fence}${this.print(node.args[Number(index) - 1]!, level)}${power}`;
    });
    return [text, /^\\(sqrt|left)/.test(latex) ? ATOM : /^(#1\^|2\^|\\frac|\\psi)/.test(latex) ? ATOM - 1 : SIGNED];
  }

  private cases(node: CallNode): string {
    const rows: string[] = [];
    let rest: Expression = node;
    while (rest.kind === "call" && rest.fn === "where") {
      const [condition, value, otherwise] = rest.args as [Expression, Expression, Expression];
      rows.push(`${this.print(value, CONDITIONAL)} & \\text{if } ${this.print(condition, CONDITIONAL)}`);
      rest = otherwise;
    }
    rows.push(`${this.print(rest, CONDITIONAL)} & \\text{otherwise}`);
    return `\\begin{cases} ${rows.join(" \\\\ ")} \\end{cases}`;
  }
}

function isNegative(node: Expression): boolean {
  return node.kind === "number" && node.value < 0;
}

function parenthesized(text: string): string {
  return `\\left(${text}\\right)`;
}

function upright(text: string): string {
  return `\\mathrm{${text.replaceAll("_", "\\_")}}`;
}

/** Two factors: side by side, with a dot before a digit and a thin space around words. */
function product(left: string, right: string): string {
  if (/^[\d.]/.test(right)) return `${left} \\cdot ${right}`;
  const word = /^\\(mathrm|operatorname)/;
  return `${left} ${word.test(right) || word.test(left) ? "\\, " : ""}${right}`;
}

function printedNumber(value: number): [text: string, level: number] {
  if (Number.isNaN(value)) return ["\\mathrm{NaN}", ATOM];
  if (value < 0 || Object.is(value, -0)) return [`-${printedNumber(-value)[0]}`, SIGNED];
  if (value === Infinity) return ["\\infty", ATOM];
  if (value === Math.PI) return ["\\pi", ATOM];
  const scientific = /^(.+)e\+?(-?\d+)$/.exec(value !== 0 && value < 1e-4 ? value.toExponential() : String(value));
  if (scientific === null) return [String(value), ATOM];
  const [, digits, exponent] = scientific as unknown as [string, string, string];
  return digits === "1" ? [`10^{${exponent}}`, 8] : [`${digits} \\times 10^{${exponent}}`, 6];
}

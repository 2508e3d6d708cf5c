import type { CallNode, Expression } from "./expression.ts";
import { type FunctionName, functions } from "./functions.ts";
import type { Line } from "./parse.ts";
import { ATOM, binaryOperators, CONDITIONAL, PREFIX } from "./operator.ts";

/** How names print, where the caller wants another symbol than the usual one: `{ lr: "\\alpha" }`. */
export type Symbols = Readonly<Record<string, string>>;

const greek = new Set(
  ("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega " +
    "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega").split(" "),
);
const usual: Symbols = { lr: "\\eta", eps: "\\epsilon", weightDecay: "\\lambda", momentum: "\\mu", dampening: "\\tau" };
const accents = new Map([["Hat", "hat"], ["Bar", "bar"], ["Tilde", "tilde"], ["Dot", "dot"], ["Prime", ""]]);

const signs: Partial<Record<FunctionName, string>> = {
  le: "\\le", ge: "\\ge", eq: "=", ne: "\\ne", and: "\\land", or: "\\lor",
};
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
    const accented = /^(.+)(Hat|Bar|Tilde|Dot|Prime)$/.exec(name);
    if (accented !== null) {
      const [, base, mark] = accented as unknown as [string, string, string];
      return mark === "Prime" ? `${this.symbol(base)}'` : `\\${accents.get(mark)}{${this.symbol(base)}}`;
    }
    const indexed = /^([A-Za-z]+)_?(\d+)$/.exec(name) ?? /^([A-Za-z]+)_(\w+)$/.exec(name) ?? /^([a-z])([A-Z][a-z]+)$/.exec(name);
    if (indexed !== null) {
      const [, base, index] = indexed as unknown as [string, string, string];
      return `${this.symbol(base)}_${/^\d$/.test(index) ? index : /^\d+$/.test(index) ? `{${index}}` : `{${upright(index.toLowerCase())}}`}`;
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
        return [product(this.print(a, 6), this.print(b, 8)), 6];
      case "neg":
        return [`-${this.print(a, 6)}`, 5.5];
      case "not":
        return [`\\lnot ${this.print(a, PREFIX)}`, PREFIX];
      case "where":
        return [this.cases(node), ATOM];
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
    if (!latex.includes("#")) return [`${latex}${parenthesized(node.args.map((arg) => this.print(arg, CONDITIONAL)).join(", "))}`, 8];
    // A template that fences its argument takes it bare; one that writes around it takes it as an atom.
    const fenced = /\{#1\}|#1 \\right/.test(latex);
    const text = latex.replace(/#(\d)/g, (_, index) => this.print(node.args[Number(index) - 1]!, fenced ? CONDITIONAL : ATOM));
    return [text, /^\\(sqrt|left)/.test(latex) ? ATOM : 6];
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
  if (value < 0 || Object.is(value, -0)) return [`-${printedNumber(-value)[0]}`, 5.5];
  if (value === Infinity) return ["\\infty", ATOM];
  if (value === Math.PI) return ["\\pi", ATOM];
  const scientific = /^(.+)e\+?(-?\d+)$/.exec(value !== 0 && value < 1e-4 ? value.toExponential() : String(value));
  if (scientific === null) return [String(value), ATOM];
  const [, digits, exponent] = scientific as unknown as [string, string, string];
  return digits === "1" ? [`10^{${exponent}}`, 8] : [`${digits} \\times 10^{${exponent}}`, 6];
}

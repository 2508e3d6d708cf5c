import { FormulaError, nearest } from "./error.ts";
import { call, type Expression, name, number } from "./expression.ts";
import { functions, isFunctionName } from "./functions.ts";
import { binaryOperators, CONDITIONAL, constants, PREFIX, prefixOperators } from "./operator.ts";
import { type Token, tokenize } from "./token.ts";

/** One assignment: the name and the expression, over the names visible at that line. */
export interface Line {
  readonly name: string;
  readonly expression: Expression;
}

const infix = new Map(binaryOperators.map((operator) => [operator.sign, operator]));

/**
 * Reads assignments, one per line or separated by `;`. A text that is one expression without `=` assigns `y`.
 * Throws FormulaError, with a caret under the place, for anything it cannot read.
 */
export function parse(source: string): Line[] {
  return new Parser(source).lines();
}

/** Reads one expression. Throws FormulaError, with a caret under the place, for anything it cannot read. */
export function parseExpression(source: string): Expression {
  return new Parser(source).whole();
}

/** Operator precedence parsing by binding levels (Pratt 1973, POPL; Richards & Whitby-Strevens 1979). */
class Parser {
  private readonly source: string;
  private readonly tokens: readonly Token[];
  private position = 0;

  constructor(source: string) {
    this.source = source;
    this.tokens = tokenize(source);
  }

  lines(): Line[] {
    const lines: Line[] = [];
    let bare: Token | undefined;
    for (this.blanks(); this.token.kind !== "end"; this.blanks()) {
      const first = this.token;
      if (bare !== undefined) throw this.error("only a formula of one line may leave out `name =`", bare);
      if (this.ahead(1).text === "=") lines.push(this.assignment());
      else {
        bare = first;
        lines.push({ name: "y", expression: this.expression() });
        if (lines.length > 1) throw this.error("expected `name = …`", first);
      }
      this.lineEnd();
    }
    if (lines.length === 0) throw this.error("empty formula", this.token);
    return lines;
  }

  whole(): Expression {
    this.blanks();
    const expression = this.expression();
    this.blanks();
    if (this.token.kind !== "end") throw this.unexpected();
    return expression;
  }

  private assignment(): Line {
    const target = this.next();
    if (target.kind !== "name") throw this.error("only a name can be assigned", target);
    if (constants.has(target.text)) throw this.error(`\`${target.text}\` is a constant and cannot be assigned`, target);
    this.expect("=");
    return { name: target.text, expression: this.expression() };
  }

  private expression(level: number = CONDITIONAL): Expression {
    let left = this.operand();
    for (;;) {
      const sign = this.token;
      if (sign.text === "?" && level <= CONDITIONAL) {
        this.next();
        const yes = this.expression();
        this.expect(":");
        left = call("where", [left, yes, this.expression()]);
        continue;
      }
      const operator = infix.get(sign.text);
      if (operator === undefined || operator.level < level) return left;
      this.next();
      left = call(operator.fn, [left, this.expression(operator.right)]);
      const chained = infix.get(this.token.text);
      if (chained?.level === operator.level && operator.left > operator.level && operator.fn !== "pow") {
        throw this.error("comparisons do not chain: write `a < b && b < c`", this.token);
      }
    }
  }

  private operand(): Expression {
    const token = this.next();
    if (Object.hasOwn(prefixOperators, token.text)) {
      const negative = token.text === "-" && this.ahead(1).text !== "**" ? this.literal(this.token) : undefined;
      if (negative === undefined) return call(prefixOperators[token.text]!, [this.expression(PREFIX)]);
      this.next();
      return number(-negative);
    }
    if (token.text === "(") {
      const inner = this.expression();
      this.expect(")");
      return inner;
    }
    if (token.kind === "name" && this.token.text === "(") return this.call(token);
    const literal = this.literal(token);
    if (literal !== undefined) return number(literal);
    if (token.kind === "name") return name(token.text);
    this.position--;
    throw this.unexpected("a number, a name or `(`");
  }

  private call(fn: Token): Expression {
    if (!isFunctionName(fn.text)) {
      const near = nearest(fn.text, Object.keys(functions));
      throw this.error(`unknown function \`${fn.text}\`${near === undefined ? "" : `, did you mean \`${near}\`?`}`, fn);
    }
    this.expect("(");
    const args: Expression[] = [];
    while (this.token.text !== ")") {
      if (args.length > 0) this.expect(",");
      args.push(this.expression());
    }
    this.next();
    const { arity } = functions[fn.text];
    if (args.length !== arity) {
      throw this.error(`\`${fn.text}\` takes ${arity} argument${arity === 1 ? "" : "s"}, got ${args.length}`, fn);
    }
    return call(fn.text, args);
  }

  private literal(token: Token): number | undefined {
    return token.kind === "number" ? Number(token.text) : token.kind === "name" ? constants.get(token.text) : undefined;
  }

  private get token(): Token {
    return this.ahead(0);
  }

  private ahead(distance: number): Token {
    return this.tokens[Math.min(this.position + distance, this.tokens.length - 1)]!;
  }

  private next(): Token {
    const token = this.token;
    this.position++;
    return token;
  }

  private expect(text: string): void {
    if (this.token.text !== text) throw this.unexpected(`\`${text}\``);
    this.next();
  }

  private blanks(): void {
    while (this.token.kind === "newline") this.next();
  }

  private lineEnd(): void {
    if (this.token.kind !== "newline" && this.token.kind !== "end") throw this.unexpected("an operator or the end of the line");
  }

  private unexpected(expected?: string): FormulaError {
    const { kind, text } = this.token;
    const found = kind === "end" ? "the end of the formula" : text === "\n" ? "the end of the line" : `\`${text}\``;
    return this.error(expected === undefined ? `unexpected ${found}` : `expected ${expected}, found ${found}`, this.token);
  }

  private error(problem: string, token: Token): FormulaError {
    return new FormulaError(problem, { source: this.source, offset: token.offset });
  }
}

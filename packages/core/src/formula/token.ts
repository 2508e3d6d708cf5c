import { FormulaError } from "./error.ts";

/** A piece of formula text and where it starts. */
export interface Token {
  readonly kind: "number" | "name" | "sign" | "newline" | "end";
  readonly text: string;
  readonly offset: number;
}

const pattern =
  /(?<blank>[^\S\n]+|#[^\n]*)|(?<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z_]\w*)|(?<sign>\*\*|&&|\|\||[<>=!]=|[-+*/<>=!?:(),])|(?<newline>[\n;])/uy;

/** Splits formula text into tokens; line ends inside parentheses do not count. Throws FormulaError at a character it does not know. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let depth = 0;
  let offset = 0;
  while (offset < source.length) {
    pattern.lastIndex = offset;
    const groups = pattern.exec(source)?.groups;
    if (groups === undefined) throw new FormulaError(`unexpected character ${JSON.stringify(source[offset])}`, { source, offset });
    const [kind, text] = Object.entries(groups).find(([, match]) => match !== undefined) as [Token["kind"] | "blank", string];
    if (text === "(") depth++;
    if (text === ")") depth--;
    if (kind !== "blank" && !(text === "\n" && depth > 0)) tokens.push({ kind, text, offset });
    offset += text.length;
  }
  tokens.push({ kind: "end", text: "", offset });
  return tokens;
}

import ts from "typescript";

/** A ```ts block of a page. */
export interface Block {
  /** Line of the page at which the code starts, from 1. */
  readonly line: number;
  readonly code: string;
  /** Words after `ts` on the fence: `no-run`, or `alone` for a block whose names end with it. */
  readonly marks: readonly string[];
}

/** What a line of a page claims to print. */
export interface Claim {
  readonly line: number;
  readonly value: string;
}

/** The ts blocks of a page, in order. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; code: string[]; marks: string[] } | undefined;
  markdown.split("\n").forEach((text, index) => {
    const fence = /^\s*```(.*)$/.exec(text);
    if (open !== undefined) {
      if (fence === null) open.code.push(text);
      else {
        blocks.push({ ...open, code: open.code.join("\n") });
        open = undefined;
      }
    } else if (fence !== null) {
      const [language, ...marks] = fence[1].trim().split(/\s+/);
      if (language === "ts") open = { line: index + 2, code: [], marks };
      else open = { line: Number.NaN, code: [], marks: ["other"] };
    }
  });
  return blocks.filter(({ marks }) => !marks.includes("other"));
}

/** `// → value` behind a statement or below it; lines of the form `//   value` below it go on. */
const arrow = /\/\/ → (.*)$/;
const further = /^\s*\/\/ {3}(.*)$/;

/** One module that runs the blocks of a page in order, and what its lines claim to print. Imports are hoisted, nothing else moves. */
export function moduleOf(blocks: readonly Block[]): { source: string; claims: Claim[] } {
  const imports = new Map<string, Set<string>>();
  const claims: Claim[] = [];
  const parts = blocks.map((block) => {
    const { body, found } = rewritten(block, imports);
    claims.push(...found);
    return block.marks.includes("alone") ? `{\n${body}\n}` : body;
  });
  const head = [...imports].map(([from, names]) => `import { ${[...names].join(", ")} } from "${from}";`);
  return { source: [`import { show as $show } from "../shown.ts";`, ...head, ...parts, "export {};", ""].join("\n"), claims };
}

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

function rewritten(block: Block, imports: Map<string, Set<string>>): { body: string; found: Claim[] } {
  const file = ts.createSourceFile("block.ts", block.code, ts.ScriptTarget.Latest, true);
  const edits: Edit[] = [];
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement)) continue;
    const bindings = statement.importClause?.namedBindings;
    if (bindings === undefined || !ts.isNamedImports(bindings)) throw new Error(`line ${block.line}: a block imports names: import { … } from "…"`);
    const from = (statement.moduleSpecifier as ts.StringLiteral).text;
    const names = imports.get(from) ?? new Set();
    imports.set(from, names);
    for (const element of bindings.elements) names.add(element.getText());
    edits.push({ at: statement.getStart(), remove: statement.getWidth(), insert: "" });
  }
  const lines = block.code.split("\n");
  const found = lines.flatMap((line, index): Claim[] => {
    const claim = arrow.exec(line);
    if (claim === null) return [];
    const value = [claim[1]];
    for (let next = index + 1; next < lines.length && further.test(lines[next]); next++) value.push(further.exec(lines[next])![1]);
    const at = block.line + index;
    edits.push(...printing(file, /^\s*\/\//.test(line) ? index - 1 : index, at));
    return [{ line: at, value: value.map((text) => text.trimEnd()).join("\n") }];
  });
  return { body: edited(block.code, edits), found };
}

/** Edits that make the statement which ends on a line show its value. */
function printing(file: ts.SourceFile, index: number, line: number): Edit[] {
  let statement: ts.Statement | undefined;
  const visit = (node: ts.Node): void => {
    const ends = file.getLineAndCharacterOfPosition(node.getEnd()).line === index;
    if (ends && (ts.isExpressionStatement(node) || ts.isVariableStatement(node))) statement = node;
    ts.forEachChild(node, visit);
  };
  visit(file);
  if (statement === undefined) throw new Error(`line ${line}: "// →" stands behind no statement that has a value`);
  const end = { at: statement.getEnd(), remove: 0 };
  if (ts.isVariableStatement(statement))
    return [{ ...end, insert: ` $show(${line}, ${statement.declarationList.declarations.map(({ name }) => name.getText()).join(", ")});` }];
  const { expression } = statement as ts.ExpressionStatement;
  if (ts.isCallExpression(expression) && expression.expression.getText() === "console.log") {
    const { arguments: given } = expression;
    return [{ at: expression.getStart(), remove: given.pos - expression.getStart(), insert: `$show(${line}, ` }];
  }
  return [
    { at: expression.getStart(), remove: 0, insert: `$show(${line}, ` },
    { at: expression.getEnd(), remove: 0, insert: ")" },
  ];
}

const edited = (code: string, edits: readonly Edit[]): string =>
  [...edits].sort((a, b) => b.at - a.at).reduce((text, { at, remove, insert }) => text.slice(0, at) + insert + text.slice(at + remove), code);

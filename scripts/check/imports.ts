import { readFileSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import ts from "typescript";
import { coreRooms, mayImport, type Room } from "./layers.ts";
import { isTest, type Package, packages, root } from "./workspace.ts";

interface Import {
  readonly from: string;
  readonly line: number;
}

/** The imports of a file that are still there at run time; `import type` is gone by then. */
function valueImports(path: string): Import[] {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const add = (specifier: ts.Expression | undefined, node: ts.Node): void => {
    if (specifier !== undefined && ts.isStringLiteral(specifier))
      found.push({ from: specifier.text, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1 });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      if (node.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword) add(node.moduleSpecifier, node);
    } else if (ts.isExportDeclaration(node)) {
      if (!node.isTypeOnly) add(node.moduleSpecifier, node);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], node);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const roomOf = (file: string): Room | undefined => coreRooms.find((room) => room.files.test(file));

/** Why a file of core may not import another one, or nothing. */
function refusal(file: string, target: string): string | undefined {
  const [own, other] = [roomOf(file), roomOf(target)];
  if (own === undefined || other === undefined) return undefined;
  if (own === other) return own.apart ? `files of "${own.name}" never import one another` : undefined;
  return coreRooms.indexOf(other) > coreRooms.indexOf(own) ? `"${own.name}" lies below "${other.name}"` : undefined;
}

/** Values of one of our packages, or of a library, that a package imports without leave. */
function foreign(item: Package, specifier: string, inTest: boolean): string | undefined {
  if (specifier.startsWith("node:")) return undefined;
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  if (name in mayImport && name !== item.name && !mayImport[item.name].includes(name))
    return `${item.name} may import ${mayImport[item.name].join(", ") || "none of our packages"}`;
  if (!inTest && !(name in item.dependencies)) return `${name} is not a dependency of ${item.name}`;
  return undefined;
}

/** Imports that point the wrong way: between packages, and between the rooms of core. */
export function wrongDirections(): { problems: string[]; seen: number } {
  const problems: string[] = [];
  let seen = 0;
  for (const item of packages()) {
    if (!(item.name in mayImport)) problems.push(`${item.name} has no row in scripts/check/layers.ts`);
    else
      for (const file of item.files) {
        if (item.name === "@gradtape/core" && !isTest(file) && roomOf(file) === undefined)
          problems.push(`packages/core/src/${file} stands in no room of scripts/check/layers.ts; give it one`);
        for (const { from, line } of valueImports(join(item.folder, "src", file))) {
          seen++;
          const why = from.startsWith(".")
            ? item.name === "@gradtape/core" && !isTest(file)
              ? refusal(file, posix.normalize(posix.join(posix.dirname(file), from)))
              : undefined
            : foreign(item, from, isTest(file));
          if (why !== undefined) problems.push(`${relative(root, join(item.folder, "src", file))}:${line} imports ${from}: ${why}`);
        }
      }
    for (const name of Object.keys(item.dependencies))
      if (name in mayImport && !mayImport[item.name]?.includes(name)) problems.push(`${item.name} must not depend on ${name}`);
  }
  return { problems, seen };
}

/** Cycles of value imports, each as the files in order; the first import that closes one is reported. */
export function cycles(): { problems: string[]; seen: number } {
  const all = packages();
  const doors = new Map(all.map((item) => [item.name, join(item.folder, "src/index.ts")]));
  const graph = new Map<string, string[]>();
  for (const item of all)
    for (const file of item.files) {
      const path = join(item.folder, "src", file);
      const targets = valueImports(path).map(({ from }) => (from.startsWith(".") ? join(dirname(path), from) : doors.get(from)));
      graph.set(
        path,
        targets.filter((target) => target !== undefined),
      );
    }
  const problems: string[] = [];
  const state = new Map<string, "open" | "done">();
  const trail: string[] = [];
  const visit = (path: string): void => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      const ring = [...trail.slice(trail.indexOf(path)), path];
      problems.push(ring.map((step) => relative(root, step)).join(" → "));
      return;
    }
    state.set(path, "open");
    trail.push(path);
    for (const target of graph.get(path) ?? []) visit(target);
    trail.pop();
    state.set(path, "done");
  };
  for (const path of graph.keys()) visit(path);
  return { problems, seen: graph.size };
}

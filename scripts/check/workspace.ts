import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of the repository. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** What the checks read of a package. */
export interface Package {
  readonly name: string;
  /** Absolute folder. */
  readonly folder: string;
  readonly dependencies: Readonly<Record<string, string>>;
  /** Where the condition "node" of its exports leads, relative to the folder. */
  readonly nodeEntries: readonly string[];
  /** TypeScript sources relative to `src`, with tests. */
  readonly files: readonly string[];
}

/** The packages that have a front door (`src/index.ts`), each after the ones that it depends on. */
export function packages(): Package[] {
  const found = readdirSync(join(root, "packages"))
    .map((name) => join(root, "packages", name))
    .filter((folder) => existsSync(join(folder, "src/index.ts")))
    .map((folder): Package => {
      const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      return {
        name: manifest.name,
        folder,
        dependencies: { ...manifest.peerDependencies, ...manifest.dependencies },
        nodeEntries: Object.values<{ readonly node?: string }>(manifest.exports).flatMap(({ node }) => (node === undefined ? [] : [node])),
        files: sourcesOf(join(folder, "src")),
      };
    });
  const sorted: Package[] = [];
  const visit = (item: Package): void => {
    if (sorted.includes(item)) return;
    for (const other of found) if (other.name in item.dependencies) visit(other);
    sorted.push(item);
  };
  for (const item of found) visit(item);
  return sorted;
}

/** TypeScript files below a folder, relative to it, without installed and built ones. */
export function sourcesOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => /\.(ts|mts|mjs)$/.test(file) && !/(^|\/)(node_modules|dist|cache|api|\.blocks)\//.test(file))
    .sort();
}

/** Whether a file is a test, and so free to import what it tests. */
export const isTest = (file: string): boolean => /\.test\.ts$/.test(file);

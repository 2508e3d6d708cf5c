import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { type Block, blocksOf, moduleOf } from "./page.ts";
import { shown } from "./shown.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(import.meta.dirname, ".blocks");

const pages = [
  "README.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .map((file) => `docs/${file.replaceAll("\\", "/")}`)
    .filter((file) => file.endsWith(".md") && !/^docs\/(api|node_modules|\.vitepress)\//.test(file)),
].map((page) => {
  const blocks = blocksOf(readFileSync(join(root, page), "utf8"));
  const run = blocks.filter(({ marks }) => !marks.includes("no-run"));
  return { page, blocks, run, path: join(folder, `${page.replaceAll(/\W+/g, "-")}.ts`) };
});
const running = pages.filter(({ run }) => run.length > 0);

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { run, path } of running) writeFileSync(path, moduleOf(run).source);
});

describe("code blocks of the documentation", () => {
  it.each(running)("$page runs and prints what it says", async ({ page, run, path }) => {
    shown.clear();
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    try {
      await import(/* @vite-ignore */ path);
    } finally {
      log.mockRestore();
    }
    const told = moduleOf(run).claims.map(({ line, value }) => `${page}:${line} ${value}`);
    const printed = moduleOf(run).claims.map(({ line }) => `${page}:${line} ${shown.get(line)?.replaceAll(/ +$/gm, "")}`);
    expect(printed).toEqual(told);
  });

  it("have the types that they use", () => {
    const config = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config;
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const program = ts.createProgram(
      running.map(({ path }) => path),
      { ...options, noUnusedLocals: false, noUnusedParameters: false },
    );
    const problems = ts.getPreEmitDiagnostics(program).filter(({ file }) => file?.fileName.startsWith(folder));
    const host = { getCanonicalFileName: (name: string) => name, getCurrentDirectory: () => folder, getNewLine: () => "\n" };
    expect(ts.formatDiagnostics(problems, host)).toBe("");
  }, 180_000);

  it("that are not run say why", () => {
    const silent = (block: Block) => block.marks.includes("no-run") && !/^\/\/ Not run here: \S/.test(block.code);
    expect(pages.flatMap(({ page, blocks }) => blocks.filter(silent).map(({ line }) => `${page}:${line}`))).toEqual([]);
  });
});

it("links between the README and the pages lead to files that exist", () => {
  const links = pages.flatMap(({ page }) => {
    const text = readFileSync(join(root, page), "utf8").replaceAll(/^```[\s\S]*?^```/gm, "");
    const targets = [...text.matchAll(/\]\(([^)#]+)(#[^)]*)?\)/g)].map(([, target]) => target);
    return targets.filter((target) => !/^[a-z]+:/.test(target)).map((target) => ({ page, target }));
  });
  const dead = links.filter(({ page, target }) => !existsSync(join(root, dirname(page), target)));
  expect(dead.map(({ page, target }) => `${page}: ${target}`)).toEqual([]);
});

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./check/workspace.ts";
import { readReference } from "./docs/reference.ts";

const docs = join(root, "docs");
const site = join(docs, ".vitepress/dist");

/** Writes the reference of every public name to docs/api. */
async function writeReference(): Promise<void> {
  rmSync(join(docs, "api"), { recursive: true, force: true });
  const { app, project, problems } = await readReference({
    plugin: ["typedoc-plugin-markdown"],
    outputs: [{ name: "markdown", path: join(docs, "api") }],
    ...markdown,
  } as Parameters<typeof readReference>[0]);
  for (const problem of problems) console.warn(`docs: ${problem}`);
  if (project === undefined) throw new Error("docs: TypeDoc could not read the packages");
  await app.generateOutputs(project);
}

/** How typedoc-plugin-markdown writes pages that VitePress reads. */
const markdown = {
  entryFileName: "index",
  router: "member",
  hidePageHeader: true,
  hideBreadcrumbs: true,
  useCodeBlocks: true,
  expandObjects: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  enumMembersFormat: "table",
  sanitizeComments: true,
};

function vitepress(...args: string[]): void {
  // Pages whose data are computed (formulas, plots) run the workspace's own source.
  const source = `--conditions=@gradtape/source --import=${pathToFileURL(join(root, "scripts/typescript.mjs"))}`;
  const env = { ...process.env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} ${source}`.trim() };
  const { status } = spawnSync(join(docs, "node_modules/.bin/vitepress"), args, {
    cwd: docs,
    env,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (status !== 0) process.exit(status ?? 1);
}

/** What the built pages would load from elsewhere: nothing, or the site does not work offline. */
function foreignLoads(): string[] {
  const loads = [
    /<(?:script|img|iframe)[^>]*\ssrc="(?:https?:)?\/\/[^"]*"/g,
    /<link[^>]*\shref="(?:https?:)?\/\/[^"]*"/g,
    /(?:@import|url\()\s*["']?(?:https?:)?\/\/[^"')]*/g,
  ];
  return readdirSync(site, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(html|css)$/.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(site, file), "utf8");
      return loads.flatMap((pattern) => (text.match(pattern) ?? []).map((load) => `${file}: ${load}`));
    });
}

const [mode = "build"] = process.argv.slice(2);
if (!["build", "dev", "api"].includes(mode)) throw new TypeError(`docs: unknown mode ${mode}; use build, dev or api`);
await writeReference();
if (mode === "dev") vitepress("dev");
if (mode === "build") {
  vitepress("build");
  const foreign = foreignLoads();
  for (const load of foreign) console.error(`docs: not offline, ${load}`);
  if (foreign.length > 0) process.exit(1);
  const pages = readdirSync(site, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".html"));
  console.log(`docs: ${pages.length} pages in docs/.vitepress/dist, nothing loaded from elsewhere`);
}
